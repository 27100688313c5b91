"""The HTTPS edge of the real binary against clients that are slow, many, greedy, old-fashioned or curious: N8, N11 and
N17 to N21 of reliability.md 3.4, over real sockets and with the limits as they are deployed."""

import os
import select
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from installation import Installation
from seeded import Seeded
from traced import Trace

CONNECTIONS_PER_PEER_MAX = 64  # the default of libs/config/config.proto
REQUESTS_PER_CONNECTION = 1000
SOME_ID = "01aaaaaaaaaaaaaaaaaaaaaa"  # and four digits


def receive_all(connection):
    """What comes until the other side ends it, in whatever way."""
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except (OSError, ssl.SSLError):
        pass
    return received


def drip(connection, data, interval_seconds):
    """Sends byte by byte; the answer and the seconds it took to come."""
    started = time.monotonic()
    for byte in data:
        try:
            connection.sendall(bytes([byte]))
        except OSError:
            break
        if select.select([connection], [], [], interval_seconds)[0]:
            break
    received = receive_all(connection)
    return received, time.monotonic() - started


class SlowClients(unittest.TestCase):
    """N17, all at once, while another client is served as ever."""

    @classmethod
    def setUpClass(cls):
        cls.ttx = Seeded(bidders=1, spread=1)
        cls.addClassCleanup(cls.ttx.__exit__)

    def drip_head(self):
        with self.ttx.tls(source="127.0.0.2") as connection:
            return drip(connection, b"GET /v1/auctions HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 60, 1.0)

    def drip_body(self):
        with self.ttx.tls(source="127.0.0.2") as connection:
            connection.sendall(f"POST /v1/{self.ttx.auction}/bids HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                               f"application/json\r\nContent-Length: 1000\r\n\r\n".encode())
            return drip(connection, b'{"price_fen": "' + b"9" * 600, 0.1)

    def never_read(self):
        """The seconds until the server has cut off a client that asks and does not listen."""
        with self.ttx.tls(source="127.0.0.2", receive_buffer_bytes=4096) as connection:
            connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40)
            started = time.monotonic()
            poll = select.poll()
            poll.register(connection.fileno(), 0)  # POLLERR and POLLHUP are always told
            poll.poll(30_000)
            return time.monotonic() - started

    def test_n17_slow_clients_are_cut_and_others_do_not_notice(self):
        results = {}

        def run(name, work):
            results[name] = work()

        threads = [threading.Thread(target=run, args=(name, work)) for name, work in
                   [("head", self.drip_head), ("body", self.drip_body), ("deaf", self.never_read)]]
        for thread in threads:
            thread.start()
        connection, latencies = self.ttx.connect(), []
        while any(thread.is_alive() for thread in threads):
            started = time.monotonic()
            self.assertEqual(self.ttx.request("GET", "/v1/auctions", connection=connection).status, 200)
            latencies.append(time.monotonic() - started)
            time.sleep(0.05)
        connection.close()
        for thread in threads:
            thread.join()
        self.assertLess(sorted(latencies)[len(latencies) // 2], 0.2)
        for name, least, most in [("head", 4.5, 8), ("body", 4.5, 30)]:
            received, seconds = results[name]
            self.assertTrue(received.startswith(b"HTTP/1.1 408 "), (name, received[:200]))
            self.assertIn(b"REQUEST_TIMEOUT", received)
            self.assertTrue(least <= seconds <= most, (name, seconds))
        self.assertTrue(9 <= results["deaf"] <= 20, results["deaf"])
        self.assertEqual(self.ttx.bids(), [])


class ManyConnections(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ttx = Installation(connections_per_peer=CONNECTIONS_PER_PEER_MAX)
        cls.addClassCleanup(cls.ttx.__exit__)

    def ask(self, source):
        """The status of one request from a loopback address; 0 when the connection was refused."""
        try:
            with self.ttx.tls(source=source) as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return int(receive_all(connection).split()[1])
        except OSError:  # which an SSL error is, too
            return 0

    def test_n18_one_peer_cannot_take_all_connections(self):
        held = [self.ttx.tls(source="127.0.0.2") for _ in range(CONNECTIONS_PER_PEER_MAX)]
        try:
            for _ in range(200):
                self.assertEqual(self.ask("127.0.0.2"), 0, "more than its share")
            latencies = []
            for _ in range(20):
                started = time.monotonic()
                self.assertEqual(self.ask("127.0.0.3"), 200, "another peer")
                latencies.append(time.monotonic() - started)
            self.assertLess(sorted(latencies)[len(latencies) // 2], 0.2)
            held.pop().close()
            deadline = time.monotonic() + 10
            while self.ask("127.0.0.2") != 200:
                self.assertLess(time.monotonic(), deadline, "a closed connection is not given back")
            # What was connected all the time still works.
            held[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.assertTrue(receive_all(held[0]).startswith(b"HTTP/1.1 200 "))
        finally:
            for connection in held:
                connection.close()

    def test_n19_pipelined_requests_keep_their_order_and_starve_nobody(self):
        names = [f"auctions/{SOME_ID}{i:04}" for i in range(REQUESTS_PER_CONNECTION + 10)]
        received, finished = [], threading.Event()

        def pipeline():
            with self.ttx.tls(source="127.0.0.4") as connection:
                sender = threading.Thread(target=self.send_all, args=(connection, names))
                sender.start()
                received.append(receive_all(connection))
                sender.join()
            finished.set()

        greedy = threading.Thread(target=pipeline)
        greedy.start()
        connection, served, slowest = self.ttx.connect(), 0, 0
        while not finished.is_set():
            started = time.monotonic()
            self.assertEqual(self.ttx.request("GET", "/v1/auctions", connection=connection).status, 200)
            slowest = max(slowest, time.monotonic() - started)
            served += 1
        connection.close()
        greedy.join()
        answers = received[0].split(b"HTTP/1.1 ")[1:]
        self.assertEqual(len(answers), REQUESTS_PER_CONNECTION, "no more than a connection may ask")
        for name, answer in zip(names, answers):
            self.assertTrue(answer.startswith(b"404 "), answer)
            self.assertIn(f'"instance":"/v1/{name}"'.encode(), answer)
        self.assertIn(b"connection: close", answers[-1].lower())
        self.assertNotIn(b"connection: close", answers[-2].lower())
        self.assertGreater(served, 10)
        self.assertLess(slowest, 1)

    def send_all(self, connection, names):
        try:
            connection.sendall("".join(f"GET /v1/{name} HTTP/1.1\r\nHost: localhost\r\nAccept-Language: en\r\n\r\n"
                                       for name in names).encode())
        except OSError:
            pass  # the server stops listening after the last one it answers


class Tls(unittest.TestCase):
    """N20 and N21 with hand-made ClientHellos, whose every byte we choose, and with openssl."""

    GOOD_CIPHER = 0xC02B  # TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    PROTOCOL_VERSION, HANDSHAKE_FAILURE = 70, 40  # alerts, RFC 5246 7.2.2

    @classmethod
    def setUpClass(cls):
        cls.ttx = Installation()
        cls.addClassCleanup(cls.ttx.__exit__)

    def client_hello(self, version, ciphers, compression=b"\x00"):
        def sized(count, data):
            return len(data).to_bytes(count, "big") + data

        name = b"localhost"
        extensions = b"".join([
            struct.pack(">H", 0) + sized(2, sized(2, b"\x00" + sized(2, name))),
            struct.pack(">H", 10) + sized(2, sized(2, struct.pack(">HH", 23, 29))),
            struct.pack(">H", 11) + sized(2, sized(1, b"\x00")),
            struct.pack(">H", 13) + sized(2, sized(2, struct.pack(">HHH", 0x0403, 0x0401, 0x0804)))])
        body = struct.pack(">H", version) + os.urandom(32) + sized(1, b"")
        body += sized(2, b"".join(struct.pack(">H", cipher) for cipher in ciphers)) + sized(1, compression)
        body += sized(2, extensions)
        return b"\x16\x03\x01" + sized(2, b"\x01" + sized(3, body))

    def greet(self, *args, **kwargs):
        """("hello", version, cipher, compression) or ("alert", number) as the server's first record says."""
        with socket.create_connection(("127.0.0.1", self.ttx.https_port), timeout=10) as connection:
            connection.sendall(self.client_hello(*args, **kwargs))
            received = b""
            while len(received) < 5 or len(received) < 5 + int.from_bytes(received[3:5], "big"):
                chunk = connection.recv(65536)
                if not chunk:
                    return ("closed",)
                received += chunk
        if received[0] == 0x15:
            return "alert", received[6]
        self.assertEqual((received[0], received[5]), (0x16, 2), received[:20])
        after_session = 5 + 4 + 2 + 32 + 1 + received[5 + 4 + 2 + 32]
        return ("hello", int.from_bytes(received[9:11], "big"),
                int.from_bytes(received[after_session:after_session + 2], "big"), received[after_session + 2])

    def test_n20_the_hand_made_greeting_is_good(self):
        self.assertEqual(self.greet(0x0303, [self.GOOD_CIPHER]), ("hello", 0x0303, self.GOOD_CIPHER, 0))

    def test_n20_old_versions(self):
        for version, alert in [(0x0300, self.HANDSHAKE_FAILURE), (0x0301, self.PROTOCOL_VERSION),
                               (0x0302, self.PROTOCOL_VERSION)]:
            self.assertEqual(self.greet(version, [self.GOOD_CIPHER, 0xC009, 0x002F]), ("alert", alert), hex(version))

    def test_n20_weak_ciphers(self):
        weak = {"RC4": 0x0005, "ECDHE RC4": 0xC007, "3DES": 0x000A, "ECDHE 3DES": 0xC008, "export RC4": 0x0003,
                "export DES": 0x0008, "AES-CBC-SHA1": 0x002F, "ECDHE AES-CBC-SHA1": 0xC009,
                "ECDHE AES-CBC-SHA256": 0xC023, "ECDHE AES-CBC-SHA384": 0xC024, "RSA AES-GCM": 0x009C,
                "no encryption": 0xC006, "anonymous": 0xC018, "null": 0x0000}
        for name, cipher in weak.items():
            self.assertEqual(self.greet(0x0303, [cipher]), ("alert", self.HANDSHAKE_FAILURE), name)
        self.assertEqual(self.greet(0x0303, list(weak.values()) + [self.GOOD_CIPHER])[2], self.GOOD_CIPHER)

    def test_n20_compression(self):
        self.assertEqual(self.greet(0x0303, [self.GOOD_CIPHER], compression=b"\x01\x00"),
                         ("hello", 0x0303, self.GOOD_CIPHER, 0))

    def openssl(self, *options, words=b"", seconds=20):
        """openssl s_client, fed `words` once it is connected; what it printed and its exit status."""
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.ttx.https_port}", "-servername", "localhost",
                   "-CAfile", self.ttx.path("certs/ca.pem"), *options]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as client:
            watchdog = threading.Timer(seconds, client.kill)
            watchdog.start()
            try:
                printed = b""
                while b"Verify return code" not in printed:  # the handshake is over
                    line = client.stdout.readline()
                    if not line:
                        break
                    printed += line
                client.stdin.write(words)
                client.stdin.flush()
                printed += client.stdout.read() if words else client.communicate()[0]
                return printed.decode(errors="replace"), client.wait()
            finally:
                watchdog.cancel()

    def test_n20_renegotiation(self):
        printed, _ = self.openssl("-tls1_2", words=b"R\n")
        self.assertIn("Protocol  : TLSv1.2", printed)
        self.assertIn("RENEGOTIATING", printed)
        self.assertRegex(printed, "no renegotiation|unexpected message|handshake failure")
        self.assertEqual(self.ttx.request("GET", "/healthz").status, 200)

    def test_n20_early_data(self):
        with tempfile.TemporaryDirectory() as folder:
            session, early = os.path.join(folder, "session"), os.path.join(folder, "early")
            with open(early, "wb") as file:
                file.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            printed, _ = self.openssl("-tls1_3", "-ign_eof", "-sess_out", session, words=request)
            self.assertIn("HTTP/1.1 200 OK", printed)
            self.assertTrue(os.path.getsize(session))
            printed, _ = self.openssl("-tls1_3", "-ign_eof", "-sess_in", session, "-early_data", early, words=request)
            self.assertIn("Reused, TLSv1.3", printed)
            self.assertRegex(printed, "Early data was (not sent|rejected)")
            self.assertEqual(printed.count("HTTP/1.1 200 OK"), 1)

    def test_n21_other_names(self):
        with self.ttx.tls(server_name="other.example") as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            received = receive_all(connection)
        self.assertTrue(received.startswith(b"HTTP/1.1 421 "), received)

    def test_n08_other_hosts(self):
        for host in (b"other.example", b"localhost.example", b"127.0.0.1", b"localhost."):
            with self.ttx.tls() as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
                received = receive_all(connection)
            self.assertTrue(received.startswith(b"HTTP/1.1 421 "), received)


class Files(unittest.TestCase):
    def test_n11_n31_n84_no_path_reaches_the_file_system(self):
        """Under strace the server opens nothing and connects to nobody on behalf of such requests."""
        with Seeded(bidders=1, spread=1) as ttx:
            _, payload, signature = ttx.bidder_token().split(".")
            header = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLy4uL2Rldi9udWxsIn0"  # ../../dev/null
            targets = [b"/../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"/..%2f..%2fetc/passwd", b"/etc%00passwd",
                       b"/%5c..%5cpasswd", b"/\\etc\\passwd", b"/%252e%252e/etc/passwd", b"/v1/\xe4passwd", b"/v1/%00",
                       b"//etc/passwd", b"/./etc/passwd", b"/v1;/etc/passwd", b"/etc/passwd", b"/v1/auctions/passwd"]
            rest = f" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {header}.{payload}.{signature}\r\n\r\n"
            with Trace(ttx.processes[0], ["-e", "trace=open,openat,openat2,stat,newfstatat,readlink,connect"]) as trace:
                for target in targets:
                    with ttx.tls() as connection:
                        connection.sendall(b"GET " + target + rest.encode())
                        self.assertIn(connection.recv(65536).split()[1], (b"400", b"401", b"404"), target)
                for line in trace.lines():
                    self.assertNotRegex(line, r"passwd|/dev/null|AF_INET", "the server went looking for it")


if __name__ == "__main__":
    unittest.main()
