#pragma once

#include <string>
#include <string_view>

namespace ttx::disclosure {

/// The public forms of personal data (domain.md 8.3). All take UTF-8 and never show more of a short value
/// than of a long one: what is too short to keep its ends is masked as a whole.

/// 张三 -> 张*, 张小三 -> 张*三, longer names keep the first and the last character.
std::string MaskPersonName(std::string_view name);
/// 18 symbols -> the first 3 and the last 4. For internal views; an identity number is never published.
std::string MaskIdNumber(std::string_view number);
/// 13812345678 -> 138****5678.
std::string MaskMobile(std::string_view number);
/// alice@example.com -> a***@example.com; "***" when it is no address.
std::string MaskEmail(std::string_view address);
/// The last 4 digits behind four stars.
std::string MaskBankAccount(std::string_view number);
/// Down to the county (区, 县, 旗, or a city below a prefecture): 江苏省南京市玄武区某路1号 ->
/// 江苏省南京市玄武区.
std::string MaskAddress(std::string_view address);

/// Whether a name is that of an organisation rather than of a natural person or a household business. In
/// doubt it is not: then it is masked.
bool IsOrganizationName(std::string_view name);
/// The name as the public may see it: organisations in full, anybody else masked.
std::string PublicName(std::string_view name);

}  // namespace ttx::disclosure
