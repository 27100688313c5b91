"""Access tokens whose signature is right, made with the installation's own key, and whose header or claims are not: N28
to N36 of reliability.md 3.4 over HTTPS. A token with a wrong signature proves little about the checks behind it."""

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import time
import unittest

from installation import BINARY
from seeded import Seeded

KEY_TOOL = os.path.join(os.path.dirname(BINARY), "tests/e2e/ttx_e2e_token_key")
LIFETIME_SECONDS, LEEWAY_SECONDS = 3600, 30  # the longest a token may live; libs/auth/token.h
MARGIN_SECONDS = 15  # for the time a check takes


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def raw_signature(der):
    """r and s, 32 bytes each, of an ECDSA signature as OpenSSL prints it."""
    def number(at):
        assert der[at] == 2
        value = int.from_bytes(der[at + 2:at + 2 + der[at + 1]], "big")
        return value.to_bytes(32, "big"), at + 2 + der[at + 1]

    first, at = number(2)
    second, _ = number(at)
    return first + second


class Signer:
    """A P-256 key that signs whatever a test wants."""

    def __init__(self, key_file):
        self.key_file = key_file

    def sign(self, header, payload):
        """A token; header and payload are objects, or bytes taken as they are."""
        parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
        signed = ".".join(encode(part) for part in parts)
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key_file], input=signed.encode(),
                             capture_output=True, check=True).stdout
        return signed + "." + encode(raw_signature(der))

    def public(self, form):
        return subprocess.run(["openssl", "pkey", "-in", self.key_file, "-pubout", "-outform", form],
                              capture_output=True, check=True).stdout


def make_key(path):
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path],
                   check=True, capture_output=True)
    return Signer(path)


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ttx = Seeded(bidders=1, spread=1, start=False)
        cls.addClassCleanup(cls.ttx.__exit__)
        kid, pem = subprocess.run([KEY_TOOL, "--data", cls.ttx.path("data"), "--secrets-key",
                                   cls.ttx.path("keys/secrets.key")], check=True, capture_output=True,
                                  text=True).stdout.split("\n", 1)
        with open(cls.ttx.path("token.pem"), "w") as file:
            file.write(pem)
        cls.signer = Signer(cls.ttx.path("token.pem"))
        cls.attacker = make_key(cls.ttx.path("attacker.pem"))
        cls.ttx.start()
        header, payload, _ = cls.ttx.bidder_token().split(".")
        cls.header, cls.claims = json.loads(decode(header)), json.loads(decode(payload))
        assert cls.header["kid"] == kid

    def setUp(self):
        self.assertEqual(self.status(self.signer.sign(self.header, self.claims)), 409, "a good token must be accepted")

    def tearDown(self):
        self.assertEqual(self.ttx.bids(), [])

    def bid(self, token, **options):
        return self.ttx.bid(token, 1, **options)  # below the start price: whoever may bid is told so

    def status(self, token):
        answer = self.bid(token)
        self.assertEqual(answer.json["reason"], {401: "UNAUTHENTICATED", 409: "BELOW_START"}.get(answer.status),
                         answer.body)
        return answer.status

    def refuses(self, tokens):
        for name, token in tokens.items():
            self.assertEqual(self.status(token), 401, name)

    def with_claims(self, **changes):
        """The good claims with some changed, or left out when None; without the redundant time of issue."""
        claims = {**self.claims, **changes}
        claims.pop("iat_us", None)
        return self.signer.sign(self.header, {name: value for name, value in claims.items() if value is not None})

    def with_header(self, **changes):
        header = {**self.header, **changes}
        return self.signer.sign({name: value for name, value in header.items() if value is not None}, self.claims)

    def with_text(self, old, new):
        """The good claims, their JSON text changed."""
        text = json.dumps(self.claims)
        self.assertIn(old, text)
        return self.signer.sign(self.header, text.replace(old, new, 1).encode())

    def test_n28_no_credentials(self):
        self.refuses({"nothing": "", "a dot": ".", "two dots": "..", "a word": "token"})
        good = self.signer.sign(self.header, self.claims)
        for value in ["Basic " + good, good, "Bearer", "Bearer  " + good, "Bearer " + good + " x"]:
            self.assertEqual(self.bid(None, headers={"Authorization": value}).status, 401, value[:20])
        self.assertEqual(self.bid(None).status, 401)

    def test_n29_no_algorithm(self):
        signed = self.signer.sign(self.header, self.claims)
        for algorithm in ["none", "None", "nOnE", "NONE", "", None]:
            token = self.with_header(alg=algorithm)
            self.refuses({f"{algorithm}, signed": token, f"{algorithm}, unsigned": token[:token.rindex(".") + 1]})
        self.refuses({"no signature": signed[:signed.rindex(".") + 1], "two parts": signed[:signed.rindex(".")]})

    def test_n30_a_public_key_is_no_secret(self):
        for form in ["PEM", "DER"]:
            for algorithm, digest in [("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)]:
                header = {**self.header, "alg": algorithm}
                signed = ".".join(encode(json.dumps(part).encode()) for part in (header, self.claims))
                mac = hmac.new(self.signer.public(form), signed.encode(), digest).digest()
                self.refuses({f"{algorithm} {form}": signed + "." + encode(mac)})
        self.refuses({name: self.with_header(alg=name) for name in ["RS256", "ES384", "PS256", "EdDSA", "es256"]})

    def test_n31_other_key_ids(self):
        self.refuses({str(kid)[:20]: self.with_header(kid=kid) for kid in
                      ["../../dev/null", "' or 1=1", "k" * 4096, "unknown", "", self.header["kid"] + "\0", None, 1,
                       [self.header["kid"]]]})

    def test_n32_keys_that_come_with_the_token(self):
        """An attacker's key, offered in every way a header can; nobody asks its server for it."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            address = f"https://127.0.0.1:{listener.getsockname()[1]}/keys"
            point = self.attacker.public("DER")[-64:]
            jwk = {"kty": "EC", "crv": "P-256", "x": encode(point[:32]), "y": encode(point[32:])}
            members = {"jku": address, "x5u": address, "jwk": jwk, "x5c": ["MII="], "x5t#S256": encode(bytes(32))}
            for name, value in members.items():
                header = {**self.header, name: value}
                self.refuses({name + ", the attacker's": self.attacker.sign(header, self.claims),
                              name + ", ours": self.signer.sign(header, self.claims)})
            with self.assertRaises(BlockingIOError):
                listener.accept()

    def test_n33_times(self):
        now = int(time.time())
        grace = LEEWAY_SECONDS - MARGIN_SECONDS
        for name, token in {
                "expired within the leeway": self.with_claims(iat=now - 300, exp=now - grace),
                "valid in a moment": self.with_claims(nbf=now + grace),
                "the longest life": self.with_claims(iat=now, exp=now + LIFETIME_SECONDS)}.items():
            self.assertEqual(self.status(token), 409, name)
        self.refuses({
            "expired": self.with_claims(iat=now - 300, exp=now - LEEWAY_SECONDS - 1),
            "not yet valid": self.with_claims(nbf=now + LEEWAY_SECONDS + 1 + MARGIN_SECONDS),
            "issued in the future": self.with_claims(iat=now + LEEWAY_SECONDS + 1 + MARGIN_SECONDS),
            "no end": self.with_claims(exp=None),
            "no time of issue": self.with_claims(iat=None),
            "too long a life": self.with_claims(iat=now, exp=now + LIFETIME_SECONDS + 1),
            "ten years": self.with_claims(exp=now + 315_360_000),
            "no life": self.with_claims(exp=self.claims["iat"]),
            "a text": self.with_claims(exp=str(now + 300)),
            "a fraction": self.with_claims(exp=now + 300.5),
            "a huge end": self.with_text(f'"exp": {self.claims["exp"]}', '"exp": 1e300')})

    def test_n34_other_issuer_audience_or_type(self):
        self.refuses({
            "another audience": self.with_claims(aud="other"),
            "a list of audiences": self.with_claims(aud=[self.claims["aud"]]),
            "no audience": self.with_claims(aud=None),
            "another issuer": self.with_claims(iss="other"),
            "no issuer": self.with_claims(iss=None),
            "an ID token": self.with_header(typ="JWT"),
            "an ID token of another kind": self.with_header(typ="id+jwt"),
            "no type": self.with_header(typ=None)})

    def test_n34_somebody_else(self):
        self.refuses({
            "a service": self.with_claims(sub="services/listing"),
            "nobody": self.with_claims(sub=None),
            "an organization": self.with_claims(sub=self.claims["org"]),
            "an organization that is none": self.with_claims(org="people/01aaaaaaaaaaaaaaaaaaaaaaaa")})

    def test_n35_claims_twice_nested_tokens_and_size(self):
        good = self.signer.sign(self.header, self.claims)
        self.refuses({
            "a claim twice": self.with_text('"sub": ', '"sub": "apiClients/01aaaaaaaaaaaaaaaaaaaaaaaa", "sub": '),
            "a claim twice, escaped": self.with_text('"sub": ', '"s\\u0075b": "apiClients/x", "sub": '),
            "a header member twice": self.signer.sign(
                json.dumps(self.header).replace('"alg"', '"alg": "ES256", "alg"').encode(), self.claims),
            "a token in a token": self.signer.sign(self.header, good.encode()),
            "a quoted token in a token": self.signer.sign(self.header, json.dumps(good).encode()),
            "said to hold a token": self.with_header(cty="JWT"),
            "unknown crit": self.with_header(crit=["exp"]),
            "crit b64": self.with_header(crit=["b64"], b64=False),
            "compressed": self.with_header(zip="DEF"),
            "encrypted": self.with_header(enc="A256GCM"),
            "trailing bytes": self.signer.sign(self.header, json.dumps(self.claims).encode() + b" {}"),
            "not UTF-8": self.signer.sign(self.header, json.dumps(self.claims).encode().replace(b"ttx", b"tt\xff")),
            "9 KiB": self.with_claims(jti="j" * 9 * 1024)})
        answer = self.bid(self.with_claims(jti="j" * 16 * 1024))
        self.assertEqual((answer.status, answer.json["reason"]), (431, "HEADERS_TOO_LARGE"), answer.body)

    def test_n36_tokens_elsewhere(self):
        good = self.signer.sign(self.header, self.claims)
        path = f"/v1/{self.ttx.auction}/bids"
        body = json.dumps({"price_fen": "1"})
        for token in [None, good]:
            answer = self.ttx.request("POST", f"{path}?access_token={good}", body, token=token)
            self.assertEqual(answer.status, 400, answer.body)
        answer = self.ttx.request("POST", path, {"price_fen": "1", "access_token": good})
        self.assertEqual(answer.status, 400, answer.body)
        with self.ttx.tls() as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                               f"Idempotency-Key: k\r\nAuthorization: Bearer {good}\r\nAuthorization: Bearer {good}\r\n"
                               f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
            self.assertTrue(connection.recv(65536).startswith(b"HTTP/1.1 400 "))


class OtherInstallation(unittest.TestCase):
    def test_n34_a_token_of_another_installation(self):
        """Same issuer, same audience, and even the same kid: another key."""
        with Seeded(bidders=1, spread=1) as ttx, Seeded(bidders=1, spread=1) as other:
            token = other.bidder_token()
            self.assertEqual(ttx.bid(token, 20_000).status, 401)
            header, payload, _ = token.split(".")
            kid = json.loads(decode(ttx.bidder_token().split(".")[0]))["kid"]
            key = make_key(other.path("other.pem"))
            self.assertEqual(ttx.bid(key.sign({**json.loads(decode(header)), "kid": kid}, decode(payload)),
                                     20_000).status, 401)
            self.assertEqual(ttx.bids(), [])


if __name__ == "__main__":
    unittest.main()
