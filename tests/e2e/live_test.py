"""The events of an auction over HTTPS, as Server-Sent Events: live, complete, resumable, anonymous."""

import json
import socket
import ssl
import threading
import time
import unittest

from seeded import STEP_FEN, Seeded

EVENT_SECONDS = 10  # within which an event has to arrive on a busy machine
HEARTBEAT_SECONDS = 20  # every 15 s on a silent stream
OPEN_SECONDS = 0.5  # in which most streams have to begin
STALL_SECONDS = 40  # a write that makes no progress for 10 s ends the connection
WATCHERS = 20
HISTORY = 500  # bids; larger than what the system buffers for a slow connection
BIDS = 150


class Source:
    """One connection that reads an event stream on a thread of its own and remembers everything."""

    def __init__(self, ttx, auction, last_event_id=None, query=""):
        self.events = []  # (id, data, time of arrival)
        self.names = set()
        self.heartbeats = 0
        self.text = b""
        self.ended = False
        self.changed = threading.Condition()
        self.connection = ttx.connect()
        headers = {"Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        self.connection.request("GET", f"/v1/{auction}/events{query}", headers=headers)
        self.socket = self.connection.sock  # the connection lets go of it: the answer ends with the connection
        self.response = self.connection.getresponse()
        self.status = self.response.status
        if self.status != 200:
            self.body = self.response.read()
            return
        assert self.response.headers["Content-Type"] == "text/event-stream", self.response.headers
        self.socket.settimeout(120)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    def read(self):
        event_id, name, data = None, None, []
        try:
            while line := self.response.readline():
                with self.changed:
                    self.text += line
                    line = line.rstrip(b"\n").decode()
                    if line.startswith(":"):
                        self.heartbeats += 1
                    elif line.startswith("id: "):
                        event_id = int(line[4:])
                    elif line.startswith("event: "):
                        name = line[7:]
                    elif line.startswith("data: "):
                        data.append(line[6:])
                    elif line:
                        raise AssertionError(f"not a line of an event stream: {line!r}")
                    elif data:
                        self.names.add(name)
                        self.events.append((event_id, json.loads("\n".join(data)), time.monotonic()))
                        event_id, name, data = None, None, []
                    self.changed.notify_all()
        except (OSError, ValueError):  # dropped
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, wanted, seconds, what):
        with self.changed:
            if not self.changed.wait_for(lambda: wanted(self), seconds):
                raise AssertionError(f"not within {seconds} s: {what}; there are {len(self.events)} events, "
                                     f"{self.heartbeats} heartbeats, ended: {self.ended}")
        return self

    def wait_bid(self, number):
        return self.wait(lambda source: source.bids and source.bids[-1][0] >= number, EVENT_SECONDS, f"bid {number}")

    def drop(self):
        """Breaks the connection, as a network does."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if self.status == 200:
            self.thread.join()
        self.response.close()
        self.connection.close()

    @property
    def ids(self):
        return [event[0] for event in self.events]

    @property
    def bids(self):
        """(number, price, code) of the accepted bids that came."""
        accepted = [data["bid_accepted"] for _, data, _ in self.events if "bid_accepted" in data]
        return [(int(bid["number"]), int(bid["price_fen"]), bid["bidder_code"]) for bid in accepted]


class Live(unittest.TestCase):
    split = False

    @classmethod
    def setUpClass(cls):
        cls.ttx = Seeded(bidders=2, spread=4, split=cls.split)
        cls.addClassCleanup(cls.ttx.__exit__)
        cls.tokens = [cls.ttx.bidder_token(index) for index in range(2)]

    def place(self, connection, auction, bidder=0):
        """An accepted bid at the lowest price: (number, price, code)."""
        price = int(self.ttx.request("GET", f"/v1/{auction}", connection=connection).json["min_acceptable_fen"])
        answer = self.ttx.bid(self.tokens[bidder], price, auction, connection=connection)
        self.assertEqual(answer.status, 200, answer.body)
        return int(answer.json["number"]), int(answer.json["price_fen"]), answer.json["bidder_code"]

    def check_complete(self, auction, ids, bids):
        """That these events are all there are, in order, each once."""
        with Source(self.ttx, auction) as whole:
            whole.wait_bid(bids[-1][0])
        self.assertEqual(ids, whole.ids)
        self.assertEqual(ids, sorted(set(ids)))
        self.assertEqual(bids, whole.bids)
        self.assertEqual([bid[:2] for bid in bids], self.ttx.bids(auction))

    def test_events_arrive_as_bids_are_accepted(self):
        auction = self.ttx.spread[0]
        connection = self.ttx.connect()
        delays = []
        with Source(self.ttx, auction) as source:
            source.wait(lambda found: found.events, EVENT_SECONDS, "the history")
            self.assertIn("auction_scheduled", source.events[0][1])
            for index in range(20):
                bid = self.place(connection, auction, index % 2)
                accepted = time.monotonic()
                source.wait_bid(bid[0])
                self.assertEqual(source.bids[-1], bid)
                delays.append(max(0.0, source.events[-1][2] - accepted))
            for event_id, data, _ in source.events:
                self.assertEqual(str(event_id), data["sequence"])
                self.assertEqual(data["auction"], auction)
            self.assertEqual(source.names, {"message"})
        self.check_complete(auction, source.ids, source.bids)
        connection.close()
        print(f"the slowest of {len(delays)} events came {max(delays) * 1000:.1f} ms after its bid's answer",
              flush=True)

    def test_last_event_id_resumes_without_loss_or_repetition(self):
        auction = self.ttx.spread[1]
        stop = threading.Event()
        failures = []

        def bid_on():
            try:
                connection = self.ttx.connect()
                for _ in range(400):  # a connection is good for 1000 requests
                    if stop.is_set():
                        break
                    self.place(connection, auction)
                connection.close()
            except Exception as error:
                failures.append(error)

        bidder = threading.Thread(target=bid_on)
        bidder.start()
        ids, bids = [], []
        try:
            for cut in range(15):
                with Source(self.ttx, auction, last_event_id=ids[-1] if ids else None) as source:
                    source.wait(lambda found: len(found.events) >= 1 + cut % 5, EVENT_SECONDS, f"events of cut {cut}")
                ids += source.ids
                bids += source.bids
        finally:
            stop.set()
            bidder.join()
        self.assertEqual(failures, [])
        last = self.place(self.ttx.connect(), auction, 1)
        # The query's name for the same thing.
        with Source(self.ttx, auction, query=f"?after_sequence={ids[-1]}") as source:
            source.wait_bid(last[0])
        self.check_complete(auction, ids + source.ids, bids + source.bids)
        self.assertGreaterEqual(len(bids), 15)

    def test_refused_bids_and_identities_never_show(self):
        auction = self.ttx.spread[2]
        connection = self.ttx.connect()
        with Source(self.ttx, auction) as source:
            first = self.place(connection, auction)
            refused = first[1] + 7 * STEP_FEN + 1
            for price in [1, first[1], refused]:
                self.assertEqual(self.ttx.bid(self.tokens[1], price, auction, connection=connection).status, 409)
            last = self.place(connection, auction, 1)
            source.wait_bid(last[0])
        connection.close()
        self.assertEqual(source.bids, [first, last])
        self.assertEqual({bid[2] for bid in source.bids}, {"B0000", "B0001"})
        text = source.text.decode()
        self.assertNotIn("refused", text)
        self.assertNotIn(f'"{refused}"', text)
        for client, secret, organization in self.ttx.bidders:
            for identity in (client, secret, organization, organization.split("/")[1], "Bench Bidder", "intents/"):
                self.assertNotIn(identity, text)

    def test_what_cannot_be_watched(self):
        for path, last_event_id, status in [("auctions/01aaaaaaaaaaaaaaaaaaaaaaaa", None, 404),
                                            (self.ttx.auction, "yesterday", 400), (self.ttx.auction, "-1", 400),
                                            (self.ttx.auction, "9000000000", 400)]:
            with Source(self.ttx, path, last_event_id=last_event_id) as source:
                self.assertEqual(source.status, status, (path, last_event_id))
                self.assertEqual(source.response.headers["Content-Type"], "application/problem+json")
                self.assertEqual(json.loads(source.body)["status"], status)


    def test_streams_begin_at_once(self):
        for auction, status in [(self.ttx.auction, 200), ("auctions/01aaaaaaaaaaaaaaaaaaaaaaaa", 404)]:
            seconds = []
            for _ in range(5):
                started = time.monotonic()
                with Source(self.ttx, auction) as source:
                    self.assertEqual(source.status, status)
                    if status == 200:
                        source.wait(lambda found: found.events, EVENT_SECONDS, "the history")
                    seconds.append(time.monotonic() - started)
            self.assertLess(sorted(seconds)[2], OPEN_SECONDS, f"{auction}: {seconds}")


class LiveAcrossProcesses(Live):
    """The same with a process between the gateway and the auctions."""

    split = True


class ManyWatchers(unittest.TestCase):
    def setUp(self):
        self.ttx = Seeded(bidders=1, spread=1)
        self.addCleanup(self.ttx.__exit__)
        self.token = self.ttx.bidder_token()

    def bid_many(self, count):
        """Prices far apart enough need no reading in between."""
        connection = self.ttx.connect()
        price = int(self.ttx.request("GET", f"/v1/{self.ttx.auction}").json["min_acceptable_fen"])
        for index in range(count):
            answer = self.ttx.bid(self.token, price + index * STEP_FEN, connection=connection)
            self.assertEqual(answer.status, 200, answer.body)
        connection.close()
        return int(answer.json["number"])

    def watch_without_reading(self):
        """A client that asks for the stream, with next to no room to receive it, and reads its first line only."""
        context = ssl.create_default_context(cafile=self.ttx.path("certs/ca.pem"))
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)  # keeps the sender's buffer small as well
        connection.settimeout(10)
        connection.connect(("127.0.0.1", self.ttx.https_port))
        connection = context.wrap_socket(connection, server_hostname="localhost")
        connection.sendall(f"GET /v1/{self.ttx.auction}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.assertEqual(connection.recv(15), b"HTTP/1.1 200 OK")
        return connection

    def test_twenty_watchers_and_one_that_never_reads(self):
        self.bid_many(HISTORY)
        quiet = Source(self.ttx, self.ttx.spread[0])
        stalled = [self.watch_without_reading() for _ in range(3)]
        with quiet:
            sources = [Source(self.ttx, self.ttx.auction) for _ in range(WATCHERS)]
            try:
                for source in sources:
                    source.wait_bid(HISTORY)
                started = time.monotonic()
                last = self.bid_many(BIDS)
                bid_seconds = time.monotonic() - started
                for source in sources:
                    source.wait_bid(last)
                seconds = time.monotonic() - started
                for source in sources:
                    self.assertEqual(source.bids, sources[0].bids)
                    self.assertEqual([number for number, _, _ in source.bids], list(range(1, last + 1)))
                    self.assertEqual(source.ids, sources[0].ids)
            finally:
                for source in sources:
                    source.drop()
            print(f"{BIDS} bids in {bid_seconds:.2f} s, all at {WATCHERS} watchers after {seconds:.2f} s", flush=True)
            quiet.wait(lambda found: found.heartbeats >= 1, HEARTBEAT_SECONDS, "a heartbeat")
            self.assertFalse(quiet.ended)
            self.check_dropped(stalled)

    def check_dropped(self, stalled):
        """What no client takes is given up: the connection ends before the history does."""
        deadline = time.monotonic() + STALL_SECONDS
        for connection in stalled:
            received = b""
            ended = False
            connection.settimeout(5)
            while not ended and time.monotonic() < deadline:
                try:
                    chunk = connection.recv(65536)
                    received += chunk
                    ended = not chunk
                except socket.timeout:
                    continue
                except (ConnectionError, ssl.SSLError):
                    ended = True
            connection.close()
            events = received.count(b'"bid_accepted"')
            self.assertTrue(ended, f"a client that does not read is still served, after {events} events")
            self.assertLess(events, HISTORY)


class Closing(unittest.TestCase):
    def test_the_stream_ends_with_the_result(self):
        with Seeded(bidders=2, spread=1) as ttx:
            token = ttx.bidder_token(1)
            self.assertEqual(ttx.bid(token, 50_000).status, 200)
            with Source(ttx, ttx.auction) as source, Source(ttx, ttx.spread[0]) as other:
                source.wait_bid(1)
                self.assertFalse(source.ended)
                advanced = ttx.request("POST", "/v1/sandbox/clock:advance", {"duration": "172800s"},
                                       token=ttx.admin_token())
                self.assertEqual(advanced.status, 200, advanced.body)
                source.wait(lambda found: found.ended, EVENT_SECONDS, "the end")
                other.wait(lambda found: found.ended, EVENT_SECONDS, "the end of the other auction")
            closed = source.events[-1][1]["auction_closed"]
            self.assertEqual((closed["outcome"], closed["winner_code"], closed["price_fen"], closed["bid_count"]),
                             ("WINNER", "B0001", "50000", "1"))
            self.assertEqual(other.events[-1][1]["auction_closed"]["outcome"], "NO_BID")
            auction = ttx.request("GET", f"/v1/{ttx.auction}").json
            self.assertEqual(auction["state"], "CLOSED")
            self.assertEqual(auction["log_hash"], closed["log_hash"])
            # A browser connects again when a stream ends: before the result it gets the result, after it nothing.
            with Source(ttx, ttx.auction, last_event_id=source.ids[-2]) as late:
                late.wait(lambda found: found.ended, EVENT_SECONDS, "the end once more")
            self.assertEqual(late.ids, source.ids[-1:])
            with Source(ttx, ttx.auction, last_event_id=source.ids[-1]) as after:
                after.wait(lambda found: found.ended, EVENT_SECONDS, "the end of what is over")
            self.assertEqual(after.ids, [])
            refused = ttx.bid(ttx.bidder_token(0), 60_000)
            self.assertEqual(refused.status, 409, refused.body)


if __name__ == "__main__":
    unittest.main()
