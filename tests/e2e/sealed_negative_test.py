"""What people try with sealed envelopes: N92 and N94 to N102 of reliability.md 3.4 on the real binary, with envelopes
and reports of the second implementation (tests/sealed), which can be as dishonest as one likes."""

import base64
import http.client
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from crawler import Watcher, crawl
from installation import Installation
from market import KeyHolders, Market, Refused, run_tool, sealed

HIGHEST_FEN = 9_000_000_000_000_000
SEED = int(os.environ.get("TTX_SEED", str(int(time.time()))))
CRASHES, CRASH_SECONDS = 6, 0.08
MANY_BIDDERS = 40  # the server judges 16 envelopes at a time


def price(fen):
    return b"ttx-price-v1\nfen %d\n" % fen


class Scene(unittest.TestCase):
    """An installation, key holders (two of three) who keep their keys elsewhere, and sessions of sealed prices."""

    def begin(self, bidders=3, sessions=1, **rules):
        away = tempfile.mkdtemp(prefix="ttx-e2e-holders-")
        self.addCleanup(shutil.rmtree, away, ignore_errors=True)
        self.holders = KeyHolders(away)
        self.ttx = Installation()
        self.addCleanup(self.ttx.__exit__)
        self.market = Market(self.ttx, bidders)
        self.sessions = self.market.schedule([self.holders.rules(**rules)] * sessions)
        self.session = self.sessions[0]
        self.session.to_state("SUBMITTING")
        for session in self.sessions[1:]:
            self.market.wait_state(session.name, "SUBMITTING")

    def envelope(self, bidder, fen, version=1, tamper=None, seed=None, **context):
        """One of the second implementation."""
        addressed = self.session.context(bidder, version)._replace(**context)
        seed = seed or sealed.p.sha256(f"{SEED} {bidder} {version} {fen}".encode())
        return sealed.seal(seed, addressed, self.holders.set, "price", price(fen), tamper)

    def refused(self, answer, status, reason):
        self.assertEqual((answer.status, answer.json.get("reason")), (status, reason), answer.body)

    def refused_post(self, actor, path, body, status, reason):
        self.refused(self.market.call("POST", path, actor, body), status, reason)

    def own(self, bidder):
        """What a bidder sees of its own envelopes."""
        return self.market.get(self.session.name + "/envelopes", self.market.bidders[bidder])["envelopes"]

    def standing(self):
        """What everybody sees of the session, but for the server's time."""
        return {name: value for name, value in self.session.public().items() if name != "server_time"}

    def verify(self, *files, status):
        """`ttx sealed verify` as anybody runs it: a line for each envelope and one for all. Without the close proof: by
        this machine's clock, which a sandbox runs ahead of, nothing has closed (tests/sealed has it with the proof)."""
        out = run_tool("sealed", "verify", "--json", "--holders", self.holders.path("holders"), *files, status=status)
        return [json.loads(line) for line in out.splitlines()]

    def write_report(self, name, text):
        path = self.holders.path(name + ".shares")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path


class Envelopes(Scene):
    def test_n92_the_size_tells_nothing(self):
        self.begin()
        sizes = set()
        for bidder, fen in enumerate([1, 123_456_789, HIGHEST_FEN]):
            made, _ = self.session.seal(self.holders, bidder, fen)
            self.session.must_submit(bidder, made)
            [stored] = self.own(bidder)
            self.assertEqual(base64.b64decode(stored["content"]), made)
            sizes.add(len(made))
        self.assertEqual(len(sizes), 1)

    def test_n96_n97_envelopes_that_are_not_for_here_or_no_envelopes(self):
        self.begin(sessions=2)
        good = self.envelope(0, 150_000_000)
        strangers = KeyHolders(os.path.join(self.holders.folder, "strangers"))
        addressed = self.session.context(0)
        for_strangers = sealed.seal(bytes(32), addressed._replace(holder_set_id=strangers.set.id), strangers.set,
                                    "price", price(150_000_000))
        documents = sealed.seal(bytes(32), addressed, self.holders.set, "documents", b"%PDF")
        keys = [bytes(32), b"\1" + bytes(31), b"\xff" * 32]  # the identity, a point of low order, above the prime
        at = good.index(sealed.Envelope(good).boxes[0][0])
        cases = [(self.envelope(1, 150_000_000), "ENVELOPE_MISADDRESSED", "of another bidder"),
                 (self.envelope(0, 150_000_000, auction=self.sessions[1].name), "ENVELOPE_MISADDRESSED", "auction"),
                 (self.envelope(0, 150_000_000, version=2), "ENVELOPE_MISADDRESSED", "a version too early"),
                 (self.envelope(0, 150_000_000, lot="2"), "ENVELOPE_MISADDRESSED", "another round"),
                 (self.envelope(0, 150_000_000, origin="elsewhere"), "ENVELOPE_MISADDRESSED", "installation"),
                 (self.envelope(0, 150_000_000, rules_hash=bytes(32)), "ENVELOPE_MISADDRESSED", "other rules"),
                 (for_strangers, "WRONG_HOLDER_SET", "other holders"),
                 (documents, "INVALID_FIELD", "documents, which are larger than any price"),
                 *((good[:at] + key + good[at + 32:], "ENVELOPE_MALFORMED", f"key {key.hex()}") for key in keys),
                 (good[:-1], "ENVELOPE_MALFORMED", "short"), (good + b"\0", "ENVELOPE_MALFORMED", "long"),
                 (b"", None, "empty"), (b"TTX-SB\2" + good[7:], "ENVELOPE_MALFORMED", "another format"),
                 (good[:len(good) // 2], "ENVELOPE_MALFORMED", "half")]
        before = self.standing()
        recorded = []
        for made, reason, what in cases:
            with self.subTest(what):
                answer = self.session.submit(0, made)
                self.refused(answer, 400, reason or answer.json["reason"])
                recorded.append(answer.json["reason"])
                self.assertEqual(self.standing(), before, "something else has changed")
                self.assertEqual(self.own(0), [])
        kept = self.market.get(self.session.name + "/refusedBids?page_size=200", self.market.bidders[0])["refused_bids"]
        unfit = [reason for reason in recorded if reason != "INVALID_FIELD"]  # those have not reached the session
        self.assertEqual([bid["reason"] for bid in kept], unfit, "each refusal is recorded")
        self.assertEqual(self.session.must_submit(0, good)["submission_count"], 1, "none of them counts")

    def test_n61_n96_keys_and_repeats(self):
        self.begin()
        first, second = self.envelope(0, 150_000_000), self.envelope(0, 160_000_000, version=2)
        answer = self.session.submit(0, first, "key")
        replay = self.session.submit(0, first, "key")
        self.assertEqual((replay.status, replay.body), (200, answer.body))
        self.assertEqual(replay.headers["Idempotent-Replayed"], "true")
        self.refused(self.session.submit(0, second, "key"), 409, "REQUEST_ID_REUSED")
        self.refused(self.session.submit(0, first), 400, "ENVELOPE_MISADDRESSED")  # the same once more is a version 1
        self.assertEqual(self.session.must_submit(0, second)["submission_count"], 2)
        self.refused(self.session.submit(0, self.envelope(0, 170_000_000, version=3)), 409, "ALREADY_SUBMITTED")
        [stored] = self.own(0)
        self.assertEqual(base64.b64decode(stored["content"]), second)


class Opening(Scene):
    def test_n94_not_before_the_end_not_by_one_person_not_by_a_forged_proof(self):
        self.begin()
        market, name = self.market, self.session.name
        self.session.must_submit(0, self.envelope(0, 150_000_000))
        asked = {"reason": "I am curious."}
        self.refused_post(market.officer, name + ":requestOpening", asked, 409, "WRONG_STATE")
        self.refused_post(market.clerk, name + ":handInShares", {"report": "shares"}, 409, "WRONG_STATE")
        late = self.envelope(1, 150_000_000)
        self.session.to_state("CLOSED_FOR_OPENING")
        before = self.standing()
        self.refused(self.session.submit(1, late), 409, "PHASE_CLOSED")
        for actor in (market.clerk, market.admin, market.kyc, market.seller, market.bidders[0]):
            self.refused_post(actor, name + ":requestOpening", asked, 403, "PERMISSION_DENIED")
        with self.assertRaises(Refused) as nothing:
            market.get(name + "/closeProof", market.clerk)
        self.assertEqual(nothing.exception.reason, "NOT_FOUND")
        self.assertEqual(self.standing(), before)
        market.post(market.officer, name + ":requestOpening", {"reason": "The time is over."})
        act = market.get(name + "/pendingAct", market.second_officer)
        confirm = {"act": "OPEN", "etag": act["etag"]}
        self.refused_post(market.officer, name + ":confirmAct", confirm, 409, "SAME_PERSON")
        for actor in (market.clerk, market.admin, market.bidders[0]):
            self.assertEqual(market.call("POST", name + ":confirmAct", actor, confirm).status, 403)
        unseen = {**confirm, "etag": "0" * 16}
        self.refused_post(market.second_officer, name + ":confirmAct", unseen, 412, "ETAG_MISMATCH")
        self.assertEqual(self.session.public()["state"], "OPENING_REQUESTED")
        market.post(market.second_officer, name + ":confirmAct", confirm)
        files = self.session.show_holders(self.holders)
        # The holder's own clock has not seen the close yet: the sandbox's is ahead of it.
        self.assertIn("this machine's clock", self.holder_open(files))
        with open(self.holders.path("close"), encoding="ascii") as file:
            proof = file.read()
        closed = re.search("^closed (.*)$", proof, re.M)[1]
        with open(self.holders.path("close"), "w", encoding="ascii") as file:
            file.write(proof.replace(closed, "2020-01-01T00:00:00Z"))
        self.assertIn("NOT_PROVEN_CLOSED", self.holder_open(files))

    def holder_open(self, files):
        out = self.holders.path("refused.shares")
        complaint = run_tool("holder", "open", "--key", self.holders.path("notary.key"), "--holders",
                             self.holders.path("holders"), "--close", self.holders.path("close"), "--record-key",
                             self.holders.path("record.pem"), "--auction", self.session.name, "--out", out, *files,
                             status=1)
        self.assertFalse(os.path.exists(out), "nothing is written")
        return complaint

    def to_shares(self, *envelopes):
        for bidder, envelope in enumerate(envelopes):
            self.session.must_submit(bidder, envelope)
        self.session.to_state("CLOSED_FOR_OPENING")
        self.session.request_opening()

    def test_n99_reports_that_are_not_a_holders(self):
        self.begin(sessions=2)
        self.to_shares(self.envelope(0, 150_000_000), self.envelope(1, 160_000_000))
        other = self.sessions[1]
        session, suite = self.session, self.holders.set.suite
        good = session.report(self.holders, "notary")
        text = good[:good.rindex("signature ")]

        def signed(changed, by="notary"):
            return sealed.sign_text(changed, suite, self.holders.signing_scalar(by))

        digest = next(line.split(" ")[1] for line in text.splitlines() if line.startswith("share "))
        without = "".join(line for line in text.splitlines(True) if digest not in line)
        cases = [good.replace("share ", "share 0", 1), text, signed(text, "auditor"), signed(without),
                 signed(text.replace(session.name, other.name)),
                 signed(re.sub("^close .*$", "close " + "0" * 64, text, flags=re.M)),
                 signed(text.replace("holder 1 notary", "holder 2 regulator")),
                 signed(text + f"unreadable {'f' * 64}\n"), "", "shares"]
        before = self.standing()
        for report in cases:
            answer = session.hand_in(report)
            self.assertEqual(answer.status, 400, (report[:200], answer.body))
            self.assertIn(answer.json["reason"],
                          ("WRONG_SHARE", "BAD_SEALED_FILE", "WRONG_HOLDER_SET", "INVALID_FIELD"))
            self.assertEqual(self.standing(), before)
        self.assertEqual(session.hand_in(good).status, 200)
        self.assertEqual(session.public()["share_count"], 1)
        self.refused(session.hand_in(good), 400, "INVALID_FIELD")  # twice is not two
        self.assertEqual(session.public()["share_count"], 1)

    def test_n98_n99_a_dishonest_bidder_and_a_dishonest_holder(self):
        """A bidder with garbage in a box is invalid for whichever holders come; a holder that signed a false share is
        named afterwards, and the bid stands."""
        self.begin()
        garbage = self.envelope(1, 190_000_000, tamper=lambda what, value, index: value[:-20] + bytes(20)
                                if (what, index) == ("box", 1) else value)
        self.to_shares(self.envelope(0, 150_000_000), garbage, self.envelope(2, 140_000_000))
        session, holders = self.session, self.holders
        files = session.show_holders(holders)
        honest = {name: self.write_report(name, session.report(holders, name)) for name in holders.names}
        digests = {line["bidder"]: line["digest"] for line in self.verify(*files, *honest.values(), status=1)[:3]}
        for pair in itertools.combinations(holders.names, 2):
            lines = self.verify(*files, *(honest[name] for name in pair), status=1)
            verdicts = {line["bidder"]: (line["outcome"], line.get("price_fen"), line["liars"]) for line in lines[:3]}
            self.assertEqual(verdicts, {session.codes[0]: ("VALID", "150000000", []),
                                        session.codes[1]: ("BIDDER_INVALID", None, []),
                                        session.codes[2]: ("VALID", "140000000", [])}, pair)
        lie = self.write_report("lie", session.report(holders, "notary", lies=[digests[session.codes[0]]]))
        lines = self.verify(*files, lie, honest["regulator"], honest["auditor"], status=1)
        named = {line["bidder"]: (line["outcome"], line["liars"]) for line in lines[:3]}
        self.assertEqual(named[session.codes[0]], ("VALID", ["notary"]))
        self.assertEqual(named[session.codes[2]], ("VALID", []))
        self.assertEqual(lines[3]["wrong_shares"], 1)
        # The server, with the holders that told the truth, says the same.
        for name in ("regulator", "auditor"):
            with open(honest[name], encoding="ascii") as file:
                self.assertEqual(session.hand_in(file.read()).status, 200)
        closed = self.market.wait_state(session.name, "CLOSED")
        self.assertEqual((closed["outcome"], closed["leading_bid"]["bidder_code"], closed["leading_bid"]["price_fen"]),
                         ("WINNER", session.codes[0], "150000000"))
        flaws = {found["bidder_code"]: found["flaw"] for found in
                 self.market.get(session.name + "/envelopes", self.market.clerk)["envelopes"]}
        self.assertEqual([bool(flaws[code]) for code in session.codes], [False, True, False], flaws)

    def test_n100_too_few_holders_come(self):
        self.begin()
        market, session = self.market, self.session
        envelopes = [session.seal(self.holders, bidder, fen) for bidder, fen in
                     enumerate([150_000_000, 190_000_000, 140_000_000])]
        self.to_shares(*(envelope for envelope, _ in envelopes))
        first_end = session.public()["phase_end_time"]
        self.assertEqual(session.hand_in(session.report(self.holders, "notary")).status, 200)
        market.advance_to(first_end)
        second = market.wait(None, session.name, lambda found: found["phase_end_time"] != first_end)
        self.assertEqual((second["state"], second["share_count"], second["leading_bid"] if "leading_bid" in second
                          else None), ("SHARES_COLLECTING", 1, None))
        market.advance_to(second["phase_end_time"])
        market.wait_state(session.name, "SELF_REVEALING")
        late = session.report(self.holders, "auditor")
        self.refused(session.hand_in(late), 409, "WRONG_STATE")
        path = session.name + "/envelopes:reveal"

        def seed(of):
            return {"seed": base64.b64encode(envelopes[of][1]).decode()}

        self.refused_post(market.bidders[0], path, seed(1), 409, "ENVELOPE_UNREADABLE")  # not its own
        self.refused_post(market.seller, path, seed(0), 403, "PERMISSION_DENIED")
        self.assertNotIn("150000000", json.dumps(session.public()))
        for bidder in (0, 2):
            market.post(market.bidders[bidder], path, seed(bidder))
            self.assertNotIn("0000000\"", json.dumps(session.public()["opened_envelopes"]), "all at once or none")
        market.advance_to(session.public()["phase_end_time"])
        closed = market.wait_state(session.name, "CLOSED")
        self.assertEqual((closed["outcome"], closed["leading_bid"]["price_fen"]), ("WINNER", "150000000"))
        flaws = {found["bidder_code"]: found["flaw"] for found in
                 market.get(session.name + "/envelopes", market.clerk)["envelopes"]}
        self.assertEqual(flaws[session.codes[1]], "NOT_REVEALED")
        self.assertNotIn("190000000", json.dumps(session.events()), "what was not revealed stays secret")


class Crash(Scene):
    def test_n101_an_opening_that_is_cut_short_opens_all_or_nothing(self):
        self.begin(bidders=MANY_BIDDERS)
        session, market = self.session, self.market
        prices = [150_000_000 + 1_000_000 * (bidder * 7 % MANY_BIDDERS) for bidder in range(MANY_BIDDERS)]
        for bidder, fen in enumerate(prices):
            session.must_submit(bidder, self.envelope(bidder, fen))
        session.to_state("CLOSED_FOR_OPENING")
        session.request_opening()
        self.assertEqual(session.hand_in(session.report(self.holders, "notary")).status, 200)
        last = session.report(self.holders, "auditor")
        market.disconnect()
        self.ttx.stop()
        copy = os.path.join(self.holders.folder, "copy")
        subprocess.run(["cp", "-a", "--sparse=always", self.ttx.path("data"), copy], check=True)
        chance, seen = random.Random(SEED), []
        for at in range(CRASHES):
            shutil.rmtree(self.ttx.path("data"))
            subprocess.run(["cp", "-a", "--sparse=always", copy, self.ttx.path("data")], check=True)
            market.forget_tokens()
            self.ttx.start()
            seen.append(self.cut_short(last, CRASH_SECONDS * ((at + chance.random()) / CRASHES) ** 2, prices))
        print(f"seed {SEED}: after the kill {seen}", flush=True)

    def cut_short(self, report, seconds, prices):
        """Kills the server that long after the last report is on its way; the state after the restart."""
        session, market = self.session, self.market
        watcher = Watcher(self.ttx, session.name + "/events")
        market.fresh_token(market.clerk)
        connection = self.ttx.connect()
        connection.request("POST", f"/v1/{session.name}:handInShares", json.dumps({"report": report}), {
            "Authorization": "Bearer " + market.clerk.token, "Content-Type": "application/json",
            "Idempotency-Key": "the-last-one"})
        time.sleep(seconds)  # the moment of the kill
        self.ttx.kill()
        connection.close()
        watcher.close()
        self.check_all_or_nothing(watcher.text.decode(), prices)
        market.disconnect()
        self.ttx.start()
        self.check_all_or_nothing(json.dumps(session.public()), prices, leader=True)
        state = session.public()["state"]
        if state == "SHARES_COLLECTING":  # the report did not arrive
            market.post(market.clerk, session.name + ":handInShares", {"report": report}, key="the-last-one")
        # Between the two an outage may have been announced: the session goes on by itself.
        closed = market.wait_state(session.name, "CLOSED")
        self.assertEqual((closed["outcome"], closed["leading_bid"]["price_fen"], closed["bid_count"]),
                         ("WINNER", str(max(prices)), str(len(prices))))
        [opened] = [event["envelopes_opened"]["envelopes"] for event in session.events() if "envelopes_opened" in event]
        self.assertEqual(sorted(int(found["bid"]["price_fen"]) for found in opened), sorted(prices))
        market.disconnect()
        self.ttx.stop()
        return state

    def check_all_or_nothing(self, text, prices, leader=False):
        shown = [fen for fen in prices if f'"{fen}"' in text]
        allowed = [[], sorted(prices)] + ([[max(prices)]] if leader else [])
        self.assertIn(sorted(shown), allowed, "a part of the envelopes is opened")


class Metadata(Scene):
    def test_n102_nobody_but_the_bidder_sees_that_there_is_a_bid(self):
        self.begin()
        market = self.market
        others = {"anybody": None, "clerk": market.clerk, "officer": market.officer, "administrator": market.admin,
                  "seller": market.seller, "another bidder": market.bidders[2]}

        def reads():
            found = crawl(market.call, others, [self.session.name])
            return {key: re.sub(rb'"(server_time|now|trace_id|advance)":"[^"]*"', b"", body)
                    for key, body in found.items() if not key[1].startswith("sandbox")}

        reads()  # everybody has a token
        before = reads()
        self.session.must_submit(0, self.envelope(0, 150_000_000))
        self.session.must_submit(1, self.envelope(1, 160_000_000))
        after = reads()
        self.assertEqual([key for key in before if before[key] != after.get(key)], [])
        self.assertEqual(set(before), set(after))
        self.assertEqual(len(self.own(0)), 1, "the bidder itself sees it")
        connection = http.client.HTTPConnection("127.0.0.1", self.ttx.admin_port, timeout=10)
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
        connection.close()
        self.assertIn('method="SubmitEnvelope"', metrics)
        uid = self.session.name.split("/")[1]
        whose = [uid, *self.session.codes, *(bidder.organization.split("/")[1] for bidder in market.bidders),
                 *(bidder.uid for bidder in market.bidders)]
        self.assertEqual([word for word in whose if f'"{word}"' in metrics], [], "a metric tells who bids, or where")


if __name__ == "__main__":
    unittest.main()
