#include "services/auction/replay/export_pages.h"

#include <gtest/gtest.h>

#include <memory>
#include <unordered_map>

#include "libs/core/encoding.h"
#include "libs/storage/mem_kv.h"
#include "services/auction/store/random_session.h"

namespace ttx::auction::replay {
namespace {

using testing::At;
using testing::BidderOf;
using testing::RandomSession;
using testing::SessionOf;
using testing::Yuan;

const AuctionId kId{"a1"};
const std::string kSecretsKey(32, 'k');
const std::unordered_map<std::string, std::optional<std::string>> kNothing;

// A service's store, into which decisions are saved as the app does.
class Service {
 public:
  Decision Save(Decision decision, Time now) {
    const storage::Overlay none;
    storage::Txn txn(kv, none, kNothing, now, storage::LastSequence(kv) + 1);
    SaveDecision(txn, vault, LoadAuction(txn, vault, decision.next.id()), decision);
    storage::WriteBatch batch;
    for (const auto& [key, value] : txn.staged()) value ? batch.Put(key, *value) : batch.Delete(key);
    EXPECT_TRUE(kv.Write(batch).ok());
    return decision;
  }
  template <class Command>
  Decision Run(const Command& command, Time now) {
    return Save(Decide(LoadAuction(kv, vault, kId)->auction, command, now), now);
  }
  void Bid(const std::string& code, Fen price, Time now) {
    PlaceBid bid;
    bid.bidder = BidderOf(code);
    bid.organization = bid.bidder->organization;
    bid.price = price;
    bid.confirm = true;
    Run(bid, now);
  }

  std::string Whole() const {
    std::string file;
    SessionWriter writer([&](const std::string& line) { file += line; });
    EXPECT_TRUE(ExportSession(kv, kSecretsKey, kId, writer).ok());
    return file;
  }

  storage::MemKv kv;
  const Vault vault{kSecretsKey};
};

// All pages after one another; `forget` after each what was known of the ones before.
std::string InPages(const Service& service, size_t max_lines, bool forget = false, int* calls = nullptr) {
  auto pages = std::make_unique<ExportPages>(service.vault);
  std::string file;
  std::string next;
  do {
    if (forget) pages = std::make_unique<ExportPages>(service.vault);
    const Result<ExportPage> page = pages->Read(service.kv, kId, next, max_lines);
    EXPECT_TRUE(page.ok());
    if (!page.ok()) break;
    EXPECT_LE(page->lines.size(), max_lines);
    for (const std::string& line : page->lines) file += line + "\n";
    next = page->next;
    if (calls != nullptr) ++*calls;
  } while (!next.empty());
  return file;
}

// A closed session of 2 bidders who outbid each other `count` times.
std::unique_ptr<Service> Bids(int count) {
  auto service = std::make_unique<Service>();
  ScheduleAuction schedule = SessionOf(Mode::kMulti, Yuan(1'000), Yuan(10));
  schedule.rules.max_steps_per_bid = 0;
  service->Save(Decide(schedule, At(8, 0)).value(), At(8, 0));
  for (int i = 0; i < count; ++i) {
    service->Bid(i % 2 == 0 ? "B01" : "B02", Yuan(1'000 + 10 * i), At(9, 0) + Milliseconds(i + 1));
  }
  service->Run(Advance{}, At(20, 0));
  return service;
}

Reason RefusalOf(const Service& service, const std::string& token) {
  const Result<ExportPage> page = ExportPages(service.vault).Read(service.kv, kId, token, 10);
  EXPECT_FALSE(page.ok()) << token;
  if (page.ok()) return Reason::kINTERNAL;
  EXPECT_EQ(page.error().violations.at(0).field, "page_token") << token;
  return page.error().violations.at(0).reason;
}

TEST(ExportPagesTest, ThePagesOfASessionOfAnyModeAreItsExport) {
  for (const Mode mode : {Mode::kMulti, Mode::kDynamic, Mode::kEnglish, Mode::kDutch, Mode::kSealed,
                          Mode::kWeighted, Mode::kTender}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE(std::to_string(static_cast<int>(mode)) + " seed " + std::to_string(seed));
      Service service;
      RandomSession session(seed, mode);
      service.Save(Decide(session.Schedule(), At(8, 0)).value(), At(8, 0));
      Time now = At(8, 30);
      for (int step = 0; step < 100; ++step) {
        now = now + Seconds(1 + static_cast<int64_t>(session.Below(90)));
        session.Step(LoadAuction(service.kv, service.vault, kId)->auction, now,
                     [&](const auto& command) { return service.Run(command, now); });
      }
      std::string whole;
      SessionWriter writer([&](const std::string& line) { whole += line; });
      const Status told = ExportSession(service.kv, kSecretsKey, kId, writer);
      if (!told.ok()) {
        EXPECT_EQ(told.error().reason, Reason::kWRONG_STATE) << "proxies of a session that is not over";
        EXPECT_EQ(ExportPages(service.vault).Read(service.kv, kId, "", 10).error().reason, Reason::kWRONG_STATE);
        continue;
      }
      for (const size_t max_lines : {1, 7, 2000}) EXPECT_EQ(InPages(service, max_lines), whole);
      EXPECT_EQ(InPages(service, 3, /*forget=*/true), whole) << "whatever the server has forgotten";
    }
  }
}

TEST(ExportPagesTest, EachPageOfALongSessionLooksAtABoundedPartOfIt) {
  const int bids = static_cast<int>(2 * ExportPages::kMaxEvents) + 500;
  const auto service = Bids(bids);
  const std::string whole = service->Whole();
  int calls = 0;
  EXPECT_EQ(InPages(*service, ExportPages::kMaxLines, false, &calls), whole);
  EXPECT_LE(calls, 3 + (2 * bids + 20) / static_cast<int>(ExportPages::kMaxLines) + 2) << "no page is sought twice";
  const Result<ExportPage> first = ExportPages(service->vault).Read(service->kv, kId, "", 10);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->lines.empty()) << "what the whole session tells is not known yet";
  EXPECT_FALSE(first->next.empty());
}

TEST(ExportPagesTest, WhatHappensAfterTheFirstPageIsNotInTheOthers) {
  const auto service = Bids(20);
  const std::string whole = service->Whole();
  const ExportPages pages(service->vault);
  ExportPage page = pages.Read(service->kv, kId, "", 10).value();
  std::string file;
  for (int late = 1;; ++late) {
    for (const std::string& line : page.lines) file += line + "\n";
    if (page.next.empty()) break;
    service->Bid("B02", Yuan(9'000), At(20, late));
    page = pages.Read(service->kv, kId, page.next, 10).value();
  }
  EXPECT_EQ(file, whole);
  EXPECT_NE(service->Whole(), whole) << "a refused bid is part of the record";
}

TEST(ExportPagesTest, TokensThatWereNotGivenAreRefused) {
  const auto service = Bids(5);
  const std::string last = std::to_string(LastSessionEvent(service->kv, kId));
  for (const std::string& token : std::vector<std::string>{"x", last, last + ".1", Base64Url(last + ".1"),
                                                           std::string(70, 'A'), std::string(70'000, 'A')}) {
    EXPECT_EQ(RefusalOf(*service, token), Reason::kBAD_FORMAT) << token;
  }
  const std::string given = ExportPages(service->vault).Read(service->kv, kId, "", 3)->next;
  ASSERT_TRUE(ExportPages(service->vault).Read(service->kv, kId, given, 3).ok()) << "also after a restart";
  for (size_t i = 0; i < given.size(); ++i) {
    std::string altered = given;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(RefusalOf(*service, altered), Reason::kBAD_FORMAT) << i;
  }
  EXPECT_EQ(RefusalOf(*service, given.substr(0, given.size() - 4)), Reason::kBAD_FORMAT);
  const Vault theirs(std::string(32, 'f'));
  const std::string foreign = theirs.SealToken(kId, "export", std::string(16, '\0'));
  EXPECT_EQ(RefusalOf(*service, foreign), Reason::kBAD_FORMAT) << "of another installation";
}

TEST(ExportPagesTest, ATokenTellsNoPlaceInTheLogAndServesItsSessionOnly) {
  const auto service = Bids(1200);  // more than 1000 events lie between the ends of the two
  const AuctionId other{"a2"};
  ScheduleAuction schedule = SessionOf(Mode::kMulti, Yuan(1'000), Yuan(10));
  schedule.id = other;
  service->Save(Decide(schedule, At(20, 1)).value(), At(20, 1));
  const ExportPages pages(service->vault);
  const std::string first = pages.Read(service->kv, kId, "", 1)->next;
  const std::string second = pages.Read(service->kv, other, "", 1)->next;
  const std::string again = pages.Read(service->kv, other, "", 1)->next;
  EXPECT_NE(second, again) << "equal places have tokens that differ";
  EXPECT_EQ(first.size(), second.size());
  for (const auto& [token, id] : {std::pair(first, kId), {second, other}}) {
    const std::string number = std::to_string(LastSessionEvent(service->kv, id));
    EXPECT_EQ(token.find(number), token.npos);
    EXPECT_EQ(FromBase64Url(token)->find(number), token.npos);
  }
  EXPECT_EQ(RefusalOf(*service, second), Reason::kBAD_FORMAT);
  const Result<ExportPage> page = pages.Read(service->kv, other, first, 1);
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().violations.at(0).field, "page_token");
  EXPECT_TRUE(pages.Read(service->kv, other, second, 1).ok());
}

}  // namespace
}  // namespace ttx::auction::replay
