"""kill -9 at random moments under bidding load: every acknowledged bid is there after the restart, none is there twice,
and the winner is the last accepted bid (invariants S1, A1, A18 of reliability.md)."""

import datetime
import json
import os
import random
import subprocess
import threading
import time
import unittest

from installation import BINARY, Installation

KILLS = int(os.environ.get("TTX_KILLS", "200"))
THREADS = 4
SEED = int(os.environ.get("TTX_SEED", str(int(time.time()))))
SEED_TOOL = os.path.join(os.path.dirname(BINARY), "tests/bench/ttx_bench_seed")
START_FEN, STEP_FEN = 10_000, 100  # tests/bench/load.h


def seconds(time_text):
    """Whole seconds of a time such as 2026-11-22T14:24:17.818574722Z."""
    return int(datetime.datetime.fromisoformat(time_text[:19] + "+00:00").timestamp())


class Bidding:
    """Closed-loop bidders; every request's fate is remembered by its key."""

    def __init__(self, ttx, auction, clients):
        self.ttx, self.auction = ttx, auction
        self.clients = clients
        self.tokens = [None] * len(clients)
        self.lock = threading.Lock()
        self.step = 0
        self.sent = {}  # key -> (client, price), for what has no answer yet
        self.accepted = {}  # key -> (number, price)
        self.refused = {}  # key -> reason
        self.surprises = []

    def next_bid(self, client):
        with self.lock:
            self.step += 1
            key, price = f"bid-{self.step}", START_FEN + STEP_FEN * self.step
            self.sent[key] = (client, price)
            return key, price

    def send(self, connection, client, key, price):
        """True once the request has an answer."""
        try:
            if self.tokens[client] is None:
                self.tokens[client] = self.ttx.token(*self.clients[client])
            answer = self.ttx.request("POST", f"/v1/{self.auction}/bids", {"price_fen": str(price)},
                                      token=self.tokens[client], key=key, connection=connection)
        except Exception:  # whatever breaks when the server dies under a request
            return False
        with self.lock:
            if answer.status == 200:
                bid = (int(answer.json["number"]), int(answer.json["price_fen"]))
                if self.accepted.setdefault(key, bid) != bid:
                    self.surprises.append((key, self.accepted[key], bid))
            elif answer.status == 409:
                self.refused[key] = answer.json["reason"]
            else:
                if answer.status not in (401, 429, 503, 504):
                    self.surprises.append((key, answer.status, answer.body))
                self.tokens[client] = None
                return False
            self.sent.pop(key, None)
        return True

    def run_until(self, stop):
        def loop(client):
            connection = self.ttx.connect()
            while not stop.is_set():
                key, price = self.next_bid(client)
                if not self.send(connection, client, key, price):
                    return
        threads = [threading.Thread(target=loop, args=(client,)) for client in range(len(self.clients))]
        for thread in threads:
            thread.start()
        return threads

    def resolve(self):
        """After a restart the same keys tell what became of the requests that got no answer."""
        connection = self.ttx.connect()
        for key, (client, price) in list(self.sent.items()):
            deadline = time.monotonic() + 20
            while not self.send(connection, client, key, price):
                if time.monotonic() > deadline:
                    raise AssertionError(f"{key} stays without an answer")
                connection.close()
                time.sleep(0.02)


class KillTest(unittest.TestCase):
    def read_bids(self, ttx, auction):
        bids, token = [], ""
        connection = ttx.connect()
        while True:
            page = ttx.request("GET", f"/v1/{auction}/bids?page_size=200" + (f"&page_token={token}" if token else ""),
                               connection=connection).json
            bids += page["bids"]
            token = page["next_page_token"]
            if not token:
                return bids

    def test_acknowledged_bids_survive(self):
        chance = random.Random(SEED)
        with Installation(start=False) as ttx:
            subprocess.run([SEED_TOOL, "--data", ttx.path("data"), "--out", ttx.folder, "--secrets-key",
                            ttx.path("keys/secrets.key"), "--bidders", str(THREADS), "--spread", "1"],
                           check=True, capture_output=True)
            auction = open(ttx.path("auctions.hot")).read().split()[0]
            clients = [line.split()[:2] for line in open(ttx.path("bidders"))]
            bidding = Bidding(ttx, auction, clients)
            ttx.start()
            for kill in range(KILLS):
                stop = threading.Event()
                threads = bidding.run_until(stop)
                time.sleep(chance.uniform(0.01, 0.25))
                ttx.kill()
                stop.set()
                for thread in threads:
                    thread.join()
                ttx.start()
                bidding.resolve()
                self.assertEqual(bidding.surprises, [], f"seed {SEED}, kill {kill}")
                if kill % 20 == 19:
                    print(f"kill {kill + 1}/{KILLS}: {len(bidding.accepted)} accepted, "
                          f"{len(bidding.refused)} refused", flush=True)
            bids = self.read_bids(ttx, auction)
            stored = {int(bid["number"]): int(bid["price_fen"]) for bid in bids}
            self.assertEqual(sorted(stored), list(range(1, len(bids) + 1)), f"seed {SEED}")
            self.assertEqual(stored, {number: price for number, price in bidding.accepted.values()}, f"seed {SEED}")
            self.assertEqual(len(set(bidding.accepted.values())), len(bidding.accepted), "a bid counts twice")
            self.assertGreater(len(bids), KILLS)
            leading = ttx.request("GET", f"/v1/{auction}").json["leading_bid"]
            self.assertEqual((int(leading["number"]), int(leading["price_fen"])), max(bidding.accepted.values()))
            # Each outage of more than 250 ms has moved the end by itself and by a cycle, which is a day here.
            shown = ttx.request("GET", f"/v1/{auction}").json
            left = seconds(shown["phase_end_time"]) - seconds(shown["server_time"])
            ttx.request("POST", "/v1/sandbox/clock:advance", {"duration": f"{left + 60}s"}, token=ttx.admin_token())
            deadline = time.monotonic() + 20
            while ttx.request("GET", f"/v1/{auction}").json["state"] != "CLOSED":
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
            closed = ttx.request("GET", f"/v1/{auction}").json
            self.assertEqual(closed["outcome"], "WINNER")
            self.assertEqual(int(closed["leading_bid"]["price_fen"]), max(stored.values()))


if __name__ == "__main__":
    unittest.main()
