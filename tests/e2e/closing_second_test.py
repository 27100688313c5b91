"""Clocks and the closing second: N103, N105, N108, N109 and N110 of reliability.md 3.4 on the real binary. What takes
a nanosecond, or a wall clock that jumps, is tested beside the code (tests/e2e/README.md, N104, N106, N107)."""

import threading
import time
import unittest

from installation import Installation
from market import Market, parse_time
from seeded import STEP_FEN, Seeded

CYCLE_NS = 24 * 3600 * 10**9  # of a seeded auction (tests/bench/seed.cc)
SECOND_NS = 10**9
CLIENTS, BIDS_EACH = 50, 10
WAIT_SECONDS = 20


class Closing(unittest.TestCase):
    """Sessions whose end is moved near with the sandbox's clock."""

    def begin(self, **options):
        ttx = Seeded(**options)
        self.addCleanup(ttx.__exit__)
        return ttx

    def read(self, ttx):
        return ttx.request("GET", f"/v1/{ttx.auction}").json

    def now(self, ttx):
        return parse_time(ttx.request("GET", "/v1/sandbox/clock").json["now"])

    def advance(self, ttx, nanoseconds):
        duration = f"{nanoseconds // SECOND_NS}.{nanoseconds % SECOND_NS:09d}s"
        answer = ttx.request("POST", "/v1/sandbox/clock:advance", {"duration": duration}, token=ttx.admin_token())
        self.assertEqual(answer.status, 200, answer.body)

    def first_bid(self, ttx):
        """With it the session is LIMITED and ends one cycle later; the end."""
        price = int(self.read(ttx)["min_acceptable_fen"])
        answer = ttx.bid(ttx.bidder_token(), price)
        self.assertEqual(answer.status, 200, answer.body)
        return price, parse_time(answer.json["phase_end_time"])

    def all_bids(self, ttx):
        bids, page_token = [], ""
        while True:
            page = ttx.request("GET", f"/v1/{ttx.auction}/bids?page_size=200&page_token={page_token}").json
            bids += page["bids"]
            page_token = page["next_page_token"]
            if not page_token:
                return bids

    def test_n103_what_a_client_says_of_the_time_is_nothing(self):
        ttx = self.begin()
        token, price = ttx.bidder_token(), int(self.read(ttx)["min_acceptable_fen"])
        for field in ("accept_time", "time", "phase_end_time"):
            answer = ttx.request("POST", f"/v1/{ttx.auction}/bids",
                                 {"price_fen": str(price), field: "2020-01-01T00:00:00Z"}, token=token)
            self.assertEqual((answer.status, answer.json["reason"]), (400, "INVALID_FIELD"), answer.body)
            self.assertEqual([found["field"] for found in answer.json["violations"]], [field])
        self.assertEqual(ttx.bids(), [])
        for date in ("Wed, 01 Jan 2020 00:00:00 GMT", "Thu, 31 Dec 2099 23:59:59 GMT", "now"):
            before = self.now(ttx)
            answer = ttx.bid(token, price, headers={"Date": date})
            self.assertEqual(answer.status, 200, answer.body)
            accepted = parse_time(answer.json["accept_time"])
            self.assertTrue(before < accepted < self.now(ttx), (date, answer.body))
            price += STEP_FEN

    def test_n105_many_bids_in_the_last_second(self):
        """Every one has an answer, numbers and times follow one another, each accepted one moves the end to a cycle
        after itself, and the last one leads."""
        ttx = self.begin(bidders=CLIENTS, spread=1)
        price, end = self.first_bid(ttx)
        answers, steps, lock = [], iter(range(1, CLIENTS * BIDS_EACH + 1)), threading.Lock()
        self.advance(ttx, end - self.now(ttx) - SECOND_NS * 10)
        tokens = [ttx.bidder_token(client) for client in range(CLIENTS)]
        barrier = threading.Barrier(CLIENTS + 1)

        def bid(client):
            connection = ttx.connect()
            connection.connect()
            barrier.wait()  # all are there
            barrier.wait()  # the last second has begun
            for _ in range(BIDS_EACH):
                with lock:
                    step = next(steps)
                answer = ttx.bid(tokens[client], price + step * STEP_FEN, connection=connection)
                with lock:
                    answers.append(answer)
            connection.close()

        threads = [threading.Thread(target=bid, args=(client,)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        barrier.wait()
        self.advance(ttx, end - self.now(ttx) - SECOND_NS)
        barrier.wait()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), CLIENTS * BIDS_EACH)
        accepted = {int(answer.json["number"]): answer.json for answer in answers if answer.status == 200}
        refused = [answer.json["reason"] for answer in answers if answer.status != 200]
        self.assertEqual(set(refused) - {"NOT_HIGHER", "SELF_LEADING"}, set(), "a bid is lost")
        bids = self.all_bids(ttx)
        self.assertEqual([int(found["number"]) for found in bids], list(range(1, len(bids) + 1)))
        self.assertEqual(set(accepted), set(range(2, len(bids) + 1)))
        times = [parse_time(found["accept_time"]) for found in bids]
        prices = [int(found["price_fen"]) for found in bids]
        self.assertTrue(all(one < other for one, other in zip(times, times[1:])))
        self.assertTrue(all(one < other for one, other in zip(prices, prices[1:])))
        self.assertLess(end - SECOND_NS, times[1])
        self.assertLess(times[1], end, "the first one came in the last second")
        for number, answer in accepted.items():
            self.assertEqual((int(answer["price_fen"]), parse_time(answer["accept_time"])),
                             (prices[number - 1], times[number - 1]), "an answer says something else than the log")
            self.assertEqual(parse_time(answer["phase_end_time"]), times[number - 1] + CYCLE_NS)
        auction = self.read(ttx)
        self.assertEqual((auction["state"], auction["leading_bid"]["price_fen"]), ("LIMITED", str(prices[-1])))
        self.assertEqual(parse_time(auction["phase_end_time"]), times[-1] + CYCLE_NS, "one extension, by the last one")
        print(f"{len(accepted)} of {len(answers)} accepted in the last second", flush=True)

    def test_n108_the_server_is_away_when_the_session_was_to_end(self):
        """Killed a moment before the end and back after it: nothing has closed, and there is at least a cycle again."""
        ttx = self.begin()
        price, end = self.first_bid(ttx)
        self.advance(ttx, end - self.now(ttx) - SECOND_NS)
        # The last thing that is written, so that the outage begins here and not before the clock was advanced.
        answer = ttx.bid(ttx.bidder_token(1), price)
        self.assertEqual((answer.status, answer.json["reason"]), (409, "NOT_HIGHER"))
        ttx.kill()
        deadline = time.monotonic() + 1.2  # of the outage: past the end by any clock
        while time.monotonic() < deadline:
            time.sleep(0.05)
        ttx.start()
        back = self.now(ttx)
        self.assertGreater(back, end, "the server came back before the end")
        self.assertNotEqual(self.read(ttx)["state"], "CLOSED")
        deadline = time.monotonic() + WAIT_SECONDS
        while (auction := self.read(ttx))["state"] != "LIMITED":  # after a suspension it goes on by itself
            self.assertLess(time.monotonic(), deadline, auction["state"])
            time.sleep(0.02)
        self.assertGreaterEqual(parse_time(auction["phase_end_time"]), end + CYCLE_NS)
        answer = ttx.bid(ttx.bidder_token(1), price + STEP_FEN)
        self.assertEqual(answer.status, 200, answer.body)
        end = parse_time(self.read(ttx)["phase_end_time"])
        self.advance(ttx, end - self.now(ttx) + SECOND_NS)
        while (auction := self.read(ttx))["state"] != "CLOSED":
            self.assertLess(time.monotonic(), deadline, auction["state"])
            time.sleep(0.02)
        self.assertEqual((auction["outcome"], auction["leading_bid"]["price_fen"]), ("WINNER", str(price + STEP_FEN)))
        answer = ttx.bid(ttx.bidder_token(), price + 2 * STEP_FEN)
        self.assertEqual((answer.status, answer.json["reason"]), (409, "PHASE_CLOSED"))


class Sessions(unittest.TestCase):
    """Sessions of a market."""

    def begin(self, bidders, rules):
        self.ttx = Installation()
        self.addCleanup(self.ttx.__exit__)
        self.market = Market(self.ttx, bidders)
        return self.market.schedule(rules)

    def test_n109_times_are_utc_and_nothing_else(self):
        [session] = self.begin(2, [{"mode": "MULTI"}])
        path, asked = session.name + ":requestAct", {"act": "CONTINUE", "reason": "FORCE_MAJEURE"}
        before = session.public()["etag"]
        for text in ("2026-12-20T10:00:00+08:00", "2026-12-20T10:00:00-00:00", "2026-12-20T10:00:00", "2026-12-20",
                     "2026-12-20 10:00:00Z", "2026-12-31T23:59:60Z", "2026-12-20T24:00:00Z", "2026-02-30T00:00:00Z",
                     "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "2026-12-20T10:00:00 Asia/Shanghai",
                     "2026-12-20T10:00:00.1234567890Z", "1797760800", 1797760800, "Sun, 20 Dec 2026 10:00:00 GMT", ""):
            answer = self.market.call("POST", path, self.market.clerk, {**asked, "resume_time": text})
            self.assertEqual((answer.status, answer.json["reason"]), (400, "INVALID_FIELD"), (text, answer.body))
            self.assertEqual([found["field"] for found in answer.json["violations"]], ["resume_time"], text)
        # In UTC, past 2038 too, it is understood: the session is just not suspended.
        for text in ("2026-12-20T10:00:00Z", "2038-01-19T03:14:08Z", "2026-12-20T10:00:00.123456789Z"):
            answer = self.market.call("POST", path, self.market.clerk, {**asked, "resume_time": text})
            self.assertEqual((answer.status, answer.json["reason"]), (409, "WRONG_STATE"), (text, answer.body))
        self.assertEqual(session.public()["etag"], before)

    def test_n110_two_accept_a_falling_price_at_once(self):
        bidders, races = 4, 5
        rules = {"mode": "DUTCH", "start_price_fen": 120_000_000, "dutch": {
            "decrement_fen": "2000000", "interval": "300s", "floor_fen": "100000000"}}
        sessions = self.begin(bidders, [rules] * races)
        sessions[0].to_state("DUTCH")
        tokens = [self.market.fresh_token(bidder) for bidder in self.market.bidders]
        for session in sessions:
            self.market.wait_state(session.name, "DUTCH")
            price = session.public()["min_acceptable_fen"]
            barrier, answers = threading.Barrier(bidders), []

            def accept(token):
                connection = self.ttx.connect()
                connection.connect()
                barrier.wait()
                answers.append(self.ttx.request("POST", f"/v1/{session.name}/bids", {"price_fen": price}, token=token,
                                                connection=connection))
                connection.close()

            threads = [threading.Thread(target=accept, args=(token,)) for token in tokens]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(answer.status for answer in answers), [200] + [409] * (bidders - 1))
            self.assertEqual({answer.json["reason"] for answer in answers if answer.status == 409}, {"PHASE_CLOSED"})
            [won] = [answer.json for answer in answers if answer.status == 200]
            closed = self.market.wait_state(session.name, "CLOSED")
            self.assertEqual((closed["outcome"], closed["bid_count"], closed["leading_bid"]["bidder_code"]),
                             ("WINNER", "1", won["bidder_code"]))


if __name__ == "__main__":
    unittest.main()
