"""The mistakes on show: each a line of the code, what somebody might write instead, and the test that notices."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutation:
    """`line` stands once in `file`; `test` is a filter for the tests of `program`."""

    name: str
    file: str
    line: str
    broken: str
    program: str
    test: str


def engine(name, file, line, broken, test):
    return Mutation(name, f"services/auction/domain/{file}", line, broken, "ttx_auction_domain_test", test)


def auction(name, file, line, broken, test):
    return Mutation(name, f"services/auction/{file}", line, broken, "ttx_auction_test", test)


def replay(name, file, line, broken, test):
    return Mutation(name, f"services/auction/replay/{file}", line, broken, "ttx_auction_replay_test", test)


def listing(name, file, line, broken, test):
    return Mutation(name, f"services/listing/domain/{file}", line, broken, "ttx_listing_domain_test", test)


def storage(name, file, line, broken, test):
    return Mutation(name, f"libs/storage/{file}", line, broken, "ttx_storage_test", test)


MUTATIONS = [
    engine("close: the last instant belongs to the phase", "auction.cc",
           "recorder.state().phase_end <= until) EndPhase",
           "recorder.state().phase_end < until) EndPhase", "Multi.TheClosingInstantIsHalfOpenToTheNanosecond"),
    engine("start: a bid at the start price is too low", "bidding.cc", "if (command.price < rules.start_price)",
           "if (command.price <= rules.start_price)", "Multi.Section5_3"),
    engine("ladder: any price is a multiple", "bidding.cc", "if (!IsMultiple(rules, current, command.price))",
           "if (false && !IsMultiple(rules, current, command.price))", "Multi.Section5_3"),
    engine("bids: an equal price leads", "bidding.cc", "if (current && command.price <= *current &&",
           "if (current && command.price < *current &&", "PlaceBid.EveryRefusalInItsOrderOfPrecedence"),
    engine("bids: the leader outbids itself", "bidding.cc", "if (!rules.self_outbid && auction.leading",
           "if (rules.self_outbid && auction.leading", "Multi.Section5_3"),
    engine("bids: no guard against a slip of the finger", "bidding.cc",
           "if (!command.confirm && RisesTooFar(rules, base",
           "if (command.confirm && RisesTooFar(rules, base", "PlaceBid.EveryRefusalInItsOrderOfPrecedence"),
    engine("bids: somebody else's code", "bidding.cc", "if (!claimed_code.empty() && claimed_code != bidder->code)",
           "if (claimed_code.empty() && claimed_code != bidder->code)", "PlaceBid.EveryRefusalInItsOrderOfPrecedence"),
    engine("extension: a rejected bid moves the end", "apply.cc", "void Applied(Auction&, const BidRefused&, Time) {}",
           "void Applied(Auction& state, const BidRefused&, Time) { state.phase_end = state.phase_end + Minutes(5); }",
           "English.ARejectedBidMovesNothing"),
    engine("MULTI: a bid does not start the cycle anew", "multi.cc", "return std::max(end, bid_time + rules.cycle);",
           "return std::max(end, bid_time + rules.cycle - Nanoseconds(1));", "Multi.Section5_3"),
    engine("MULTI: two bidders are not asked for", "multi.cc",
           "    case LimitedEntry::kIfTwoBidders:\n      return auction.rival.has_value();",
           "    case LimitedEntry::kIfTwoBidders:\n      return auction.leading.has_value();",
           "Multi.EntryIntoLimitedBidding"),
    engine("ENGLISH: every bid moves the end", "english.cc", "end - bid_time <= rules.cycle",
           "end - bid_time <= rules.cycle + rules.cycle", "English.Section5_7"),
    engine("DUTCH: the price falls a step too early", "dutch.cc",
           "(now - begun).ns / auction.rules().dutch.interval.ns);",
           "(now - begun).ns / auction.rules().dutch.interval.ns + 1);", "Dutch.Section5_7"),
    Mutation("DUTCH: each step is rounded down", "libs/bidding/dutch.cc", "(exact + kWhole / 2) / kWhole",
             "exact / kWhole", "ttx_auction_domain_test", "Dutch.HalfAFenOfAStepIsAWholeOne"),
    engine("DUTCH: any price is taken", "dutch.cc", "if (price != CurrentDutchPrice(auction, now))",
           "if (price > CurrentDutchPrice(auction, now) + price)", "Dutch.OnlyTheCurrentPriceIsAccepted"),
    engine("CAP: a bid at the cap is above it", "bidding.cc", "if (rules.cap && command.price > *rules.cap)",
           "if (rules.cap && command.price >= *rules.cap)", "Cap.Section5_7_EndAtCap"),
    engine("lot: bytes are weighed wrongly", "draw.cc", "remainder * 256 +", "remainder * 255 +",
           "Cap.TheDigestIsOneNumberOfAllItsBytes"),
    engine("reserve: the reserve price itself is too low", "closing.cc", "auction.leading->price < reserve->price",
           "auction.leading->price <= reserve->price", "Multi.*:Sealed.*:Priority.*"),
    engine("P1: a holder of equal rank may match", "priority.cc", "(other == 0 || rank < other)",
           "(other == 0 || rank <= other)", "Priority.P1BetweenHoldersTheHigherRankWinsAndTheEarlierOfEqualOnes"),
    engine("P2: the same rank is asked again", "priority.cc", "if (holder.rank <= auction.exercise.rank ||",
           "if (holder.rank < auction.exercise.rank ||", "Priority.P2SilenceIsAWaiverAndRanksAreAskedInOrder"),
    engine("P2: anybody may raise", "priority.cc", "if (code != auction.exercise.displaced)",
           "if (code == auction.leading->code)", "Priority.*"),
    engine("portions: the odd fen is lost", "priority.cc", "for (int64_t i = 0; i < left; ++i)",
           "for (int64_t i = 1; i < left; ++i)", "Priority.PortionsAddUpToTheWhole"),
    engine("proxy: it pays its maximum at once", "proxy.cc", "return std::min(maximum, NextPrice(auction.rules(), ",
           "return std::max(maximum, NextPrice(auction.rules(), ", "Proxy.TwoMaximaMeetOneStepAboveTheLower"),
    engine("proxy: its owner loses a tie", "proxy.cc", "auction.proxy->maximum == price;",
           "auction.proxy->maximum == price + Fen{1};", "Proxy.TheMaximumItselfBelongsToWhoNamedItFirst"),
    engine("suspension: one person is enough", "suspension.cc", "if (pending.person == command.person)",
           "if (pending.person != pending.person)", "Suspension.TakesTwoPersonsAndAPublishedReason"),
    engine("suspension: the end comes without a cycle", "suspension.cc",
           "now + std::max(auction.remaining, LeastLeft(auction.rules()))", "now + auction.remaining",
           "Suspension.ContinueGivesWhatWasLeftButAtLeastACycle"),
    engine("default: one person is enough", "suspension.cc", "if (pending.person == command.person)",
           "if (pending.act != Act::kDeclareDefault && pending.person == command.person)",
           "Default.TakesTwoPersonsAndWordsForTheRecord"),
    engine("default: bids at the start of the phase stay", "apply.cc", "event.base_leading, event.base_rival};",
           "state.phase_base->leading, event.base_rival};", "DefaultRestart.ARestartBringsNoVoidBidBack"),
    engine("default: a bid that a restart voided leads", "default.cc",
           "!IsBarred(auction_, bid.code) && !IsVoid(auction_, bid.number)", "!IsBarred(auction_, bid.code)",
           "DefaultRestart.VoidedBidsDoNotLeadAgain"),
    engine("default: no time to outbid who leads now", "default.cc", "recorder.now() + auction.rules().cycle);",
           "recorder.now());", "DefaultRising.TheOthersHaveAtLeastACycle"),
    engine("objection: a session goes on while it is open", "suspension.cc",
           "if (auction.objected) return ObjectionOpen(auction);", "", "Objection.*:States.AnOpenObjection*"),
    engine("objection: what was planned still holds", "suspension.cc", "} else if (auction.phase_end) {",
           "} else if (!auction.phase_end) {", "Objection.StopsWhatWasPlannedOrWaitsForASecondPerson"),
    engine("listing: its end leaves a suspended session", "suspension.cc",
           "if (recorder.state().state != State::kClosed) CloseWithout(",
           "if (IsTimed(recorder.state().state)) CloseWithout(",
           "States.AnEndedListingAnnulsItsSessionWhereverItStands"),
    engine("SEALED: a second envelope replaces the first", "sealed.cc", "if (command.submitted >= limit)",
           "if (command.submitted > limit)", "Sealed.EnvelopesAreTakenOnlyAsTheRulesSay"),
    engine("SEALED: the later of equal prices wins", "sealed.cc",
           "return a.time != b.time ? a.time < b.time : a.number",
           "return a.time != b.time ? a.time > b.time : a.number", "Sealed.Section5_5_TieGoesToTheEarlier"),
    engine("opening: one share less will do", "sealed.cc",
           "return std::popcount(auction.envelopes.holders) >= ",
           "return std::popcount(auction.envelopes.holders) + 1 >= ",
           "Opening.NotBeforeTheEndNotByOnePersonNotWithoutShares"),
    engine("opening: an envelope is left out", "sealed.cc",
           "codes.size() == static_cast<size_t>(auction.envelopes.count)",
           "codes.size() <= static_cast<size_t>(auction.envelopes.count)", "Sealed.*:Opening.*"),
    engine("WEIGHTED: scores are rounded down", "weighted.cc", "return RoundHalfUp(sum, kWhole);",
           "return static_cast<int64_t>(sum / kWhole);", "Weighted.*"),
    engine("WEIGHTED: the highest price counts though invalid", "weighted.cc",
           "if (!bid.invalid) highest = std::max(highest, bid.bid.price);",
           "highest = std::max(highest, bid.bid.price);", "Weighted.AnInvalidPriceIsNotTheHighest"),
    engine("TENDER: seven members keep their extremes", "tender.cc", "points.size() >= kDropExtremesFrom",
           "points.size() > kDropExtremesFrom", "Tender.FromSevenMembersOnTheExtremesAreDropped"),
    engine("TENDER: an even committee", "tender.cc", " || members % 2 == 0)", ")",
           "Tender.TheCommitteeIsOddAtLeastFiveAndMostlyExperts"),
    auction("numbers: envelopes move them", "store/auction_store.cc", "stored.first_released == 0 &&",
            "stored.first_released > 0 &&", "NumberingTest.StreamsTellNothingOfHowManyEnvelopesThereAre"),
    auction("numbers: what was held back never comes", "store/auction_store.cc", "  ReleaseHeld(after);",
            "  if (!before) ReleaseHeld(after);", "NumberingTest.WhoGoesOnAfterTheLastNumberMissesNothing"),
    auction("log: its hash moves after the close", "store/auction_store.cc", "!line.empty() && !was_closed;",
            "!line.empty() && (!was_closed || was_closed);", "DefaultTest.ADefaultTakesTwoPersonsAndIsToldToConsumers"),
    auction("shares: a part makes the whole", "app/envelopes.cc", "whole.lines.size() == digests.size()",
            "whole.lines.size() >= part.lines.size()", "SharesTest.AHolderHasHandedInWhenItsPartsNameEveryEnvelope"),
    Mutation("shares: the last part is what is left", "libs/sealed/share_report.cc",
             "total / count + (i < total % count ? 1 : 0)", "std::min(kMaxPartLines, total - i * kMaxPartLines)",
             "ttx_auction_test", "SharesTest.ThePartsAHolderIsGivenAreTakenInAnyOrder"),
    Mutation("shares: a part contradicts another", "libs/sealed/share_report.cc", "if (earlier->value != line.value) {",
             "if (!earlier->value && line.value) {", "ttx_sealed_test",
             "*ReportsOf.APartThatContradictsOrOverlapsIsRefused*"),
    Mutation("export: a running session is everybody's", "services/auction/app/queries.cc",
             "(has_secrets || !IsStaff(auction, caller))", "(has_secrets && !IsStaff(auction, caller))",
             "ttx_auction_module_test", "ServiceTest.BeforeTheCloseStaffExportWhatIsNotSecret"),
    replay("export: a maximum is told that was not reached", "exporter.cc", "facts_.maxima.emplace_back();",
           "facts_.maxima.emplace_back(set->maximum);", "SessionTest.AProxyIsExportedWithoutItsMaximum"),
    replay("export: pages overlap by a line", "export_pages.cc", "if (place.lines <= name.lines) continue;",
           "if (place.lines < name.lines) continue;", "ExportPagesTest.ThePagesOfASessionOfAnyModeAreItsExport"),
    Mutation("sealer: its counter does not count", "libs/crypto/sealer.cc", "number = ++sealed_;",
             "number = sealed_ + 1;", "ttx_crypto_test", "SealerTest.NoTwoValuesLookAlike"),
    Mutation("answers: methods share their request ids", "libs/rpc/answer_vault.cc", ".append(method).append(",
             ".append(method.substr(0, 0)).append(", "ttx_rpc_test",
             "AnswerVaultTest.NamesAndFingerprintsDependOnEverythingAndOnTheKey"),
    storage("writer: acknowledged before it is on disk", "writer.cc",
            "for (Answer& answer : done.answers) answer = {Error(Reason::kOUTCOME_UNKNOWN)};", "",
            "Writer*"),
    storage("writer: two commands at one instant", "writer.cc", "std::max(last_time_ + Nanoseconds(1), clock_.Now())",
            "std::max(last_time_, clock_.Now())", "Writer*"),
    storage("writer: a retry with another body is replayed", "writer.cc",
            "if (answer.fingerprint != command.fingerprint)", "if (answer.fingerprint.empty())", "Writer*"),
    storage("writer: a refused command leaves traces", "writer.cc",
            "if (!body.ok() && !txn.keeps_on_error()) txn.Discard();",
            "if (!body.ok() && txn.keeps_on_error()) txn.Discard();", "Writer*"),
    storage("writer: it reads what it wrote before last", "writer.cc", "  cache_.Apply(write.changes());",
            "  cache_.Apply({});", "Writer*"),
    listing("listing: rules that no session could run by are published", "rules.cc",
            "TTX_RETURN_IF_ERROR(CheckRunnable(rules));", "(void)CheckRunnable(rules);",
            "Listing.RulesThatNoSessionCouldRunByAreRefused"),
    listing("listing: one portion closes it for all", "listing.cc",
            "return all(static_cast<bool (*)(const Deal&)>(IsOver))",
            "return std::any_of(deals.begin(), deals.end(), static_cast<bool (*)(const Deal&)>(IsOver))",
            "Portions.EveryPairOfDealsAnswersEveryFact"),
    listing("listing: just under 90% needs no consent", "relisting.cc", "price.value * 10 >= appraisal.value * 9;",
            "price.value * 100 >= appraisal.value * 89;",
            "Relisting.NinetyPercentOfTheAppraisalIsTheLastPriceThatTheOwnerDecidesAlone"),
    listing("priority: a holder that nobody told has waived", "priority.cc",
            "if (told && earliest <= today) continue;", "if (!told || earliest <= today) continue;",
            "PriorityNotices.EveryHolderIsToldThreeDaysBeforeOrHasAnswered"),
    Mutation("feed: a lost event goes unnoticed", "libs/rpc/feed.cc",
             "if (event.previous != cursor) return std::string();",
             "if (event.sequence <= cursor) return std::string();", "ttx_rpc_test",
             "Feed.WhatIsLeftOutOnPurposeIsNoGapButAMissingEventIs"),
    Mutation("feed: an event has its effect twice", "libs/rpc/feed.cc",
             "if (event.previous != cursor) return std::string();",
             "if (event.previous > cursor) return std::string();", "ttx_rpc_test", "Feed.*"),
]
