"""A bidder that breaks its word in a running session, and what becomes of the session, over HTTPS.

Two persons declare the default: the code and the cause are public at once, and nowhere is told whose code it is before
the session has closed (domain.md 5.10). The session is annulled and held again with those who are left, whose deposits
were kept (5.11). An objection to the bidding notice is upheld and ends listing and session; the deposits of those
who kept their word go back. Who broke it may not take part in the re-listing (5.12).
"""

import unittest

from installation import Installation
from market import START_FEN, STEP_FEN, Market, Refused


class Default(unittest.TestCase):
    def setUp(self):
        self.ttx = Installation()
        self.addCleanup(self.ttx.__exit__)
        self.market = Market(self.ttx, bidders=3)
        self.addCleanup(self.market.disconnect)
        (self.session,) = self.market.schedule([{"mode": "MULTI"}])
        self.listing = self.session.listing

    def states(self, actor):
        """Of all intents as somebody sees them."""
        return [self.market.get(intent, actor)["state"] for intent in self.session.intents]

    def by_two(self, auction, asked):
        market = self.market
        act = market.post(market.clerk, auction + ":requestAct", asked)
        with self.assertRaises(Refused) as refused:
            market.post(market.officer, auction + ":confirmAct", {"act": asked["act"], "etag": "stale"})
        self.assertEqual(refused.exception.reason, "ETAG_MISMATCH")
        return market.post(market.officer, auction + ":confirmAct", {"act": asked["act"], "etag": act["etag"]})

    def start(self, auction):
        self.market.advance_to(self.market.get(auction)["start_time"])
        self.market.wait_state(auction, "FREE")
        self.market.wait_state(self.listing, "BIDDING")

    def object_and_uphold(self):
        """An outsider's objection to the bidding notice."""
        market = self.market
        found = market.wait(None, "notices?type=N5&listing=" + self.listing, lambda page: len(page["notices"]) == 2)
        notice = max(found["notices"], key=lambda one: one["name"])["name"]
        filed = market.post(market.bidders[2], "objections", {
            "notice": notice, "real_name": "Zhang San", "cause": "OWNERSHIP", "statement": "The film is ours.",
            "evidence_digests": ["a" * 64]})["name"]
        market.confirm(market.clerk, filed, "accept")
        market.wait_state(self.second, "SUSPENDED")
        market.post(market.clerk, filed + ":review", {"answer": "It is not."})
        market.post(market.clerk, filed + ":proposeDecision", {"decision": "UPHELD", "reasons": "It is theirs."})
        market.confirm(market.officer, filed, "confirmDecision", {"decision": "UPHELD"})

    def test_what_becomes_of_a_session_whose_bidder_breaks_its_word(self):
        market, session = self.market, self.session
        self.start(session.name)
        self.assertEqual(session.bid(0, START_FEN).status, 200)
        self.assertEqual(session.bid(1, START_FEN + STEP_FEN).status, 200)

        self.by_two(session.name, {"act": "DECLARE_DEFAULT", "reason": "Forged papers.",
                                   "bidder_code": session.codes[1], "cause": "MISCONDUCT"})
        self.assertEqual(session.public()["leading_bid"]["price_fen"], str(START_FEN))
        self.assertEqual(session.bid(1, START_FEN + STEP_FEN).json["reason"], "NOT_QUALIFIED")
        for actor in (market.clerk, market.officer, market.seller):
            self.assertEqual(self.states(actor), ["QUALIFIED"] * 3)

        self.by_two(session.name, {"act": "SUSPEND", "reason": "SYSTEM_FAILURE"})
        self.by_two(session.name, {"act": "ANNUL", "reason": "SYSTEM_FAILURE"})
        self.assertEqual(session.public()["outcome"], "ANNULLED")
        market.wait_state(self.listing, "QUALIFYING")
        self.assertEqual(self.states(market.clerk), ["QUALIFIED", "BREACHED", "QUALIFIED"])
        self.assertFalse(market.get(session.intents[1], market.clerk).get("bidder_code"))
        self.assertEqual(self.deposit(0), "EFFECTIVE")

        self.second = market.post(market.officer, self.listing + ":scheduleBidding")["auction"]
        self.assertNotEqual(self.second, session.name)
        market.wait_state(self.second, "SCHEDULED")
        self.start(self.second)
        session.name = self.second
        self.assertEqual(session.bid(0, START_FEN).status, 200)
        self.assertEqual(session.bid(1, START_FEN + STEP_FEN).json["reason"], "NOT_QUALIFIED")

        self.object_and_uphold()
        market.wait_state(self.listing, "TERMINATED")
        self.assertEqual(market.wait_state(self.second, "CLOSED")["outcome"], "ANNULLED")
        self.assertEqual(self.states(market.clerk), ["RELEASED", "BREACHED", "RELEASED"])

        again = market.list("A film, again", {"mode": "MULTI"}, achievement=market.get(self.listing)["achievement"])
        with self.assertRaises(Refused) as refused:
            market.intend(market.bidders[1], again)
        self.assertEqual(refused.exception.reason, "BARRED")
        market.intend(market.bidders[0], again)

    def deposit(self, bidder):
        found = self.market.get("deposits?intent=" + self.session.intents[bidder], self.market.bidders[bidder])
        return found["deposits"][0]["state"]


if __name__ == "__main__":
    unittest.main()
