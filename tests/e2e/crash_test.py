"""One key, one effect: N62, N64 and N65 of reliability.md 3.4 on the real binary. strace holds the server at the exact
point, or fails the write, and kill -9 does the rest."""

import glob
import os
import threading
import unittest

from installation import ROLES
from seeded import Seeded
from traced import Trace

PARALLEL = 50
HOLD_SECONDS = 30
SYNC_CALLS = "fdatasync,fsync,sync_file_range"


def log_of_store(ttx, service="auction"):
    """The write-ahead log a service appends to."""
    return max(glob.glob(ttx.path(f"data/{service}/rocksdb/*.log")), key=lambda name: int(os.path.basename(name)[:-4]))


def process_of(ttx, service):
    return ttx.processes[ROLES.index(service) if ttx.split else 0]


class Parallel(unittest.TestCase):
    def race(self, ttx, prices, key):
        """The answers to one bid per price, all with one key, sent at once."""
        token = ttx.bidder_token()
        barrier, answers = threading.Barrier(len(prices)), []

        def send(price):
            connection = ttx.connect()
            connection.connect()
            barrier.wait()
            answers.append(ttx.bid(token, price, key=key, connection=connection))
            connection.close()

        threads = [threading.Thread(target=send, args=(price,)) for price in prices]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), len(prices))
        return answers

    def test_n62_one_key_many_times_at_once(self):
        for split in (False, True):
            with self.subTest(split=split), Seeded(bidders=1, spread=1, split=split) as ttx:
                for round_number in range(5):
                    price = 20_000 + 1000 * round_number
                    answers = self.race(ttx, [price] * PARALLEL, f"key-{round_number}")
                    self.assertEqual({answer.status for answer in answers}, {200},
                                     [answer.body for answer in answers if answer.status != 200][:1])
                    self.assertEqual(len({answer.body for answer in answers}), 1, "different answers")
                    first = [answer for answer in answers if "Idempotent-Replayed" not in answer.headers]
                    self.assertEqual(len(first), 1)
                    self.assertEqual(len(ttx.bids()), round_number + 1)
                    self.assertEqual(ttx.bids()[-1][1], price)

    def test_n62_one_key_with_different_bodies_at_once(self):
        with Seeded(bidders=1, spread=1) as ttx:
            answers = self.race(ttx, [20_000 + 100 * i for i in range(PARALLEL)], "one")
            accepted = [answer for answer in answers if answer.status == 200]
            self.assertEqual(len(accepted), 1)
            for answer in answers:
                if answer.status != 200:
                    self.assertEqual((answer.status, answer.json["reason"]), (409, "REQUEST_ID_REUSED"))
            self.assertEqual(ttx.bids(), [(1, int(accepted[0].json["price_fen"]))])


class Crashes(unittest.TestCase):
    def send(self, ttx, token, price, key):
        """Sends a bid without waiting for its answer."""
        body = f'{{"price_fen": "{price}"}}'
        connection = ttx.tls()
        connection.sendall(f"POST /v1/{ttx.auction}/bids HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                           f"\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\nContent-Length: {len(body)}"
                           f"\r\n\r\n{body}".encode())
        return connection

    def kill(self, ttx, trace):
        """kill -9 of every process, and of the tracer that holds one of them, in this order."""
        for process in ttx.processes:
            process.kill()
        trace.strace.kill()
        ttx.kill()

    def check_no_answer(self, connection):
        connection.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            connection.recv(1)

    def check_retry(self, ttx, before, price, key):
        """After the restart the same key gives the stored answer, as often as one asks."""
        token = ttx.bidder_token()
        self.assertEqual(ttx.bids(), before + [(len(before) + 1, price)], "not there, or not once")
        for _ in range(3):
            answer = ttx.bid(token, price, key=key)
            self.assertEqual((answer.status, answer.headers["Idempotent-Replayed"]), (200, "true"), answer.body)
            self.assertEqual((int(answer.json["number"]), int(answer.json["price_fen"])), (len(before) + 1, price))
        answer = ttx.bid(token, price + 1000, key=key)
        self.assertEqual((answer.status, answer.json["reason"]), (409, "REQUEST_ID_REUSED"))
        self.assertEqual(len(ttx.bids()), len(before) + 1)
        self.assertEqual(ttx.bid(token, price + 1000).status, 200, "bidding goes on")

    def test_n64_killed_after_the_commit_and_before_the_answer(self):
        for split in (False, True):
            with self.subTest(split=split), Seeded(bidders=1, spread=1, split=split) as ttx:
                token = ttx.bidder_token()
                self.assertEqual(ttx.bid(token, 20_000).status, 200)
                hold = ["-P", log_of_store(ttx), "-e", "trace=" + SYNC_CALLS, "-e",
                        f"inject={SYNC_CALLS}:delay_exit={HOLD_SECONDS}s"]
                with Trace(process_of(ttx, "auction"), hold) as trace:
                    with self.send(ttx, token, 30_000, "lost") as connection:
                        trace.wait_for(r"sync\(")  # the log is on disk; the thread that would answer is held
                        self.check_no_answer(connection)
                        self.kill(ttx, trace)
                ttx.start()
                self.check_retry(ttx, [(1, 20_000)], 30_000, "lost")

    def test_n64_killed_before_the_commit(self):
        """The other side of the same point: nothing was written, so the retry is the first."""
        with Seeded(bidders=1, spread=1) as ttx:
            token = ttx.bidder_token()
            self.assertEqual(ttx.bid(token, 20_000).status, 200)
            hold = ["-P", log_of_store(ttx), "-e", "trace=write,pwrite64,writev", "-e",
                    f"inject=write,pwrite64,writev:delay_enter={HOLD_SECONDS}s"]
            with Trace(process_of(ttx, "auction"), hold) as trace:
                with self.send(ttx, token, 30_000, "lost") as connection:
                    trace.wait_for(r"write")
                    self.check_no_answer(connection)
                    self.kill(ttx, trace)
            ttx.start()
            self.assertEqual(ttx.bids(), [(1, 20_000)])
            answer = ttx.bid(ttx.bidder_token(), 30_000, key="lost")
            self.assertEqual((answer.status, answer.headers["Idempotent-Replayed"]), (200, None), answer.body)
            self.check_retry(ttx, [(1, 20_000)], 30_000, "lost")

    def test_n65_a_write_whose_outcome_is_unknown(self):
        """A sync that fails may or may not have kept the bytes: the service stops and never says yes or no."""
        with Seeded(bidders=1, spread=1, split=True) as ttx:
            token = ttx.bidder_token()
            self.assertEqual(ttx.bid(token, 20_000).status, 200)
            auction = process_of(ttx, "auction")
            with Trace(auction, ["-P", log_of_store(ttx), "-e", "trace=" + SYNC_CALLS, "-e",
                                 f"inject={SYNC_CALLS}:error=EIO"]) as trace:
                answer = ttx.bid(token, 30_000, key="unknown")
                self.assertEqual((answer.status, answer.json["reason"]), (503, "OUTCOME_UNKNOWN"), answer.body)
                trace.wait_for(r"EIO")
                self.assertNotEqual(auction.wait(timeout=20), 0, "it goes on after a failed sync")
            self.assertEqual(ttx.bid(token, 30_000, key="unknown").status, 503)
            ttx.kill()
            ttx.start()
            stored = ttx.bids()
            self.assertIn(stored, ([(1, 20_000)], [(1, 20_000), (2, 30_000)]))
            answer = ttx.bid(ttx.bidder_token(), 30_000, key="unknown")
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(answer.headers["Idempotent-Replayed"], "true" if len(stored) == 2 else None)
            self.check_retry(ttx, [(1, 20_000)], 30_000, "unknown")


if __name__ == "__main__":
    unittest.main()
