"""Bad input over HTTPS against the real binary: the negative tests of reliability.md 3.4 that this surface has. Each is
refused with its code and reason and changes nothing."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import unittest
import uuid

from seeded import Seeded


def encode(data):
    if isinstance(data, (dict, list)):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Negative(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ttx = Seeded(bidders=2, spread=2)
        cls.addClassCleanup(cls.ttx.__exit__)
        cls.auction = cls.ttx.auction
        cls.clients = [bidder[:2] for bidder in cls.ttx.bidders]
        cls.bidder, cls.other = cls.ttx.bidder_token(0), cls.ttx.bidder_token(1)
        cls.admin = cls.ttx.admin_token()

    def setUp(self):
        self.before = self.state()

    def tearDown(self):
        if not getattr(self, "changes", False):
            self.assertEqual(self.state(), self.before, "something changed")

    def state(self):
        auction = self.ttx.request("GET", f"/v1/{self.auction}").json
        return auction["bid_count"], auction.get("leading_bid")

    def bid(self, body=None, token="bidder", **kwargs):
        token = {"bidder": self.bidder, "other": self.other}.get(token, token)
        return self.ttx.request("POST", f"/v1/{self.auction}/bids", {"price_fen": "900000"} if body is None else body,
                                token=token, **kwargs)

    def check(self, answer, status, reason=None, field=None):
        self.assertEqual(answer.status, status, answer.body)
        problem = answer.json
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual(problem["status"], status)
        if reason:
            self.assertEqual(problem["reason"], reason, problem)
        if field:
            self.assertIn(field, [violation["field"] for violation in problem["violations"]])
        return problem

    def raw(self, data):
        """Sends bytes on a fresh TLS connection; the status of the first answer and all that came until the server
        closed it, which it must."""
        with self.ttx.tls() as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass  # it has heard enough
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except (ssl.SSLError, ConnectionResetError):
                pass
        return int(received.split()[1]) if received else 0, received

    # --- A. Framing -------------------------------------------------------------------------------------------------

    def refuses(self, requests, *statuses):
        """Each is answered once, with one of the statuses, and its connection is closed."""
        for request in requests:
            request = request if isinstance(request, bytes) else request.encode()
            with self.subTest(request=request[:200]):
                status, received = self.raw(request)
                self.assertIn(status, statuses, received[:300])
                self.assertEqual(received.count(b"HTTP/1.1 "), 1, "a second request was answered")
                self.assertIn(b"connection: close", received.lower())
                self.assertIn(b"application/problem+json", received)

    def post(self, headers, body=""):
        """The bytes of an authorised bid with these header lines."""
        return (f"POST /v1/{self.auction}/bids HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.bidder}\r\n"
                f"Idempotency-Key: {uuid.uuid4().hex}\r\nContent-Type: application/json\r\n{headers}\r\n{body}")

    def chunked(self, body):
        return self.post("Transfer-Encoding: chunked\r\n", body)

    SMUGGLED = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    BID = '{"price_fen": "900000"}'

    def test_n01_to_n05_where_a_message_ends(self):
        length, chunks = f"Content-Length: {len(self.BID)}\r\n", f"{len(self.BID):x}\r\n{self.BID}\r\n0\r\n\r\n"
        gzip = "Transfer-Encoding: gzip\r\n"
        self.refuses([self.post(gzip + length, self.BID), self.post(length + gzip, self.BID)], 400)  # N1
        self.refuses([self.post("Transfer-Encoding: chunked, chunked\r\n", chunks + self.SMUGGLED)], 400)  # N2
        self.refuses([self.post(f"Transfer-Encoding: {value}\r\n", chunks + self.SMUGGLED) for value in
                      ["identity", "xchunked", "\x0bchunked", "chunked\r\nTransfer-Encoding: chunked", "Chunked",
                       "identity, chunked", ""]], 400)  # N3
        self.refuses([self.post("Transfer-Encoding: chunked\r\n" + length, chunks + self.SMUGGLED),
                      self.post(length + "Transfer-Encoding: chunked\r\n", chunks + self.SMUGGLED)], 400)  # N4
        self.refuses([self.post(f"Content-Length: {value}\r\n", self.BID + self.SMUGGLED) for value in
                      ["23\r\nContent-Length: 23", "23, 23", "+23", "0x17", "-1", "99999999999999999999", "2 3", "",
                       "23\x00"]], 400)  # N5

    def test_n06_to_n13_heads(self):
        get = "GET /v1/auctions HTTP/1.1\r\nHost: localhost\r\n"
        self.refuses([get + "X-A: b\r\n c\r\n\r\n", get + "X-A: b\r\n\tc\r\n\r\n",
                      self.post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")], 400)  # N6
        self.refuses([get + "X-A : b\r\n\r\n", "GET /v1/auctions HTTP/1.1\nHost: localhost\n\n",
                      get + "X-A: b\rX-B: c\r\n\r\n", get + "X-A: b\0c\r\n\r\n", get + "nonsense\r\n\r\n"], 400)  # N7
        self.refuses(["GET /v1/auctions HTTP/1.1\r\n\r\n", get + "Host: localhost\r\n\r\n",
                      "GET /v1/auctions HTTP/1.1\r\nHost: a@localhost\r\n\r\n"], 400)  # N8
        self.refuses(["GET /v1/auctions HTTP/1.1\r\nHost: elsewhere\r\n\r\n"], 421)  # N8
        self.refuses(["GET /v1/auctions HTTP/1.0\r\nHost: localhost\r\n\r\n",
                      "POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"], 505)  # N9
        self.refuses(["GET /v1/auctions HTTP/1.9\r\nHost: localhost\r\n\r\n",
                      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], 400)  # N9
        self.refuses([f"{verb} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n" for verb, target in
                      [("GET", "https://evil/v1/auctions"), ("GET", "evil:443"), ("OPTIONS", "*")]], 400)  # N10
        self.refuses([b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n" for target in
                      [b"/v1/\xe4\xb8\xad", b"/v1/%00", b"/v1\\x", b"/v1/%5cx", b"/v1/a%2fb", b"/v1/%252e%252e",
                       b"/v1/%2e%2e/auctions", b"/v1/%2", b"/v1/%zz"]], 400, 404)  # N11
        self.refuses(["FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n"], 501)  # N12
        self.refuses([f"{verb} HTTP/1.1\r\nHost: localhost\r\n\r\n" for verb in
                      ["TRACE /", "CONNECT localhost:443"]], 405)  # N12
        self.refuses([get + "A: b\r\n" * 101 + "\r\n", get + "A: " + "b" * 17 * 1024 + "\r\n\r\n"], 431)  # N13
        self.refuses(["GET /" + "a" * 5 * 1024 + " HTTP/1.1\r\nHost: localhost\r\n\r\n"], 414)  # N13

    def test_n14_to_n16_n23_bodies(self):
        self.refuses([self.post("Content-Length: 10737418240\r\n", self.BID)], 413)  # N14, before the body
        filling = " " * (1024 * 1024 + 1)
        self.refuses([self.chunked(f"2\r\n{{}}\r\n{len(filling):x}\r\n{filling}\r\n0\r\n\r\n"),
                      self.post(f"Content-Length: {len(filling)}\r\n", filling)], 413)  # N14
        size = f"{len(self.BID):x}"
        self.refuses([self.chunked("FFFFFFFFFFFFFFFFF\r\n"), self.chunked("10000000000000000\r\n"),
                      self.chunked(f"{size};a=b\r\n{self.BID}\r\n0\r\n\r\n"),
                      self.chunked(f"{size};{'a' * 100_000}\r\n{self.BID}\r\n0\r\n\r\n"),
                      self.chunked(f"{size}\r\n{self.BID}\r\n0\r\nContent-Length: 5\r\n\r\n"),
                      self.chunked(f"{size}\r\n{self.BID}\r\n0\r\nX-A: b\r\n\r\n"),
                      self.chunked(f"{size}\r\n{self.BID}x\r\n0\r\n\r\n"),
                      self.chunked(f"-{size}\r\n{self.BID}\r\n0\r\n\r\n"),
                      self.chunked(f"0x{size}\r\n{self.BID}\r\n0\r\n\r\n")], 400)  # N15
        self.refuses([self.post(f"Content-Encoding: {kind}\r\nContent-Length: {len(self.BID)}\r\n", self.BID)
                      for kind in ["gzip", "deflate", "br", "x"]], 415)  # N16
        self.refuses(["GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"], 400)  # N23

    def test_n79_a_million_elements(self):
        numbers = "[" + "0," * 400_000 + "0]"
        self.check(self.bid(f'{{"price_fen": {numbers}}}'), 400)
        self.check(self.bid('{"price_fen": "900000", "x": ' + numbers + "}"), 400)

    def test_n21_plain_http_on_the_tls_port(self):
        with socket.create_connection(("127.0.0.1", self.ttx.https_port), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertNotIn(b"HTTP/1.1 200", connection.recv(1000))

    # --- B. Authentication ------------------------------------------------------------------------------------------

    def test_n28_no_credentials(self):
        self.check(self.bid(token=None), 401, "UNAUTHENTICATED")

    def test_tokens_changed_after_they_were_signed(self):
        header, payload, signature = self.bidder.split(".")
        head, claims = json.loads(decode(header)), json.loads(decode(payload))
        public = self.ttx.request("GET", "/v1/tokenKeys").json["token_keys"][0]["public_key_pem"].encode()

        def hs256(new_head):
            signed = encode(new_head) + "." + payload
            return signed + "." + encode(hmac.new(public, signed.encode(), hashlib.sha256).digest())

        forged = {
            "N29 none": encode({**head, "alg": "none"}) + "." + payload + ".",
            "N29 None": encode({**head, "alg": "None"}) + "." + payload + "." + signature,
            "N29 empty signature": header + "." + payload + ".",
            "N30": hs256({**head, "alg": "HS256"}),
            "N31 path": encode({**head, "kid": "../../dev/null"}) + "." + payload + "." + signature,
            "N31 sql": encode({**head, "kid": "' or 1=1"}) + "." + payload + "." + signature,
            "N31 long": encode({**head, "kid": "k" * 4096}) + "." + payload + "." + signature,
            "N32 jku": encode({**head, "jku": "https://127.0.0.1:1/keys"}) + "." + payload + "." + signature,
            "N33": header + "." + encode({**claims, "exp": claims["exp"] + 315360000}) + "." + signature,
            "N34 aud": header + "." + encode({**claims, "aud": "other"}) + "." + signature,
            "N34 typ": encode({**head, "typ": "JWT"}) + "." + payload + "." + signature,
            "N35 crit": encode({**head, "crit": ["x"], "x": 1}) + "." + payload + "." + signature,
            "N35 long": header + "." + "A" * 9000 + "." + signature,
            "garbage": "garbage",
            "changed signature": header + "." + payload + "." + encode(bytes(64)),
        }
        for name, token in forged.items():
            answer = self.bid(token=token)
            self.assertEqual(answer.status, 401, f"{name}: {answer.body}")
            self.assertEqual(answer.json["reason"], "UNAUTHENTICATED", name)

    def test_wrong_client_and_wrong_secret_look_the_same(self):
        def attempt(client_id, secret):
            return self.ttx.request("POST", "/v1/token", {"grant_type": "client_credentials", "client_id": client_id,
                                                          "client_secret": secret})
        unknown = attempt("01aaaaaaaaaaaaaaaaaaaaaaaa", "ttx_wrong")
        wrong = attempt(self.clients[1][0], "ttx_wrong")
        self.assertEqual((unknown.status, unknown.json["reason"]), (wrong.status, wrong.json["reason"]))
        self.assertEqual(unknown.status, 401)

    def test_n46_service_headers_from_outside_count_for_nothing(self):
        answer = self.ttx.request("GET", "/v1/auctionEvents", headers={"x-ttx-service": "listing", "x-ttx-secret": "x"})
        self.check(answer, 401)

    def test_permissions(self):
        self.check(self.bid(token=self.admin), 403, "PERMISSION_DENIED")
        self.check(self.ttx.request("POST", "/v1/sandbox/clock:advance", {"duration": "1s"}, token=self.bidder), 403)

    # --- D. Idempotency ---------------------------------------------------------------------------------------------

    def test_n58_n59_keys(self):
        body = json.dumps({"price_fen": "900000"})
        connection = self.ttx.connect()
        for key in [None, "", "k" * 300, "a b"]:
            headers = {"Authorization": "Bearer " + self.bidder, "Content-Type": "application/json"}
            if key is not None:
                headers["Idempotency-Key"] = key
            connection.request("POST", f"/v1/{self.auction}/bids", body=body, headers=headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
            self.assertEqual(response.status, 400, (key, answer))

    def test_n60_n61_n63_replay(self):
        self.changes = True
        price = str(int(self.state()[1]["price_fen"] if self.state()[1] else 10_000) + 1000)
        key = uuid.uuid4().hex
        first = self.bid({"price_fen": price}, key=key)
        self.assertEqual(first.status, 200, first.body)
        again = self.bid({"price_fen": price}, key=key)
        self.assertEqual((again.status, again.body), (first.status, first.body))
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.check(self.bid({"price_fen": str(int(price) + 1000)}, key=key), 409, "REQUEST_ID_REUSED")
        other = self.bid({"price_fen": price}, key=key, token="other")
        self.check(other, 409, "NOT_HIGHER")
        self.assertNotIn("Idempotent-Replayed", other.headers)

    # --- E. Money ---------------------------------------------------------------------------------------------------

    def test_n68_amounts(self):
        for value in ["1.1", '"1e5"', '"NaN"', '"Infinity"', '"-1"', '"00.10"', '"1.005"', '"9223372036854775808"',
                      '"' + "9" * 40 + '"', '" 1"', '"１２３"', '"1,000"', '"+1"', '"0x10"', '""', "-1", "0", "1e5",
                      "null"]:
            answer = self.bid(f'{{"price_fen": {value}}}')
            self.assertEqual(answer.status, 400, (value, answer.body))

    def test_n69_currency(self):
        for currency in ["cny", "ZZZ", "USD"]:
            self.check(self.bid({"price_fen": "900000", "currency_code": currency}), 400, "INVALID_FIELD",
                       "currency_code")

    def test_n70_overflow(self):
        self.check(self.bid({"price_fen": "9223372036854775807"}), 400, "INVALID_FIELD", "price_fen")

    def test_n71_price_rules(self):
        problem = self.check(self.bid({"price_fen": "1"}), 409, "BELOW_START")
        self.assertGreater(int(problem["metadata"]["min_acceptable_fen"]), 0)
        self.check(self.bid({"price_fen": "900001"}), 409, "NOT_MULTIPLE")

    # --- F. Encoding ------------------------------------------------------------------------------------------------

    def test_n51_unknown_fields(self):
        for field in ["status", "owner_id", "seq", "fee", "accept_time"]:
            problem = self.check(self.bid({"price_fen": "900000", field: 1}), 400)
            self.assertIn("UNKNOWN_FIELD", json.dumps(problem))

    def test_n76_n79_json(self):
        for name, body in {
                "invalid UTF-8": b'{"bidder_code": "\xff", "price_fen": "900000"}',
                "overlong": b'{"bidder_code": "\xc0\x80", "price_fen": "900000"}',
                "lone surrogate": b'{"bidder_code": "\\ud800", "price_fen": "900000"}',
                "low surrogate": b'{"bidder_code": "\\udc00", "price_fen": "900000"}',
                "encoded surrogate": b'{"bidder_code": "\xed\xa0\x80", "price_fen": "900000"}',
                "NUL": b'{"bidder_code": "\\u0000", "price_fen": "900000"}',
                "raw NUL": b'{"bidder_code": "\x00", "price_fen": "900000"}',
                "NUL at the end": b'{"price_fen": "900000"}\x00',
                "BOM": b'\xef\xbb\xbf{"price_fen": "900000"}',
                "duplicate key, escaped": b'{"price_fen": "900000", "price\\u005ffen": "910000"}',
                "big exponent": b'{"price_fen": 9e999999999}',
                "big exponent of nothing": b'{"price_fen": 0e999999999}',
                "duplicate key": b'{"price_fen": "900000", "price_fen": "910000"}',
                "depth": b'{"a":' * 33 + b"1" + b"}" * 33,
                "trailing": b'{"price_fen": "900000"} x',
                "comment": b'{"price_fen": "900000" /* c */}',
                "comment at the end": b'{"price_fen": "900000"} // c',
                "comma": b'{"price_fen": "900000",}',
                "not a number": b'{"price_fen": NaN}',
                "array": b"[]",
                "empty": b"",
        }.items():
            answer = self.bid(body)
            self.assertEqual(answer.status, 400, (name, answer.body))

    def test_n82_content_type(self):
        for kind in ["text/plain", "application/xml", ""]:
            answer = self.bid(headers={"Content-Type": kind})
            self.assertEqual(answer.status, 415, (kind, answer.body))

    def test_n84_paths(self):
        for path in ["/v1/x/..%2fadmin", "//admin", "/v1;/admin", "/./", "/metrics", "/v2/auctions", "/v1/auctions/"]:
            answer = self.ttx.request("GET", path)
            self.assertIn(answer.status, (400, 404), (path, answer.body))

    def test_what_does_not_exist(self):
        self.check(self.ttx.request("GET", "/v1/auctions/01aaaaaaaaaaaaaaaaaaaaaaaa"), 404, "NOT_FOUND")
        answer = self.ttx.request("DELETE", f"/v1/{self.auction}", token=self.admin)
        self.assertEqual(answer.status, 405)
        self.assertIn("GET", answer.headers["Allow"])

    def test_lists_are_bounded(self):
        self.check(self.ttx.request("GET", "/v1/auctions?page_size=-1"), 400, "INVALID_FIELD", "page_size")
        self.check(self.ttx.request("GET", "/v1/auctions?page_token=%21%21"), 400)
        self.check(self.ttx.request("GET", "/v1/auctions?limit=100000"), 400)

    def test_texts_come_in_both_languages(self):
        chinese = self.bid({"price_fen": "1"}, headers={"Accept-Language": "zh-CN"}).json
        english = self.bid({"price_fen": "1"}, headers={"Accept-Language": "en"}).json
        self.assertEqual(chinese["reason"], english["reason"])
        self.assertIn("低于", chinese["detail"])
        self.assertIn("below", english["detail"])

    def test_errors_leak_nothing(self):
        for answer in [self.bid({"price_fen": "1"}), self.bid(token="x"), self.ttx.request("GET", "/v1/nothing")]:
            text = answer.body.decode().lower()
            for word in ["rocksdb", "exception", "/work", ".cc", "0x"]:
                self.assertNotIn(word, text)
            self.assertNotIn("Server", answer.headers)


if __name__ == "__main__":
    unittest.main()
