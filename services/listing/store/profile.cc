#include "services/listing/store/profile.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <map>
#include <string>

#include "services/listing/domain/limits.h"
#include "services/listing/store/record.pb.h"

namespace ttx::listing {
namespace {

Error Bad(std::string detail) { return Error(Reason::kBAD_PROFILE, {{"detail", std::move(detail)}}); }

// Keeps the first complaint of the parser instead of logging it.
class Complaints : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int, const std::string& message) override {
    if (first_.empty()) first_ = "line " + std::to_string(line + 1) + ": " + message;
  }
  const std::string& first() const { return first_; }

 private:
  std::string first_;
};

struct Slot {
  int32_t* value;
  int64_t min;
  int64_t max;
};

// domain.md 4.1 and 4.5: what a profile says, and where it goes.
std::map<std::string, Slot> Slots(RuleProfile& profile) {
  constexpr int64_t kDays = 250;
  constexpr int64_t kNoticeDays = 20;  // well within kMaxBiddingNotice
  constexpr int64_t kWhole = 1'000'000;
  return {
      {"project_digit", {&profile.project_digit, 1, 9}},
      {"disclosure_workdays_min", {&profile.disclosure_workdays_min, 1, kDays}},
      {"disclosure_workdays_default", {&profile.disclosure_workdays_default, 1, kDays}},
      {"relisting_workdays_min", {&profile.relisting_workdays_min, 1, kDays}},
      {"relisting_of_first_ppm", {&profile.relisting_of_first.value, 0, kWhole}},
      {"extension_workdays_min", {&profile.extension_workdays_min, 1, kDays}},
      {"extension_workdays_default", {&profile.extension_workdays_default, 1, kDays}},
      {"extension_cycles_max", {&profile.extension_cycles_max, 0, 100}},
      {"redo_process_months", {&profile.redo_process_months, 1, 120}},
      {"resume_workdays_min", {&profile.resume_workdays_min, 1, kDays}},
      {"suspension_days_max", {&profile.suspension_days_max, 1, 366}},
      {"deposit_cap_ppm", {&profile.deposit_cap.value, 1, kWhole}},
      {"deposit_default_ppm", {&profile.deposit_default.value, 1, kWhole}},
      {"deposit_workdays", {&profile.deposit_workdays, 1, kDays}},
      {"opinion_workdays", {&profile.opinion_workdays, 1, kDays}},
      {"owner_reply_workdays", {&profile.owner_reply_workdays, 1, kDays}},
      {"dispute_workdays", {&profile.dispute_workdays, 1, kDays}},
      {"quote_workdays", {&profile.quote_workdays, 1, kDays}},
      {"single_bidder_rule", {&profile.single_bidder_rule, 0, kQuoteRule}},
      {"bidding_notice_workdays_min", {&profile.bidding_notice_workdays_min, 0, kNoticeDays}},
      {"free_period_seconds_min", {&profile.free_period_seconds_min, 1, kMaxFreePeriod.ns / Seconds(1).ns}},
      {"cycle_seconds_min", {&profile.cycle_seconds_min, 1, kMaxCycle.ns / Seconds(1).ns}},
      {"result_notice_workdays", {&profile.result_notice_workdays, 1, kDays}},
      {"price_cut_rule", {&profile.price_cut_rule, 0, 2}},
      {"priority_notice_days", {&profile.priority_notice_days, 0, kDays}},
      {"priority_public_notice_days", {&profile.priority_public_notice_days, 0, kDays}},
  };
}

}  // namespace

Result<RuleProfile> ParseRuleProfile(std::string_view text) {
  store::RuleProfileText parsed;
  Complaints complaints;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&complaints);
  if (!parser.ParseFromString(std::string(text), &parsed)) return Bad(complaints.first());
  RuleProfile profile;
  profile.name = parsed.profile();
  profile.version = parsed.version();
  if (profile.name.empty() || profile.version < 1) return Bad("profile and version are required");
  const Result<Date> effective = ParseDate(parsed.effective_from(), "effective_from");
  if (!effective.ok()) return Bad("effective_from is not a date");
  profile.effective_from = *effective;
  std::map<std::string, Slot> open = Slots(profile);
  for (const auto& row : parsed.row()) {
    const auto slot = open.find(row.key());
    if (slot == open.end()) return Bad("unknown or repeated key " + row.key());
    if (row.value() < slot->second.min || row.value() > slot->second.max)
      return Bad(row.key() + " is out of range");
    if (row.source().empty()) return Bad(row.key() + " has no source");
    *slot->second.value = static_cast<int32_t>(row.value());
    open.erase(slot);
  }
  if (!open.empty()) return Bad(open.begin()->first + " is missing");
  if (profile.deposit_default > profile.deposit_cap)
    return Bad("deposit_default_ppm is above deposit_cap_ppm");
  if (profile.disclosure_workdays_default < profile.disclosure_workdays_min) {
    return Bad("disclosure_workdays_default is below disclosure_workdays_min");
  }
  return profile;
}

}  // namespace ttx::listing
