#!/usr/bin/env python3
"""The commands of ttx against the independent implementation, in both directions, and what they refuse.

TTX_BINARY is the `ttx` under test. Nothing here needs a server or a network.
"""

import base64
import json
import os
import resource
import stat
import subprocess
import tempfile
import unittest

import envelope as e

TTX = os.environ["TTX_BINARY"]
RULES = e.p.sha256(b"rules")
RECORD_PRIVATE = int.from_bytes(b"record key of the test", "big")
AUCTION = "auctions/01jd0000000000000000000000"
CLOSED = "2026-01-02T03:04:05Z"


def pem(kind, der):
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[at:at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"


class Scene(unittest.TestCase):
    suite = e.SUITES["TTX-SB-1"]

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        record = e.SUITES["TTX-SB-1"].curve
        self.write("record.pem", pem("PUBLIC KEY", record.spki(record.multiply(RECORD_PRIVATE, record.g))))
        self.names = ["notary", "regulator", "auditor"]
        for name in self.names:
            self.ttx("holder", "keygen", "--name", name, "--suite", self.suite.id,
                     "--key-out", self.path(name + ".key"), "--card-out", self.path(name + ".card"))
        self.ttx("holder", "set", "--threshold", "2", "--out", self.path("holders"),
                 *(self.path(name + ".card") for name in self.names))
        self.holders = e.HolderSet.parse(self.read("holders").decode())
        self.context = e.Context(self.suite.id, "ttx.example.org", AUCTION, "1", "40217", 1, RULES, self.holders.id)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)

    def ttx(self, *words, status=0, stdin=None, file_bytes_max=None):
        """Runs a command; what it printed, or what it complained of when another status is expected.

        `file_bytes_max`: a file that would grow larger cannot be written, as on a disk that is full.
        """
        limits = (file_bytes_max, file_bytes_max)
        done = subprocess.run([TTX, *words], input=stdin, capture_output=True, text=True, timeout=60, check=False,
                              restore_signals=file_bytes_max is None,
                              preexec_fn=file_bytes_max and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits)))
        self.assertEqual(done.returncode, status, (words, done.stdout, done.stderr))
        return done.stderr if status not in (0, 1) or not done.stdout else done.stdout

    def seal(self, name, bidder="40217", price="10000000", status=0, **options):
        given = {"holders": self.path("holders"), "origin": "ttx.example.org", "auction": AUCTION, "bidder": bidder,
                 "rules": RULES.hex(), "price-file": "-", "out": self.path(name), "seed-out": self.path(name + ".seed")}
        given.update(options)
        words = [word for key, value in given.items() if value is not None for word in ("--" + key, value)]
        return self.ttx("seal", "--json", *words, status=status, stdin=price + "\n")

    def close(self, names, closed=CLOSED, context=None):
        """Writes the installation's close proof over these envelopes."""
        digests = [self.suite.hash(self.read(name)) for name in names]
        text = e.close_statement(context or self.context, closed, e.p.sha256(b"log"), digests)
        self.write("close", e.sign_text(text, e.SUITES["TTX-SB-1"], RECORD_PRIVATE))

    def open(self, holder, names, status=0, file_bytes_max=None, **options):
        given = {"key": self.path(holder + ".key"), "holders": self.path("holders"), "close": self.path("close"),
                 "record-key": self.path("record.pem"), "auction": AUCTION, "out": self.path(holder + ".shares")}
        given.update(options)
        words = [word for key, value in given.items() for word in ("--" + key, value)]
        return self.ttx("holder", "open", "--json", *words, *(self.path(name) for name in names), status=status,
                        file_bytes_max=file_bytes_max)

    def verify(self, *names, status=0, options=()):
        out = self.ttx("sealed", "verify", "--json", "--holders", self.path("holders"), *options,
                       *(self.path(name) for name in names), status=status)
        return [json.loads(line) for line in out.splitlines()] if status in (0, 1) else out

    def closing(self):
        return "--close", self.path("close"), "--record-key", self.path("record.pem")

    def private_of(self, name):
        """(index, box key) of a holder's key file."""
        line = next(line for line in self.read(name + ".key").decode().splitlines() if line.startswith("box "))
        return self.names.index(name) + 1, bytes.fromhex(line[4:])


class BothDirections(Scene):
    def test_ttx_seals_and_the_other_opens(self):
        made = json.loads(self.seal("one", price="10000000"))
        envelope = e.Envelope(self.read("one"))
        self.assertEqual(envelope.digest.hex(), made["digest"])
        self.assertEqual(envelope.context, self.context)
        self.assertNotIn(b"10000000", self.read("one"))
        shares = {}
        for name in ("notary", "auditor"):
            index, private = self.private_of(name)
            shares[index] = e.open_share(private, self.holders, envelope, index)
        verdict = e.combine(envelope, self.holders, shares)
        self.assertEqual((verdict.outcome, verdict.content), ("VALID", b"ttx-price-v1\nfen 10000000\n"))
        self.assertIn(verdict.seed.hex(), self.read("one.seed").decode())

    def test_the_other_seals_and_ttx_opens(self):
        for number, bidder in enumerate(("1", "2", "3")):
            self.write(bidder, e.seal(e.p.sha256(bidder.encode()), self.context._replace(bidder=bidder), self.holders,
                                      "price", b"ttx-price-v1\nfen %d\n" % (100 + number)))
        self.close(["1", "2", "3"])
        for name in ("regulator", "auditor"):
            self.assertEqual(json.loads(self.open(name, ["3", "1", "2"]))["unreadable"], 0)
            index, shares = e.read_share_report(self.read(name + ".shares").decode(), self.holders)
            self.assertEqual(self.names[index - 1], name)
            envelope = e.Envelope(self.read("1"))
            private = self.private_of(name)[1]
            self.assertEqual(shares[envelope.digest], e.open_share(private, self.holders, envelope, index))
        lines = self.verify("1", "2", "3", "regulator.shares", "auditor.shares", options=self.closing())
        self.assertEqual([line["price_fen"] for line in lines[:3]], ["100", "101", "102"])
        self.assertEqual([line["bidder"] for line in lines[:3]], ["1", "2", "3"])
        self.assertEqual(lines[3], {"envelopes": 3, "valid": 3, "bidder_invalid": 0, "wrong_shares": 0,
                                    "close_checked": True})

    def test_a_holder_that_hands_in_parts_is_verified_like_one_that_does_not(self):
        for bidder in ("1", "2", "3"):
            self.write(bidder, e.seal(e.p.sha256(bidder.encode()), self.context._replace(bidder=bidder), self.holders,
                                      "price", b"ttx-price-v1\nfen 100\n"))
        self.close(["1", "2", "3"])
        self.write("digests", "".join(self.suite.hash(self.read(name)).hex() + "\n" for name in ("1", "2", "3")))
        some = {"digests": self.path("digests")}
        made = json.loads(self.open("notary", ["3", "1"], **some))
        self.assertEqual(made["parts"], [self.path("notary.shares")])
        self.open("notary", ["2"], out=self.path("rest.shares"), **some)
        self.open("notary", ["2", "3"], out=self.path("more.shares"), **some)
        self.open("auditor", ["1", "2", "3"])
        lines = self.verify("1", "2", "3", "rest.shares", "auditor.shares", "notary.shares", options=self.closing())
        self.assertEqual([line["outcome"] for line in lines[:3]], ["VALID"] * 3)
        everything = ("1", "2", "3", "auditor.shares", "notary.shares")
        self.verify(*everything, status=65)  # of the second too few
        self.assertIn("one list of each holder", self.verify(*everything, "notary.shares", status=65))
        self.assertIn("already", self.verify(*everything, "more.shares", status=65))

    def test_many_envelopes_make_several_files(self):
        names = []
        for number in range(401):
            names.append(f"bid{number}")
            self.write(names[-1], e.seal(e.p.sha256(names[-1].encode()), self.context._replace(bidder=names[-1]),
                                         self.holders, "price", b"ttx-price-v1\nfen 100\n"))
        self.close(names)
        made = json.loads(self.open("notary", names))
        self.assertEqual(made["parts"], [self.path("notary.shares"), self.path("notary-2.shares")])
        told = {}
        for part, count in (("notary.shares", 201), ("notary-2.shares", 200)):
            index, shares = e.read_share_report(self.read(part).decode(), self.holders)
            self.assertEqual((index, len(shares)), (1, count))
            told.update(shares)
        self.assertEqual(len(told), 401)
        self.all_or_none(names)

    def all_or_none(self, names):
        """Of several files that cannot all be written none is."""
        before = set(os.listdir(self.folder.name))
        self.write("x-2.shares", "")
        self.assertIn("x-2.shares", self.open("notary", names, status=65, out=self.path("x.shares")))
        os.remove(self.path("x-2.shares"))
        self.assertIn("CANNOT_OPEN_FILE", self.open("notary", names, status=65, out=self.path("x" * 248 + ".shares")))
        self.assertIn("CANNOT_OPEN_FILE", self.open("notary", names, status=65, out=self.path("x.shares"),
                                                    file_bytes_max=20_000))
        self.assertEqual(set(os.listdir(self.folder.name)), before)
        self.open("notary", names, out=self.path("x.shares"))

    def test_the_bidder_opens_its_own(self):
        self.write("offer", b"%PDF-1.7 technical part")
        self.seal("one", **{"price-file": None, "documents": self.path("offer")})
        os.mkdir(self.path("contents"))
        lines = self.verify("one", "one.seed", options=("--contents", self.path("contents")))
        self.assertEqual((lines[0]["outcome"], lines[0]["part"]), ("VALID", "DOCUMENTS"))
        self.assertFalse(lines[1]["close_checked"])
        self.assertEqual(self.read("contents/" + lines[0]["digest"]), self.read("offer"))

    def test_a_cheat_is_found_out(self):
        self.write("bad", e.seal(e.p.sha256(b"1"), self.context, self.holders, "price", b"ttx-price-v1\nfen 1\n",
                                 lambda n, v, i: v[:-20] + bytes(20) if (n, i) == ("box", 1) else v))
        self.close(["bad"])
        for name in self.names:
            self.assertEqual(json.loads(self.open(name, ["bad"]))["unreadable"], int(name == "notary"))
        for pair in (("notary", "auditor"), ("notary", "regulator"), ("auditor", "regulator")):
            line = self.verify("bad", *(name + ".shares" for name in pair), status=1)[0]
            self.assertEqual((line["outcome"], line["liars"]), ("BIDDER_INVALID", []), pair)

    def test_a_lying_holder_is_named(self):
        self.seal("one")
        self.close(["one"])
        for name in self.names:
            self.open(name, ["one"])
        digest = self.suite.hash(self.read("one"))
        proof = self.read("close").decode()
        text = self.read("notary.key").decode()
        signing = private_scalar(text[text.index("-----BEGIN"):])
        report = e.share_report(self.suite, AUCTION, proof, self.holders, 1, {digest: e.p.sha256(b"a lie")})
        self.write("notary.lie", e.sign_text(report, self.suite, signing))
        lines = self.verify("one", "notary.lie", "regulator.shares", "auditor.shares", status=1, options=self.closing())
        self.assertEqual((lines[0]["outcome"], lines[0]["liars"]), ("VALID", ["notary"]))
        self.assertEqual(lines[1]["wrong_shares"], 1)
        self.write("notary.forged", e.sign_text(report, self.suite, 12345))
        self.assertIn("WRONG_SHARE", self.verify("one", "notary.forged", "auditor.shares", status=65))


class BothDirectionsSm(BothDirections):
    suite = e.SUITES["TTX-SB-SM"]


def private_scalar(text):
    """The private number of a PKCS#8 key of a curve: the first OCTET STRING of 32 bytes."""
    der = base64.b64decode("".join(text.splitlines()[1:-1]))
    at = der.index(b"\x02\x01\x01\x04\x20")
    return int.from_bytes(der[at + 5:at + 37], "big")


class Refusals(Scene):
    def setUp(self):
        super().setUp()
        self.seal("one")
        self.close(["one"])

    def refused(self, reason, status=1, holder="notary", names=("one",), **options):
        self.assertIn(reason, self.open(holder, names, status=status, **options))
        self.assertFalse(os.path.exists(self.path(holder + ".shares")), "nothing is written")

    def test_no_proof_no_shares(self):
        """reliability.md N94."""
        self.refused("CANNOT_OPEN_FILE", status=65, close=self.path("nothing"))
        self.refused("NOT_PROVEN_CLOSED", close=self.path("holders"))
        self.refused("NOT_PROVEN_CLOSED", auction="auctions/other")
        self.close(["one"], closed="2200-01-01T00:00:00Z")
        self.refused("closes at 2200-01-01T00:00:00Z")
        self.close(["one"], context=self.context._replace(rules_hash=e.p.sha256(b"other")))
        self.refused("ENVELOPE_MISADDRESSED")
        self.close(["one"], context=self.context._replace(holder_set_id=bytes(32)))
        self.refused("NOT_PROVEN_CLOSED")
        self.close(["one"])
        forged = self.read("close").replace(b"2026-01-02", b"2025-01-02")
        self.write("forged", forged)
        self.refused("NOT_PROVEN_CLOSED", close=self.path("forged"))

    def test_only_counted_envelopes(self):
        self.seal("late", bidder="2")
        self.refused("NOT_PROVEN_CLOSED", names=("one", "late"))
        self.refused("NOT_PROVEN_CLOSED", names=("late",))
        self.write("digests", self.suite.hash(self.read("one")).hex() + "\n")
        self.refused("was not counted", names=("late",), digests=self.path("digests"))
        self.open("notary", ["one"], digests=self.path("digests"))

    def test_only_holders(self):
        self.ttx("holder", "keygen", "--name", "notary", "--key-out", self.path("thief.key"), "--card-out",
                 self.path("thief.card"))
        self.refused("WRONG_HOLDER_SET", key=self.path("thief.key"))

    def test_fewer_than_the_threshold(self):
        self.open("notary", ["one"])
        self.assertIn("QUORUM_NOT_REACHED", self.verify("one", "notary.shares", status=65))
        self.assertIn("DUPLICATE", self.verify("one", "notary.shares", "notary.shares", status=65))

    def test_a_flipped_byte(self):
        data = bytearray(self.read("one"))
        data[-1] ^= 1
        self.write("one", bytes(data))
        self.assertIn("NOT_PROVEN_CLOSED", self.open("notary", ["one"], status=1))
        self.close(["one"])
        for name in self.names:
            self.open(name, ["one"])
        line = self.verify("one", *(name + ".shares" for name in self.names), status=1)[0]
        self.assertEqual((line["outcome"], line["flaw"]), ("BIDDER_INVALID", "BODY_NOT_AUTHENTIC"))
        self.write("one", bytes(data[:-1]))
        self.assertIn("ENVELOPE_MALFORMED", self.verify("one", status=65))

    def test_what_cannot_be_sealed(self):
        for price in ("", "0", "-1", "1.5", "9000000000000001", "100 fen"):
            self.assertIn("INVALID_FIELD", self.seal("two", price=price, status=65), price)
        for option, value in (("rules", "abc"), ("bidder", "4 2"), ("version", "0"), ("lot", "x" * 65)):
            self.assertIn("INVALID_FIELD", self.seal("two", status=65, **{option: value}), option)
        self.assertIn("BAD_SEALED_FILE", self.seal("two", status=65, holders=self.path("record.pem")))
        self.assertFalse(os.path.exists(self.path("two")))
        self.assertFalse(os.path.exists(self.path("two.seed")))
        self.assertIn("CANNOT_OPEN_FILE", self.seal("one", status=65), "nothing is overwritten")
        self.write("three", "")
        self.assertIn("CANNOT_OPEN_FILE", self.seal("three", status=65))
        self.assertFalse(os.path.exists(self.path("three.seed")))
        os.remove(self.path("three"))
        self.seal("three")

    def test_wrong_use(self):
        for words in (("seal",), ("seal", "--nonsense"), ("holder",), ("holder", "open"), ("holder", "keygen", "x"),
                      ("holder", "set", "--threshold", "2", "--out", self.path("x")), ("sealed",),
                      ("sealed", "verify"), ("sealed", "verify", "--holders", self.path("holders"))):
            self.assertIn("Usage: ttx", self.ttx(*words, status=64))
        for words in (("seal", "--help"), ("holder", "--help"), ("holder", "open", "--help"), ("sealed", "--help")):
            self.assertIn("Exit status:", self.ttx(*words))

    def test_secrets_are_private_files(self):
        for name in ("notary.key", "one.seed"):
            self.assertEqual(stat.S_IMODE(os.stat(self.path(name)).st_mode), 0o600, name)

    def test_secrets_are_not_printed(self):
        seed = self.read("one.seed").decode().split()[-1]
        printed = self.seal("two") + self.open("notary", ["one"])
        _, private = self.private_of("notary")
        for secret in (seed, self.read("two.seed").decode().split()[-1], private.hex()):
            self.assertNotIn(secret, printed)


if __name__ == "__main__":
    unittest.main()
