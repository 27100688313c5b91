#include "libs/core/canonical_json.h"

#include <gtest/gtest.h>

namespace ttx {
namespace {

TEST(CanonicalJson, EscapesOnlyWhatJsonDemands) {
  EXPECT_EQ(JsonText("a\"b\\c/d\n\t\b\f\r\x01\x1f中文\x7f"),
            "\"a\\\"b\\\\c/d\\n\\t\\b\\f\\r\\u0001\\u001f中文\x7f\"");
  EXPECT_EQ(JsonText(std::string_view("\0", 1)), "\"\\u0000\"");
}

TEST(CanonicalJson, ArraysKeepTheirOrderAndObjectsSortTheirMembers) {
  EXPECT_EQ(JsonArray({}), "[]");
  EXPECT_EQ(JsonArray({"2", "1"}), "[2,1]");
  EXPECT_EQ(JsonObject({}), "{}");
  EXPECT_EQ(JsonObject({{"b", "1"}, {"a", "[]"}, {"B", "{}"}}), R"({"B":{},"a":[],"b":1})");
}

}  // namespace
}  // namespace ttx
