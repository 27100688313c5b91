"""Every bidding mode of domain.md 5 from the listing to the certificate, as `ttx demo --mode M` carries it through the
HTTPS API, watched meanwhile as anybody may watch it."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

from installation import BINARY, ROOT, Installation
from log_hash import log_hash

VERBS = {"list", "bid", "sign", "register", "settle", "disclose", "certify"}
PRICE_FEN, RESERVE_FEN = 106_000_000, 105_000_000  # services/server/demo/deal.h
BIDDERS = ("示范新材料", "示范能源", "示范装备")  # the winner first
ENVELOPES = ["SUBMITTING", "CLOSED_FOR_OPENING", "SHARES_COLLECTING", "OPENING"]
READ_IN = {"FREE", "ENGLISH", "DUTCH", "CLOSED_FOR_OPENING"}  # a first part of the log, before an opening
SECRET_STATES = {*ENVELOPES, "OPENING_REQUESTED", "SELF_REVEALING"}
SEALED_REFUSALS = [("WRONG_MODE", 409), ("ENVELOPE_MISADDRESSED", 400), ("PHASE_CLOSED", 409)]
OPENING_REFUSALS = [("SAME_PERSON", 409), ("WRONG_SHARE", 400)]

# What each mode's public log and refusals are: the phases in their order, the accepted bids as (by the winner, fen),
# the requests that are refused on the way.
MODES = {
    "MULTI": dict(phases=["FREE", "LIMITED"], bids=[(False, 100_000_000), (True, 101_000_000), (False, 103_000_000),
                                                    (True, PRICE_FEN)],
                  refusals=[("NOT_MULTIPLE", None)]),
    "DYNAMIC": dict(phases=["FREE", "LIMITED"], bids=[(False, 100_000_000), (True, 101_000_000), (False, 103_000_000),
                                                      (True, PRICE_FEN)],
                    refusals=[("NOT_MULTIPLE", None), ("PHASE_CLOSED", 409)]),
    "ENGLISH": dict(phases=["ENGLISH"], bids=[(False, 100_000_000), (True, 102_000_000), (False, 103_000_000),
                                              (True, PRICE_FEN)],
                    refusals=[("NOT_MULTIPLE", 409), ("WRONG_MODE", 409), ("PHASE_CLOSED", 409)]),
    "DUTCH": dict(phases=["DUTCH"], bids=[(True, PRICE_FEN)], reserve_fen=0,
                  refusals=[("PRICE_MISMATCH", 409), ("WRONG_MODE", 409), ("PHASE_CLOSED", 409)]),
    "SEALED": dict(phases=ENVELOPES, bids=[], opened=[PRICE_FEN, 103_000_000],
                   refusals=[*SEALED_REFUSALS, *OPENING_REFUSALS]),
    "WEIGHTED": dict(phases=ENVELOPES, bids=[], opened=[PRICE_FEN, 110_000_000],
                     totals={PRICE_FEN: 958_182, 110_000_000: 880_000},
                     refusals=[*SEALED_REFUSALS, ("SCORES_NOT_FIXED", 409), *OPENING_REFUSALS]),
    "TENDER": dict(phases=[*ENVELOPES, "EVALUATING", "PUBLICITY"], bids=[],
                   opened=[PRICE_FEN, 110_000_000, 103_000_000],
                   totals={PRICE_FEN: 933_140, 110_000_000: 860_186, 103_000_000: 859_731},
                   refusals=[*SEALED_REFUSALS, *OPENING_REFUSALS, ("INVALID_FIELD", 400)]),
}

# The year after the last published one, so that seven deals in a row end on dates that are no longer provisional.
NEXT_YEAR = "year 2027\noff 2027-01-01\noff 2027-02-05..2027-02-12\noff 2027-10-01..2027-10-07\n"


class Watcher:
    """Anybody: reads what is public and never shows credentials."""

    def __init__(self, ttx):
        self.ttx = ttx

    def get(self, path):
        answer = self.ttx.request("GET", "/v1/" + path)
        assert answer.status == 200, (path, answer.body)
        return answer

    def log(self, auction, after=0):
        """The events of a closed auction after a sequence; the stream ends after the result."""
        connection = self.ttx.connect()
        connection.request("GET", f"/v1/{auction}/events", headers={"Accept": "text/event-stream",
                                                                   "Last-Event-ID": str(after)})
        body = connection.getresponse().read().decode()
        connection.close()
        return [json.loads(line[len("data:"):]) for line in body.splitlines() if line.startswith("data:")]


    def log_until(self, auction, state):
        """The events up to the one that began a state, of an auction that goes on."""
        connection = self.ttx.connect()
        connection.request("GET", f"/v1/{auction}/events", headers={"Accept": "text/event-stream"})
        answer, events = connection.getresponse(), []
        while not events or events[-1].get("phase_started", {}).get("state") != state:
            line = answer.readline().decode()
            assert line, (state, events)
            if line.startswith("data:"):
                events.append(json.loads(line[len("data:"):]))
        connection.close()
        return events


class Run:
    """One `ttx demo`, with everything that was public while it went."""

    def __init__(self, ttx, mode):
        self.watcher = Watcher(ttx)
        self.steps = []
        self.before_close = []  # (state, text) of public answers
        self.early_log = []  # what was read of the public log on the way
        self.early_exports = []  # (status, reason) of the answers to whoever wanted the export then
        self.auction = self.listing = None
        demo = subprocess.Popen([BINARY, "demo", "--config", ttx.path("ttx.conf"), "--json", "--mode", mode],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            for line in demo.stdout:
                demo.send_signal(signal.SIGSTOP)  # nothing happens while anybody looks
                self.take(json.loads(line))
                demo.send_signal(signal.SIGCONT)
            self.errors = demo.stderr.read()
            self.status = demo.wait(timeout=60)
        finally:
            demo.kill()
            demo.wait()
            demo.stdout.close()
            demo.stderr.close()

    def take(self, step):
        self.steps.append(step)
        if step["verb"] == "list" and re.fullmatch(r"listings/[^/]+", step["resource"]):
            self.listing = step["resource"]
        if step["verb"] != "bid" or not step["ok"] or not step["resource"].startswith("auctions/"):
            return
        self.auction = "/".join(step["resource"].split("/")[:2])
        exchange = self.watcher.get(self.auction).json["exchange"]  # of this run alone
        texts = [self.watcher.get(path).body.decode() for path in
                 [self.auction, f"{self.auction}/bids", self.listing, f"auctions?exchange={exchange}"]]
        exported = self.watcher.ttx.request("GET", f"/v1/{self.auction}:export")
        state = self.watcher.get(self.auction).json["state"]  # read last: what came before it came before the close
        if state in READ_IN and not self.early_log:
            self.early_log = self.watcher.log_until(self.auction, state)
        if state != "CLOSED":
            self.before_close.append((state, "\n".join(texts)))
            self.early_exports.append((exported.status, exported.json["reason"]))

    def of(self, verb):
        return [step for step in self.steps if step["verb"] == verb]

    def identities(self):
        """For each enterprise, the winner first: its names, code number and intent, as its own steps show them."""
        enterprises = [step for step in self.steps if step.get("uscc", "").startswith("91")]
        bidders = [step for step in enterprises if step["legal_name"].startswith(BIDDERS)]
        intents = [step["resource"] for step in self.of("list") if "/intents/" in step["resource"]]
        assert len(bidders) == len(intents), self.steps
        return [{bidder["resource"], bidder["legal_name"], bidder["uscc"], intent}
                for bidder, intent in zip(bidders, intents)]


class Modes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ttx = Installation(start=False)
        cls.addClassCleanup(cls.ttx.__exit__)
        calendar = cls.ttx.path("calendar")
        shutil.copytree(os.path.join(ROOT, "deploy/calendar"), calendar)
        with open(os.path.join(calendar, "2027.txt"), "w") as file:
            file.write(NEXT_YEAR)
        with open(cls.ttx.path("ttx.conf")) as file:
            config = file.read()
        config, count = re.subn(r'calendar_directory: "[^"]*"', f'calendar_directory: "{calendar}"', config)
        assert count == 1, config
        with open(cls.ttx.path("ttx.conf"), "w") as file:
            file.write(config)
        cls.ttx.start()

    def check_mode(self, mode):
        expected = MODES[mode]
        begun = time.monotonic()
        run = Run(self.ttx, mode)
        self.assertEqual(run.status, 0, [run.steps[-3:], run.errors, self.ttx.log_tail()])
        self.assertTrue(all(step["ok"] for step in run.steps))
        self.assertEqual({step["verb"] for step in run.steps}, VERBS)
        self.assertEqual([step["step"] for step in run.steps], list(range(1, len(run.steps) + 1)))
        refusals = [(step["reason"], int(step["status"]) if "status" in step else None)
                    for step in run.of("bid") if "reason" in step]
        self.assertEqual(refusals, expected["refusals"])
        auction = self.check_result(run, mode, expected)
        self.check_log(run, mode, auction, expected)
        self.check_secrets(run, mode, expected)
        self.check_export(run, auction, expected)
        with open(self.ttx.path("server.log")) as log:
            self.assertNotIn("feed_event_refused", log.read())
        print(f"{mode}: {len(run.steps)} steps in {time.monotonic() - begun:.1f} s", flush=True)

    def check_result(self, run, mode, expected):
        auction = run.watcher.get(run.auction).json
        self.assertEqual((auction["state"], auction["outcome"], auction["rules"]["mode"]), ("CLOSED", "WINNER", mode))
        self.assertEqual(int(auction["leading_bid"]["price_fen"]), PRICE_FEN)
        codes = [step["bidder_code"] for step in run.of("settle") if "bidder_code" in step]
        self.assertEqual(auction["leading_bid"]["bidder_code"], codes[0])
        self.assertEqual(int(auction["reserve_fen"]), expected.get("reserve_fen", RESERVE_FEN))
        self.assertEqual(int(auction["bid_count"]), len(expected["bids"]) or len(expected["opened"]))
        self.assertEqual(run.watcher.get(run.listing).json["state"], "CLOSED")
        return auction

    def check_log(self, run, mode, auction, expected):
        log = run.watcher.log(run.auction)
        sequences = [int(event["sequence"]) for event in log]
        self.assertEqual(sequences, list(range(1, len(log) + 1)))
        self.assertEqual(sorted(int(event["log_number"]) for event in log), sequences)
        self.assertIn("auction_scheduled", log[0])
        self.assertIn("auction_closed", log[-1])
        closed = log[-1]["auction_closed"]
        self.assertEqual((closed["outcome"], closed["log_hash"]), ("WINNER", auction["log_hash"]))
        self.assertEqual((int(closed["price_fen"]), closed["winner_code"]),
                         (PRICE_FEN, auction["leading_bid"]["bidder_code"]))
        self.assertEqual([event["phase_started"]["state"] for event in log if "phase_started" in event],
                         expected["phases"])
        bids = [(event["bid_accepted"]["bidder_code"] == closed["winner_code"],
                 int(event["bid_accepted"]["price_fen"])) for event in log if "bid_accepted" in event]
        self.assertEqual(bids, expected["bids"])
        self.assertFalse([event for event in log if "bid_refused" in event or "act_step" in event])
        opened = [event["envelopes_opened"]["envelopes"] for event in log if "envelopes_opened" in event]
        if "opened" in expected:
            self.assertEqual(len(opened), 1, "all envelopes are opened at once")
            self.assertEqual(sorted(int(envelope["bid"]["price_fen"]) for envelope in opened[0]),
                             sorted(expected["opened"]))
            self.assertFalse([envelope for envelope in opened[0] if envelope["invalid_reason"]])
        else:
            self.assertEqual(opened, [])
        if "totals" in expected:
            decided = "tender_evaluated" if mode == "TENDER" else "envelopes_opened"
            [envelopes] = [event[decided]["envelopes"] for event in log if decided in event]
            self.assertEqual({int(envelope["bid"]["price_fen"]): int(envelope["total_score"])
                              for envelope in envelopes}, expected["totals"])
        self.check_log_hash(run, auction, log)
        middle = len(log) // 2
        self.assertEqual(run.watcher.log(run.auction, after=sequences[middle]), log[middle + 1:])

    def check_log_hash(self, run, auction, log):
        """Anybody computes it, whether it read the log at the end or on the way, when envelopes were secret."""
        self.assertEqual(log_hash(log), auction["log_hash"])
        self.assertTrue(run.early_log, "nothing was read on the way")
        later = run.watcher.log(run.auction, after=run.early_log[-1]["sequence"])
        followed = run.early_log + later
        self.assertEqual([event["sequence"] for event in followed], [event["sequence"] for event in log])
        held_back = "envelopes_opened" in json.dumps(log)
        self.assertEqual({int(event["log_number"]) == 0 for event in run.early_log}, {held_back})
        self.assertEqual(log_hash(followed), auction["log_hash"])
        changed = json.loads(json.dumps(log))
        changed[0]["auction_scheduled"]["bidder_count"] += 1
        self.assertNotEqual(log_hash(changed), auction["log_hash"])

    def check_secrets(self, run, mode, expected):
        """Before the close nobody's identity and no reserve is in any public answer, and no sealed price before the
        opening; afterwards the winner's identity is in the notices, and the losers' is nowhere."""
        self.assertGreater(len(run.before_close), 2, "nothing was seen before the close")
        winner, *losers = run.identities()
        self.assertEqual(len(losers), 2 if mode == "TENDER" else 1)
        prices = {str(price) for price in expected.get("opened", [])}
        for state, text in run.before_close:
            for secret in set().union(winner, *losers) | {f'"{RESERVE_FEN}"'}:
                self.assertNotIn(secret, text, state)
            if state in SECRET_STATES:
                for price in prices:
                    self.assertNotIn(f'"{price}"', text, state)
        after = {path: run.watcher.get(path).body.decode() for path in
                 [run.auction, f"{run.auction}/bids", run.listing, f"notices?listing={run.listing}"]}
        after["events"] = json.dumps(run.watcher.log(run.auction), ensure_ascii=False)
        for path, text in after.items():
            for identity in losers:
                for secret in identity:
                    self.assertNotIn(secret, text, path)
            if not path.startswith("notices") and path != run.listing:
                for secret in winner:
                    self.assertNotIn(secret, text, path)
        name = next(secret for secret in winner if secret.startswith(BIDDERS[0]))
        self.assertIn(name, after[f"notices?listing={run.listing}"])

    def check_export(self, run, auction, expected):
        """Anybody exports the session once it is over, and decides it anew offline: to the same result."""
        self.assertEqual(set(run.early_exports), {(409, "WRONG_STATE")})
        path = self.ttx.path(run.auction.replace("/", "-") + ".jsonl")
        done = self.auction("export", run.auction, "--server", f"https://localhost:{self.ttx.https_port}", "--ca",
                            self.ttx.path("certs/ca.pem"), "--out", path)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        with open(path) as file:
            text = file.read()
        pages, token = [], ""
        while True:
            page = run.watcher.get(f"{run.auction}:export?page_size=7&page_token={token}").json
            self.assertLessEqual(len(page["lines"]), 7)
            pages += page["lines"]
            token = page["next_page_token"]
            if not token:
                break
        self.assertEqual("".join(line + "\n" for line in pages), text)
        for secret in set().union(*run.identities()) | {"people/", "organizations/" + "示范"}:
            self.assertNotIn(secret, text)
        replayed = self.auction("replay", path, "--json")
        self.assertEqual(replayed.returncode, 0, replayed.stdout[-2000:])
        result = json.loads(replayed.stdout.splitlines()[-1])
        self.assertEqual((result["result"], result["winner"], result["price_fen"], result["log_hash"], result["same"]),
                         ("WINNER", auction["leading_bid"]["bidder_code"], PRICE_FEN, auction["log_hash"], True))
        self.assertEqual(result["accepted"], len(expected["bids"]))
        changed = text.replace(f'"price_fen":{PRICE_FEN}', f'"price_fen":{PRICE_FEN + 1}', 1)
        self.assertNotEqual(changed, text)
        with open(path, "w") as file:
            file.write(changed)
        self.assertEqual(self.auction("replay", path).returncode, 1)

    def auction(self, *words):
        return subprocess.run([BINARY, "auction", *words], capture_output=True, text=True, timeout=60)

    def test_what_cannot_be_exported_is_refused(self):
        server = ["--server", f"https://localhost:{self.ttx.https_port}", "--ca", self.ttx.path("certs/ca.pem")]
        out = self.ttx.path("nothing.jsonl")
        unknown = self.auction("export", "auctions/none", *server, "--out", out)
        self.assertEqual((unknown.returncode, unknown.stdout), (1, ""))
        self.assertIn("NOT_FOUND", unknown.stderr)
        self.assertFalse(os.path.exists(out))
        nobody = self.auction("export", "auctions/none", "--server", "https://localhost:1", "--ca",
                              self.ttx.path("certs/ca.pem"))
        self.assertEqual((nobody.returncode, nobody.stdout), (2, ""), nobody.stderr)
        for words in (["--ca", "x"], ["--server", "https://localhost", "--data", self.ttx.folder]):
            self.assertEqual(self.auction("export", "auctions/none", *words).returncode, 64, words)
        for query, field in [("page_token=*", "page_token"), ("page_size=-1", "page_size")]:
            answer = self.ttx.request("GET", "/v1/auctions/none:export?" + query)
            self.assertEqual((answer.status, answer.json["violations"][0]["field"]), (400, field))

    def test_multi(self):
        self.check_mode("MULTI")

    def test_dynamic(self):
        self.check_mode("DYNAMIC")

    def test_english(self):
        self.check_mode("ENGLISH")

    def test_sealed(self):
        self.check_mode("SEALED")

    def test_weighted(self):
        self.check_mode("WEIGHTED")

    def test_dutch(self):
        self.check_mode("DUTCH")

    def test_tender(self):
        self.check_mode("TENDER")

    def test_an_unknown_mode_is_wrong_use(self):
        for mode in ["LOTTERY", "multi", ""]:
            done = subprocess.run([BINARY, "demo", "--config", self.ttx.path("ttx.conf"), "--mode", mode],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (64, ""), done.stderr)
            self.assertTrue(all(name in done.stderr.splitlines()[0] for name in MODES), done.stderr)


if __name__ == "__main__":
    unittest.main()
