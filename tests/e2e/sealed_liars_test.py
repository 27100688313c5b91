"""A key holder that lies takes no bid away, whenever it comes: N99 of reliability.md 3.4 on the real binary, with
reports of the second implementation. And N102: a refused envelope is told to nobody else before the opening."""

import base64
import unittest

from sealed_negative_test import Scene


class LyingHolders(Scene):
    """Two of three holders open; the highest bid is the one that is lied about."""

    def to_shares(self):
        self.begin(bidders=2)
        made = [self.session.seal(self.holders, bidder, fen) for bidder, fen in enumerate([150_000_000, 190_000_000])]
        for bidder, (envelope, _) in enumerate(made):
            self.session.must_submit(bidder, envelope)
        self.session.to_state("CLOSED_FOR_OPENING")
        self.session.request_opening()
        self.digests = {found["bidder_code"]: found["digest"] for found in self.envelopes()}
        return [seed for _, seed in made]

    def envelopes(self):
        return self.market.get(self.session.name + "/envelopes", self.market.clerk)["envelopes"]

    def hand_in(self, name, lie=False):
        lies = [self.digests[self.session.codes[1]]] if lie else []
        answer = self.session.hand_in(self.session.report(self.holders, name, lies=lies))
        self.assertEqual(answer.status, 200, answer.body)

    def assert_highest_wins(self, liars):
        closed = self.market.wait_state(self.session.name, "CLOSED")
        self.assertEqual((closed["outcome"], closed["leading_bid"]["bidder_code"], closed["leading_bid"]["price_fen"]),
                         ("WINNER", self.session.codes[1], "190000000"))
        found = {envelope["bidder_code"]: envelope["liars"] for envelope in self.envelopes()}
        self.assertEqual(found, {self.session.codes[0]: [], self.session.codes[1]: liars})

    def test_n99_the_opening_waits_for_the_holder_that_is_missing(self):
        self.to_shares()
        end = self.session.public()["phase_end_time"]
        self.hand_in("notary", lie=True)
        self.hand_in("regulator")
        back = self.market.wait(None, self.session.name, lambda found: found["state"] == "SHARES_COLLECTING")
        self.assertEqual((back["share_count"], back["phase_end_time"], back.get("leading_bid")), (2, end, None))
        self.assertEqual([envelope["seed"] for envelope in self.envelopes()], ["", ""], "nobody reads one before all")
        self.hand_in("auditor")
        self.assert_highest_wins(liars=[1])

    def test_n99_a_holder_that_comes_during_the_opening_is_heard(self):
        self.to_shares()
        reports = [self.session.report(self.holders, name, lies=[self.digests[self.session.codes[1]]] if lie else [])
                   for name, lie in (("auditor", True), ("notary", False), ("regulator", False))]
        for report in reports:
            self.assertEqual(self.session.hand_in(report).status, 200)
        self.assert_highest_wins(liars=[3])

    def test_n99_when_too_many_lie_the_bidder_opens_its_own(self):
        seeds = self.to_shares()
        self.hand_in("notary", lie=True)
        self.hand_in("regulator", lie=True)
        self.hand_in("auditor")
        self.market.wait_state(self.session.name, "SELF_REVEALING")
        path = self.session.name + "/envelopes:reveal"

        def seed(of):
            return {"seed": base64.b64encode(seeds[of]).decode()}

        self.refused_post(self.market.bidders[0], path, seed(0), 400, "INVALID_FIELD")  # the holders have opened it
        self.market.post(self.market.bidders[1], path, seed(1))
        self.assert_highest_wins(liars=[1, 2])


class RefusedEnvelopes(Scene):
    def test_n102_a_refused_envelope_is_told_to_staff_after_the_opening_only(self):
        self.begin(bidders=2)
        self.session.must_submit(0, self.envelope(0, 150_000_000))
        self.refused(self.session.submit(1, b"garbage"), 400, "ENVELOPE_MALFORMED")

        def told():
            return "bid_refused" in self.market.call("GET", "auctionEvents?page_size=200",
                                                     self.market.officer).body.decode()

        self.assertFalse(told())
        self.session.to_state("CLOSED_FOR_OPENING")
        self.session.request_opening()
        self.assertFalse(told())
        for name in ("notary", "regulator"):
            self.assertEqual(self.session.hand_in(self.session.report(self.holders, name)).status, 200)
        self.market.wait_state(self.session.name, "CLOSED")
        self.assertTrue(told())


if __name__ == "__main__":
    unittest.main()
