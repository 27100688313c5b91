#include "gateway/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <set>

#include "gateway/comments.h"
#include "gateway/testdata/notes.pb.h"
#include "gateway/testdata/notes_descriptors.h"
#include "gateway/transcode/router.h"

namespace ttx::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

rapidjson::Document Document(const OpenApiSource& source) {
  notes::v1::Note::descriptor();  // its file is linked
  const auto router = Router::Build({"ttx.notes.v1.NoteService"});
  EXPECT_TRUE(router.ok());
  rapidjson::Document json;
  json.Parse<rapidjson::kParseValidateEncodingFlag>(MakeOpenApi(*router, source).c_str());
  EXPECT_FALSE(json.HasParseError());
  return json;
}

rapidjson::Document Described() { return Document({.descriptors = notes::v1::Descriptors()}); }

std::vector<std::string> ParametersIn(const rapidjson::Value& operation, std::string_view where) {
  std::vector<std::string> names;
  for (const auto& parameter : operation["parameters"].GetArray()) {
    if (parameter["in"].GetString() == where) names.emplace_back(parameter["name"].GetString());
  }
  return names;
}

TEST(OpenApiTest, OperationsSayWhatTheProtoSays) {
  const rapidjson::Document json = Described();
  const auto& close = json["paths"]["/v1/notes/{note}:close"]["post"];
  EXPECT_STREQ(close["summary"].GetString(), "Writes; the body is the whole request; a verb of its own");
  EXPECT_THAT(close["description"].GetString(),
              StartsWith("Writes; the body is the whole request; a verb of its own. OPEN becomes CLOSED.\n\n"
                         "Reasons: NOT_FOUND, WRONG_STATE."));
  for (const auto& path : json["paths"].GetObject()) {
    for (const auto& operation : path.value.GetObject()) {
      EXPECT_GT(operation.value["summary"].GetStringLength(), 0u) << path.name.GetString();
    }
  }
  EXPECT_THAT(json["tags"][0]["description"].GetString(), HasSubstr("the gateway's own tests"));
}

TEST(OpenApiTest, EveryWriteAndNothingElseStatesTheRuleForKeys) {
  for (const OpenApiSource& source :
       {OpenApiSource{}, OpenApiSource{.descriptors = notes::v1::Descriptors()}}) {
    int writes = 0;
    const rapidjson::Document json = Document(source);
    for (const auto& path : json["paths"].GetObject()) {
      for (const auto& operation : path.value.GetObject()) {
        const bool write = operation.name != "get";
        const char* text =
            operation.value.HasMember("description") ? operation.value["description"].GetString() : "";
        EXPECT_EQ(std::string_view(text).find("`Idempotency-Key`") != std::string_view::npos, write)
            << path.name.GetString() << ": " << text;
        writes += write;
      }
    }
    EXPECT_EQ(writes, 3);
  }
}

TEST(OpenApiTest, SchemasSayWhatFieldsAndValuesMean) {
  const rapidjson::Document json = Described();
  const auto& schemas = json["components"]["schemas"];
  const auto& note = schemas["ttx.notes.v1.Note"];
  EXPECT_STREQ(note["description"].GetString(), "What somebody wrote down.");
  EXPECT_STREQ(note["properties"]["title"]["description"].GetString(),
               "What it is called. Shown in lists, in one line.");
  EXPECT_FALSE(note["properties"]["name"].HasMember("description"));
  EXPECT_STREQ(schemas["ttx.notes.v1.State"]["description"].GetString(),
               "Where a note is in its life.\n- `OPEN`: May be changed.");
  EXPECT_STREQ(note["properties"]["state"]["$ref"].GetString(), "#/components/schemas/ttx.notes.v1.State");
}

TEST(OpenApiTest, PathParametersAreNamedAfterTheirResource) {
  const rapidjson::Document json = Described();
  const auto& paths = json["paths"];
  ASSERT_TRUE(paths["/v1/notes/{note}"].HasMember("get"));
  ASSERT_TRUE(paths["/v1/notes/{note}"].HasMember("patch")) << "one path has one name";
  EXPECT_THAT(ParametersIn(paths["/v1/notes/{note}"]["patch"], "path"), ElementsAre("note"));
  EXPECT_STREQ(paths["/v1/notes/{note}"]["patch"]["parameters"][0]["description"].GetString(),
               "Its id in `notes/{note}`, the `note.name` of the request.");
  const auto& nested = paths["/v1/notes/{note}/lines/{line}"]["get"];
  EXPECT_THAT(ParametersIn(nested, "path"), ElementsAre("note", "line"));
  EXPECT_STREQ(nested["parameters"][1]["description"].GetString(),
               "Its id in `notes/{note}/lines/{line}`, the `name` of the request.");
}

TEST(OpenApiTest, OperationIdsAreUnique) {
  std::set<std::string> ids;
  const rapidjson::Document json = Described();
  for (const auto& path : json["paths"].GetObject()) {
    for (const auto& operation : path.value.GetObject()) {
      EXPECT_TRUE(ids.insert(operation.value["operationId"].GetString()).second) << path.name.GetString();
    }
  }
  EXPECT_TRUE(ids.contains("ttx.notes.v1.NoteService/StreamNotes"));
}

TEST(OpenApiTest, TheServerIsTheOneThatIsKnown) {
  EXPECT_STREQ(Document({})["servers"][0]["url"].GetString(), "/");
  EXPECT_STREQ(Document({.server_url = "https://ttx.test"})["servers"][0]["url"].GetString(),
               "https://ttx.test");
}

TEST(CommentsTest, TheFirstSentenceEndsAtItsFullStop) {
  EXPECT_EQ(FirstSentence("Opens it. Then more."), "Opens it");
  EXPECT_EQ(FirstSentence("Price 1.5 of domain.md 5.2"), "Price 1.5 of domain.md 5.2");
  EXPECT_EQ(FirstSentence("Places (art. 36), e.g. one. Then more."), "Places (art. 36), e.g. one");
  EXPECT_EQ(FirstSentence("One.\n\nTwo."), "One");
  EXPECT_EQ(FirstSentence("No stop\n\nTwo."), "No stop");
  EXPECT_EQ(FirstSentence(""), "");
}

TEST(CommentsTest, DescriptorsThatCannotBeReadHaveNoComments) {
  EXPECT_EQ(Comments("\xff\xff").Of("ttx.notes.v1.Note"), "");
  EXPECT_EQ(Comments(notes::v1::Descriptors()).Of("ttx.notes.v1.Note"), "What somebody wrote down.");
}

}  // namespace
}  // namespace ttx::gateway
