#include "libs/rpc/validate.h"

#include <gtest/gtest.h>

#include "libs/rpc/testdata/probe.pb.h"

namespace ttx::rpc {
namespace {

using probe::v1::AddRequest;
using probe::v1::Color;
using probe::v1::Node;

void AddUnknown(google::protobuf::Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(99, 1);
}

// The one violation of a request that is refused.
FieldViolation ViolationOf(const AddRequest& request) {
  const Status status = ValidateShape(request);
  EXPECT_FALSE(status.ok()) << request.DebugString();
  if (status.ok() || status.error().violations.size() != 1) return {"none", Reason::kINTERNAL, ""};
  EXPECT_EQ(status.error().reason, Reason::kINVALID_FIELD);
  EXPECT_EQ(status.error().metadata.at("field"), status.error().violations[0].field);
  return status.error().violations[0];
}

// A request whose deepest message lies `depth` levels below it.
AddRequest Nested(int depth) {
  AddRequest request;
  Node* node = request.mutable_tree();
  for (int i = 1; i < depth; ++i) node = node->mutable_child();
  return request;
}

TEST(ValidateShape, AcceptsWhatIsDeclared) {
  AddRequest request;
  EXPECT_TRUE(ValidateShape(request).ok());
  request.set_color(probe::v1::COLOR_RED);
  request.mutable_tree()->add_children()->add_colors(probe::v1::COLOR_RED);
  (*request.mutable_colors())["x"] = probe::v1::COLOR_RED;
  (*request.mutable_labels())["x"] = "y";
  request.add_numbers(-7);
  EXPECT_TRUE(ValidateShape(request).ok());
}

TEST(ValidateShape, NamesTheUnknownField) {
  AddRequest top;
  AddUnknown(top);
  EXPECT_EQ(ViolationOf(top), (FieldViolation{"99", Reason::kUNKNOWN_FIELD, ""}));
  AddRequest nested;
  AddUnknown(*nested.mutable_tree()->mutable_child());
  EXPECT_EQ(ViolationOf(nested), (FieldViolation{"tree.child.99", Reason::kUNKNOWN_FIELD, ""}));
  AddRequest listed;
  listed.add_nodes();
  AddUnknown(*listed.add_nodes()->add_children());
  EXPECT_EQ(ViolationOf(listed), (FieldViolation{"nodes[1].children[0].99", Reason::kUNKNOWN_FIELD, ""}));
}

TEST(ValidateShape, NamesTheUnknownEnumValue) {
  const auto unknown = static_cast<Color>(7);
  AddRequest top;
  top.set_color(unknown);
  EXPECT_EQ(ViolationOf(top), (FieldViolation{"color", Reason::kUNKNOWN_VALUE, ""}));
  AddRequest nested;
  nested.mutable_tree()->mutable_child()->set_color(unknown);
  EXPECT_EQ(ViolationOf(nested), (FieldViolation{"tree.child.color", Reason::kUNKNOWN_VALUE, ""}));
  AddRequest listed;
  listed.add_nodes()->add_colors(probe::v1::COLOR_RED);
  listed.mutable_nodes(0)->add_colors(unknown);
  EXPECT_EQ(ViolationOf(listed), (FieldViolation{"nodes[0].colors[1]", Reason::kUNKNOWN_VALUE, ""}));
  AddRequest mapped;
  (*mapped.mutable_colors())["x"] = unknown;
  EXPECT_EQ(ViolationOf(mapped), (FieldViolation{"colors[0].value", Reason::kUNKNOWN_VALUE, ""}));
}

TEST(ValidateShape, BoundsTheDepth) {
  EXPECT_TRUE(ValidateShape(Nested(32)).ok());
  const FieldViolation violation = ViolationOf(Nested(33));
  EXPECT_EQ(violation.reason, Reason::kOUT_OF_RANGE);
  EXPECT_EQ(violation.limit, "depth 32");
  EXPECT_TRUE(violation.field.starts_with("tree.child.child."));
}

TEST(ValidateShape, BoundsTheLengthOfLists) {
  AddRequest request;
  for (int i = 0; i < 10'000; ++i) request.add_numbers(i);
  EXPECT_TRUE(ValidateShape(request).ok());
  request.add_numbers(1);
  EXPECT_EQ(ViolationOf(request), (FieldViolation{"numbers", Reason::kTOO_MANY, "10000"}));
}

}  // namespace
}  // namespace ttx::rpc
