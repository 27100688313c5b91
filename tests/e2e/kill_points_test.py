"""`kill -9` at chosen points of a 200-bid auction, and the same result as if nothing had happened (A1, A4, A7, A18,
S1, S2 of reliability.md 2.5).

One script of 200 commands - accepted bids of four bidders, and among them bids that are refused for each of four
reasons - is carried through on a server that nobody disturbs. Then the same script is carried through once more in
further auctions, and the server is killed once for each command, at one of five moments:

  BEFORE    before the command is sent
  SENT      as soon as its last byte is written
  FLIGHT    0 to 4 ms later, while it is being decided, synced and answered
  ANSWERED  as soon as its answer is here
  STARTING  before it is sent, and once more while the server starts again

After the restart the command is sent under the same Idempotency-Key until it has an answer. Then: every answer,
accepted or refused, is that of the undisturbed run; an answer that was acknowledged before the kill comes again, as
a replay (a refusal with another trace); each refusal is recorded once; after the close the accepted bids (number,
bidder, price), the winner, its price and the outcome are those of the undisturbed run; the export of the session
reproduces in `ttx auction replay`; and its log holds each bid once.

200 points by default, in one auction whose command i dies at moment (i mod 5): about 80 seconds. `--points 1000`
(or TTX_KILL_POINTS=1000) runs five auctions, so that every command dies at every one of the five moments: about
eight minutes. TTX_SEED fixes the random moments. The clock of the sandbox is never set before the end: each
accepted bid leaves 24 h, and an outage only adds to that.
"""

import json
import os
import random
import re
import subprocess
import sys
import time
import unittest

from installation import BINARY
from seeded import START_FEN, STEP_FEN, Seeded

COMMANDS, BIDDERS = 200, 4
MOMENTS = ["BEFORE", "SENT", "FLIGHT", "ANSWERED", "STARTING"]
POINTS = int(os.environ.get("TTX_KILL_POINTS", "200"))
SEED = int(os.environ.get("TTX_SEED", str(int(time.time()))))
FLIGHT_SECONDS, STARTING_SECONDS, ANSWER_SECONDS = 0.004, 0.5, 20


def script():
    """(bidder, price, bidder code claimed or None) of each command, and no two of them alike."""
    chance, price, commands, leader = random.Random(1), START_FEN, [], None
    for number in range(COMMANDS):
        kind = chance.choice(["RAISE"] * 8 + ["LOW", "OFF_STEP", "CODE", "NOBODY"])
        bidder = chance.choice([bidder for bidder in range(BIDDERS) if bidder != leader])
        if kind == "RAISE" or number == 0:
            price += STEP_FEN * chance.randint(1, 5)
            leader = bidder
            commands.append((bidder, price, None))
        elif kind == "LOW":
            commands.append((bidder, price, None))
        elif kind == "OFF_STEP":
            commands.append((bidder, price + STEP_FEN // 2, None))
        elif kind == "CODE":
            commands.append((bidder, price + STEP_FEN, f"B{(bidder + 1) % BIDDERS:04d}"))
        else:
            commands.append((bidder, START_FEN - STEP_FEN, None))
    return commands


def lasting(answer):
    """What is the same in the answer and in its replay: of a refusal all but the number of the request's trace."""
    status, body, replayed = answer
    if status == 200:
        return status, body, replayed
    return status, {name: value for name, value in json.loads(body).items() if name != "trace_id"}


class Run:
    """The script in one auction. `answers` are what each command became: number and price, or the reason."""

    def __init__(self, test, ttx, auction, chance=None):
        self.test, self.ttx, self.auction, self.chance = test, ttx, auction, chance
        self.tokens = {}
        self.answers = []
        self.kills, self.unanswered, self.had_effect = 0, 0, 0
        self.connection = None

    # --- One request

    def open(self):
        """A connection that is greeted, with a token that is good: what is measured next is the bid alone."""
        if self.connection is None:
            self.connection = self.ttx.connect()
            self.connection.connect()
        return self.connection

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def token(self, bidder):
        if bidder not in self.tokens:
            self.tokens[bidder] = self.ttx.bidder_token(bidder)
        return self.tokens[bidder]

    def write(self, number, command):
        """Sends a command and waits for nothing."""
        bidder, price, code = command
        body = {"price_fen": str(price), **({"bidder_code": code} if code else {})}
        self.open().request("POST", f"/v1/{self.auction}/bids", json.dumps(body), {
            "Authorization": "Bearer " + self.token(bidder), "Content-Type": "application/json",
            "Accept-Language": "en", "Idempotency-Key": f"{self.auction}-{number}"})

    def read(self):
        """(status, body, whether it is a replay); None when the server dies before the whole answer is here."""
        try:
            response = self.connection.getresponse()
            return response.status, response.read(), "Idempotent-Replayed" in response.headers
        except OSError:
            return None
        except Exception as error:  # http.client's own, for half an answer
            if type(error).__module__ != "http.client":
                raise
            return None

    def send(self, number, command):
        """Until there is an answer that says what became of it."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            self.write(number, command)
            answer = self.read()
            self.test.assertIsNotNone(answer, f"command {number}: nobody disturbs it now")
            if answer[0] in (200, 409):
                return answer
            self.test.assertIn(answer[0], (401, 429, 503, 504), answer[1])
            self.tokens.clear()
            self.test.assertLess(time.monotonic(), deadline, f"command {number} stays without an answer")
            time.sleep(0.02)

    # --- The kill

    def restart(self, during_start=False):
        self.close()
        if during_start:
            self.ttx.start(wait=False)
            time.sleep(self.chance.uniform(0, STARTING_SECONDS))  # the moment of the second kill
            self.ttx.kill()
        self.ttx.start()

    def kill(self):
        self.ttx.kill()
        self.kills += 1

    def disturbed(self, number, command, moment):
        """Carries a command through, with the kill at its moment; the answer after the restart."""
        before = None
        if moment in ("BEFORE", "STARTING"):
            self.kill()
        else:
            self.open()
            self.token(command[0])
            self.write(number, command)
            if moment == "FLIGHT":
                time.sleep(self.chance.uniform(0, FLIGHT_SECONDS))
            if moment == "ANSWERED":
                before = self.read()
                self.test.assertIsNotNone(before)
                if before[0] not in (200, 409):  # a token that a restart outlived says nothing of the bid
                    before = None
            self.kill()
            if moment != "ANSWERED":
                before = self.read()  # the kernel may hold what the server has written
        self.restart(during_start=moment == "STARTING")
        after = self.send(number, command)
        if before is not None:
            self.test.assertEqual(lasting(after), lasting(before[:2] + (before[0] == 200,)),
                                  f"command {number}, {moment}: an acknowledged answer is not there any more")
        elif moment in ("SENT", "FLIGHT"):
            self.unanswered += 1
            self.had_effect += after[2]
        return after

    # --- The whole

    def carry(self, first_moment=None):
        for number, command in enumerate(script()):
            if first_moment is None:
                answer = self.send(number, command)
            else:
                answer = self.disturbed(number, command, MOMENTS[(number + first_moment) % len(MOMENTS)])
            found = json.loads(answer[1])
            self.answers.append((found["number"], found["price_fen"], found["bidder_code"]) if answer[0] == 200
                                else found["reason"])
            if number % 50 == 49 and self.kills:
                print(f"{self.kills} kills; of {self.unanswered} commands without an answer {self.had_effect} were "
                      "accepted bids", flush=True)
        self.close()

    def end(self):
        """Past the end, wherever outages have moved it; the closed session."""
        admin, deadline = self.ttx.admin_token(), time.monotonic() + ANSWER_SECONDS
        while True:
            auction = self.ttx.request("GET", f"/v1/{self.auction}").json
            if auction["state"] == "CLOSED":
                return auction
            self.test.assertLess(time.monotonic(), deadline)
            answer = self.ttx.request("POST", "/v1/sandbox/clock:advance", {"duration": "86401s"}, token=admin)
            if answer.status == 401:
                admin = self.ttx.admin_token()

    def result(self):
        """What must not depend on any crash."""
        auction, bids, page_token = self.end(), [], ""
        while True:
            page = self.ttx.request("GET", f"/v1/{self.auction}/bids?page_size=200&page_token={page_token}").json
            bids += [(bid["number"], bid["price_fen"], bid["bidder_code"]) for bid in page["bids"]]
            page_token = page["next_page_token"]
            if not page_token:
                break
        refused = [(bid["bidder_code"], bid["price_fen"], bid["reason"]) for bidder in range(BIDDERS)
                   for bid in self.refused_bids(bidder)]
        leading = auction["leading_bid"]
        return {"answers": self.answers, "bids": bids, "refused": sorted(refused), "outcome": auction["outcome"],
                "count": auction["bid_count"],
                "winner": (leading["number"], leading["price_fen"], leading["bidder_code"])}

    def refused_bids(self, bidder):
        """Those of one bidder, as it sees them itself."""
        self.tokens.clear()  # the clock has moved
        answer = self.ttx.request("GET", f"/v1/{self.auction}/refusedBids?page_size=200", token=self.token(bidder))
        self.test.assertEqual((answer.status, answer.json["next_page_token"]), (200, ""), answer.body)
        return answer.json["refused_bids"]

    def exported(self):
        """The session's file, by `ttx auction export`; no server runs."""
        path = os.path.join(self.ttx.folder, self.auction.split("/")[1] + ".jsonl")
        subprocess.run([BINARY, "auction", "export", self.auction, "--config", self.ttx.path("ttx.conf"), "--out",
                        path], check=True, capture_output=True)
        return path


class Installed(Seeded):
    """A seeded installation whose start need not be waited for."""

    def start(self, wait=True):
        self.wait = wait
        super().start()

    def wait_ready(self):
        if self.wait:
            super().wait_ready()


class KillPoints(unittest.TestCase):
    maxDiff = 2000

    def check_replay(self, run, result):
        path = run.exported()
        done = subprocess.run([BINARY, "auction", "replay", path], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout[-500:] + done.stderr)
        accepted = [line.split("|")[3:6] for line in done.stdout.splitlines()
                    if re.match(r" *\d+  BidAccepted\|", line)]
        self.assertEqual([(number, price, code) for number, code, price in accepted], result["bids"])

    def test_the_result_is_the_same_wherever_the_server_dies(self):
        self.assertEqual(POINTS % COMMANDS, 0, f"points come in rounds of {COMMANDS}")
        rounds = POINTS // COMMANDS
        self.assertLessEqual(rounds, len(MOMENTS))
        chance, begun = random.Random(SEED), time.monotonic()
        with Installed(bidders=BIDDERS, spread=rounds) as ttx:
            calm = Run(self, ttx, ttx.auction)
            calm.carry()
            disturbed = []
            for first_moment, auction in enumerate(ttx.spread):
                run = Run(self, ttx, auction, chance)
                run.carry(first_moment)
                disturbed.append(run)
            expected = calm.result()
            self.check_undisturbed(expected)
            results = [run.result() for run in disturbed]
            ttx.stop()
            for run, result in zip(disturbed, results):
                for key, value in expected.items():
                    self.assertEqual(result[key], value, f"seed {SEED}, {run.auction}: {key}")
                self.check_replay(run, result)
            kills = sum(run.kills for run in disturbed)
            self.assertEqual(kills, POINTS)
            print(f"{kills} points (and {POINTS // len(MOMENTS)} kills of starting servers), one result: "
                  f"{time.monotonic() - begun:.0f} s", flush=True)

    def check_undisturbed(self, result):
        """The script is worth the kills: it has a winner, and its refusals are of every kind."""
        accepted = [answer for answer in result["answers"] if isinstance(answer, tuple)]
        self.assertEqual(accepted, result["bids"])
        self.assertGreater(len(accepted), COMMANDS // 2)
        self.assertEqual(set(result["answers"]) - set(accepted),
                         {"NOT_HIGHER", "NOT_MULTIPLE", "WRONG_BIDDER_CODE", "BELOW_START"})
        self.assertEqual((result["outcome"], result["winner"]), ("WINNER", accepted[-1]))


if __name__ == "__main__":
    if "--points" in sys.argv:
        at = sys.argv.index("--points")
        POINTS = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    unittest.main()
