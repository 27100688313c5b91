"""Two runs that differ only in the sealed amounts look the same until the envelopes are opened (A13 of reliability.md
2.5, N92 of 3.4).

An installation is brought to a scheduled session of sealed prices and stopped; its folder is copied. Run one goes
on from the folder, run two from the copy in its place: the same keys, names, codes and ports. Both carry out the
same commands under the same Idempotency-Keys, with envelopes made from the same seeds for other amounts, of nine
to sixteen digits. Everything that can be seen is written down: each answer with its headers,
everything that every caller can read (all GETs of the API by twelve callers, at four moments), the streams of
events, the log of the server, its metrics. The two are compared byte for byte, after this and nothing else was
replaced:

  in everything   times and spans with a fraction of a second (when something happened, not what the rules say):
                  `<time>`, `<span>`; the trace of a request: `<trace>`; hexadecimal of 64 digits, that is digests,
                  which depend on the ciphertext: `<hex 1>`, `<hex 2>`, ... in the order in which they appear; base64
                  of 60 characters or more, that is envelopes and signatures: `<base64 of N characters>`, signatures
                  (their DER has 70 to 72 bytes) without N
  in headers      Date, and Content-Length (the masked body is compared, the raw one has times with and without their
                  last digits)
  in the log      `latency_us`; lines are compared as a multiset, because requests of feeds run beside the others;
                  the calls of the services' own feeds (ListEvents by services/*), whose number depends on time, are
                  left out
  in the metrics  of the latencies, their sums and buckets; the values of those feeds' calls

That the comparison can fail is shown by the opening: what everybody can read after it, and the stream, hold the
amounts and differ.
"""

import base64
import collections
import difflib
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from crawler import Watcher, crawl
from installation import Installation
from market import KeyHolders, Market, sealed

WAIT_SECONDS = 20
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
SPAN = re.compile(r"\b\d+\.\d+s\b")
TRACE = re.compile(r"\b(?:00-)?[0-9a-f]{32}(?:-[0-9a-f]{16}-01)?\b")
DIGEST = re.compile(r"(?<![0-9A-Za-z+/_-])[0-9a-f]{64}(?![0-9A-Za-z+/_-])")
SIGNATURE = re.compile(r"(?<=signature ECDSA-P256-SHA256 )[A-Za-z0-9_/+-]{90,98}={0,2}")
BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{60,}={0,2}")
LATENCY = re.compile(r'"latency_us":\d+')
SEEN_HEADERS = {"date", "content-length"}  # left out


class Mask:
    """Replaces what the docstring says; one for each run."""

    def __init__(self):
        self.digests = {}

    def __call__(self, text):
        text = text.decode() if isinstance(text, bytes) else text
        text = SPAN.sub("<span>", TIME.sub("<time>", text))
        text = DIGEST.sub(lambda found: f"<hex {self.digests.setdefault(found[0], len(self.digests) + 1)}>", text)
        text = SIGNATURE.sub("<signature>", text)
        text = BASE64.sub(lambda found: f"<base64 of {len(found[0])} characters>", text)
        return TRACE.sub("<trace>", text)


class Twin:
    """One run: `seen` is what could be seen before the opening, as (what, text); `opened` what could be seen after."""

    def __init__(self, ttx, market, session, holders, amounts):
        self.ttx, self.market, self.session, self.holders, self.amounts = ttx, market, session, holders, amounts
        self.mask = Mask()
        self.seen, self.opened, self.commands = [], [], 0
        self.into = self.seen

    def note(self, what, text):
        self.into.append((what, self.mask(text)))

    # --- What is done

    def command(self, actor, path, body, key=None):
        """One write, with its answer written down."""
        self.commands += 1
        answer = self.market.call("POST", path, actor, body, key or f"twin-{self.commands}")
        headers = sorted(f"{name.lower()}: {value}" for name, value in answer.headers.items()
                         if name.lower() not in SEEN_HEADERS)
        self.note(f"command {self.commands}", "\n".join([f"{path} {answer.status}", *headers, answer.body.decode()]))
        return answer

    def envelope(self, bidder, version, fen):
        """From a seed that is the same in both runs."""
        seed = sealed.p.sha256(f"twin {bidder} {version}".encode())
        return sealed.seal(seed, self.session.context(bidder, version), self.holders.set, "price",
                           f"ttx-price-v1\nfen {fen}\n".encode())

    def submit(self, bidder, envelope, key=None):
        return self.command(self.market.bidders[bidder], self.session.name + "/envelopes",
                            {"content": base64.b64encode(envelope).decode()}, key)

    def wait_for(self, word):
        """Until a stream tells it: the number of requests must not depend on time."""
        deadline = time.monotonic() + WAIT_SECONDS
        while word not in self.public.text:
            assert time.monotonic() < deadline, (word, self.public.text)
            time.sleep(0.01)

    def advance(self, seconds):
        self.command(self.market.admin, "sandbox/clock:advance", {"duration": f"{seconds}s"})

    def carry(self):
        market, session = self.market, self.session
        self.public = Watcher(self.ttx, session.name + "/events")
        market.advance_to(session.public()["start_time"])
        self.wait_for(b'"state":"SUBMITTING"')
        self.staff = Watcher(self.ttx, "auctionEvents:stream", market.fresh_token(market.officer))
        envelopes = [self.envelope(bidder, version, self.amounts[bidder, version]) for bidder, version in
                     ((0, 1), (1, 1), (0, 2))]
        self.submit(0, envelopes[0], "first")
        self.submit(0, envelopes[0], "first")  # a retry
        self.submit(0, envelopes[2], "first")  # the key with another body
        self.submit(1, envelopes[0])  # somebody else's
        self.submit(1, envelopes[1])
        self.submit(0, envelopes[2])
        self.submit(0, envelopes[2])  # one more than the rules allow
        self.look("SUBMITTING")
        self.advance(3600)
        self.wait_for(b'"state":"CLOSED_FOR_OPENING"')
        self.submit(2, self.envelope(2, 1, self.amounts[0, 1]))  # late
        self.look("CLOSED_FOR_OPENING")
        self.command(market.officer, session.name + ":requestOpening", {"reason": "The time is over."})
        act = market.get(session.name + "/pendingAct", market.officer)
        for officer in (market.officer, market.second_officer):  # the first one may not
            self.command(officer, session.name + ":confirmAct", {"act": "OPEN", "etag": act["etag"]})
        self.look("SHARES_COLLECTING")
        reports = [session.report(self.holders, name) for name in self.holders.names]
        for text in (reports[0].replace("share ", "share 0", 1), reports[0], reports[0]):
            self.command(market.clerk, session.name + ":handInShares", {"report": text})
        self.look("one share fewer than needed")
        self.finish()
        self.into = self.opened
        self.command(market.clerk, session.name + ":handInShares", {"report": reports[1]})
        self.public.thread.join(timeout=WAIT_SECONDS)  # the stream ends with the result
        self.look("opened")
        self.note("stream, opened", self.public.text)
        for watcher in (self.public, self.staff):
            watcher.close()
        market.disconnect()

    def wait_for_log(self):
        """Until the line of a last request is there, and with it those of the requests before."""
        trace = self.market.call("GET", "auctions/nowhere").json["trace_id"]
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            with open(self.ttx.path("server.log"), encoding="utf-8") as file:
                if any('"event":"request"' in line and trace in line for line in file):
                    return
            assert time.monotonic() < deadline, "the log does not show the last request"
            time.sleep(0.02)

    # --- What is seen

    def look(self, when):
        market = self.market
        actors = {"anybody": None, "administrator": market.admin, "second administrator": market.second_admin,
                  "kyc officer": market.kyc, "clerk": market.clerk, "officer": market.officer,
                  "second officer": market.second_officer, "reviewer": market.business, "bank": market.bank,
                  **{f"bidder {at}": bidder for at, bidder in enumerate(market.bidders)}}
        names = [f"{self.session.name}/bidders/{code}" for code in self.session.codes]
        found = crawl(market.call, actors, [self.session.name, f"{self.session.name}/bids/1", *names])
        for (who, path), body in sorted(found.items()):
            self.note(f"{when}: {path} to {who}", body)

    def finish(self):
        """The streams, the log and the metrics as they are before the opening."""
        self.note("public stream", self.public.text)
        self.note("staff's stream", self.staff.text)
        self.wait_for_log()
        with open(self.ttx.path("server.log"), encoding="utf-8") as file:
            lines = [LATENCY.sub("<latency>", self.mask(line)) for line in file if not of_feeds(line)]
        for line, count in sorted(collections.Counter(lines).items()):
            self.seen.append(("log", f"{count} times {line}"))
        connection = http.client.HTTPConnection("127.0.0.1", self.ttx.admin_port, timeout=10)
        connection.request("GET", "/metrics")
        series = [line for line in connection.getresponse().read().decode().splitlines() if not line.startswith("#")]
        connection.close()
        for line in sorted(series):
            name, value = line.rsplit(" ", 1)
            hidden = "_sum" in name or "_bucket" in name or 'method="ListEvents"' in name
            self.seen.append(("metric", name if hidden else f"{name} {value}"))


def of_feeds(line):
    if not line.startswith("{"):  # what the server says when it starts
        return False
    if not line.endswith("\n"):
        return True  # still being written, and so after the last answer
    found = json.loads(line)
    return found.get("method") == "ListEvents" and found.get("subject", "").startswith("services/")


def differences(one, two):
    """What differs, with a few lines of each."""
    if one == two:
        return []
    lines = [[f"{what}: {text}" for what, text in run] for run in (one, two)]
    return [line[:400] for line in difflib.unified_diff(*lines, "one", "two", lineterm="", n=0)
            if not line.startswith("@@")]


class Twins(unittest.TestCase):
    def test_runs_that_differ_only_in_sealed_amounts_look_the_same_until_the_opening(self):
        amounts = [{(0, 1): 100_000_001, (1, 1): 123_456_789, (0, 2): 150_000_000},
                   {(0, 1): 9_000_000_000_000_000, (1, 1): 8_765_432_109_876_543, (0, 2): 999_999_999}]
        away = tempfile.mkdtemp(prefix="ttx-e2e-holders-")
        self.addCleanup(shutil.rmtree, away, ignore_errors=True)
        holders, twins = KeyHolders(away), []
        with Installation() as ttx:
            market = Market(ttx, bidders=3)
            [session] = market.schedule([holders.rules()])
            market.disconnect()
            ttx.stop()
            copy = os.path.join(away, "copy")
            subprocess.run(["cp", "-a", "--sparse=always", ttx.folder, copy], check=True)
            for number, of_run in enumerate(amounts):
                if number:
                    self.put_back(ttx, copy)
                market.forget_tokens()
                ttx.start()
                twin = Twin(ttx, market, session, holders, of_run)
                twin.carry()
                self.assertEqual(ttx.stop(), [0], ttx.log_tail())
                twins.append(twin)
        self.check(*twins)

    def put_back(self, ttx, copy):
        ttx.log.close()
        shutil.rmtree(ttx.folder)
        subprocess.run(["cp", "-a", "--sparse=always", copy, ttx.folder], check=True)
        ttx.log = open(ttx.path("server.log"), "ab")

    def check(self, one, two):
        kinds = collections.Counter(re.sub(r"[ :].*", "", what) for what, _ in one.seen)
        print(f"compared: {sum(len(text) for _, text in one.seen)} characters in {len(one.seen)} pieces", flush=True)
        self.assertGreater(kinds["log"], 100)
        self.assertGreater(kinds["metric"], 100)
        statuses = [text.split(" ")[1][:3] for what, text in one.seen if what.startswith("command")]
        self.assertLessEqual({"200", "400", "409"}, set(statuses), statuses)
        self.assertEqual(differences(one.seen, two.seen), [])
        for twin in (one, two):
            for fen in twin.amounts.values():
                self.assertFalse([what for what, text in twin.seen if str(fen) in text], "an amount is seen")
            for standing in ((1, 1), (0, 2)):
                shown = {what for what, text in twin.opened if str(twin.amounts[standing]) in text}
                self.assertIn("stream, opened", shown, "an amount is not opened")
        self.assertGreater(len(differences(one.opened, two.opened)), 10, "the comparison sees nothing")


class Masks(unittest.TestCase):
    """What is masked hides no amount and no size."""

    def test_amounts_and_sizes_stay(self):
        for text in ('{"price_fen":"9000000000000000"}', '{"bid_count":"1"}', "2026-12-01T01:00:00Z", "a" * 59,
                     '"content":"' + "A" * 59 + '"'):
            self.assertEqual(Mask()(text), text)
        self.assertNotEqual(Mask()("A" * 1280), Mask()("A" * 1284))
        self.assertNotEqual(Mask()("a" * 64 + " " + "b" * 64), Mask()("a" * 64 + " " + "a" * 64))

    def test_a_feed_is_told_from_a_caller(self):
        self.assertTrue(of_feeds('{"method":"ListEvents","subject":"services/listing"}\n'))
        self.assertFalse(of_feeds('{"method":"ListEvents","subject":"apiClients/1"}\n'))


if __name__ == "__main__":
    unittest.main()
