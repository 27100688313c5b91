#include "services/disclosure/domain/masks.h"

#include <gtest/gtest.h>

namespace ttx::disclosure {
namespace {

// domain.md 8.3.
TEST(Masks, PublicForms) {
  EXPECT_EQ(MaskPersonName("张三"), "张*");
  EXPECT_EQ(MaskPersonName("张小三"), "张*三");
  EXPECT_EQ(MaskPersonName("欧阳小三"), "欧**三");
  EXPECT_EQ(MaskPersonName("阿卜杜拉·买买提"), "阿******提");
  EXPECT_EQ(MaskPersonName("张"), "*");
  EXPECT_EQ(MaskPersonName(""), "");
}

TEST(Masks, OrganizationsAreNotPersons) {
  for (const char* name : {"南京大学", "中国科学院某某研究所", "江苏某某科技有限公司", "某某生物制药厂",
                           "Acme Ltd.", "Nanjing University", "某某合伙企业（有限合伙）"}) {
    EXPECT_EQ(PublicName(name), name);
  }
  EXPECT_EQ(PublicName("张三"), "张*");
  EXPECT_EQ(PublicName("赵院"), "赵*");
  EXPECT_EQ(PublicName("阿卜杜拉·买买提"), "阿******提");
  EXPECT_EQ(PublicName("张三五金经营部"), "张*****部");  // 个体户
  EXPECT_EQ(PublicName("John Smith"), "J********h");
  EXPECT_EQ(PublicName("Vincent"), "V*****t");  // holds "inc", but not as a word
}

}  // namespace
}  // namespace ttx::disclosure
