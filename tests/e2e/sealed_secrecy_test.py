"""Nobody reads a sealed bid before it is opened: N91 and N95 of reliability.md 3.4, S11 of 2.5.

Bidders seal unusual amounts on machines of their own (`ttx seal`). Before the opening - while envelopes are taken,
after `kill -9` and a restart, and when all but one of the needed shares are in - neither an amount nor the seed of
an envelope is in

  - any file of the installation: write-ahead logs and tables of every store, configuration, keys, the server's log,
  - /metrics, or any answer to any GET of the API, refusals too, by anybody, by each kind of staff, by both
    administrators and by the bidders themselves,
  - the streams of events,
  - the memory of the server: every readable mapping that has pages, read from /proc/PID/mem while it is stopped; that
    is what a core image would hold.

An amount is looked for as decimal text in fen and in yuan, as eight bytes of either order, as a varint, and in
hexadecimal and base64 of these at each alignment; a seed as it is, in hexadecimal and in base64. That the scan sees
what is there is shown twice: an open bid in another session of the same installation is in files, memory and
answers at the same moment; and after the opening the sealed amounts are, too.

The reserve price and a bidder's secret maximum (代理出价), which the server must know to do its work, are likewise in
no file, log, metric or anybody else's answer.
"""

import base64
import glob
import hashlib
import http.client
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from crawler import Watcher, crawl
from installation import BINARY, Installation
from market import START_FEN, STEP_FEN, KeyHolders, Market, sealed

SMALLEST_NEEDLE_BYTES = 6
CHUNK_BYTES = 64 << 10
EMPTY = bytes(CHUNK_BYTES)  # what stores set aside, and pages nobody has written


def unusual(label, step=1):
    """An amount that occurs nowhere by chance, of 16 digits, `step` apart from the start price."""
    number = int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big")
    return START_FEN + (10**15 + number % (7 * 10**15)) // step * step


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def base64_inside(data):
    """What the base64 of a longer text holds of `data` for certain, at each alignment, in both alphabets."""
    for shift, first in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(bytes(shift) + data)[first:(shift + len(data)) * 8 // 6]
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


def forms(plain):
    """`plain` are the bytes a value may stand as; those and what is made of them to print them."""
    found = set()
    for data in plain:
        found |= {data, data.hex().encode(), data.hex().upper().encode(), *base64_inside(data)}
    return {needle for needle in found if len(needle) >= SMALLEST_NEEDLE_BYTES}


def amount_forms(fen):
    yuan = f"{fen // 100}.{fen % 100:02d}".encode()
    return forms([str(fen).encode(), yuan, fen.to_bytes(8, "big"), fen.to_bytes(8, "little"), varint(fen)])


class Scan:
    """Which of the values, by name, are in what is looked at."""

    def __init__(self, values):
        self.needles = [(needle, name) for name, needles in values.items() for needle in sorted(needles)]
        self.hits = {}
        self.bytes = 0

    def look(self, where, data):
        self.bytes += len(data)
        for needle, name in self.needles:
            if needle in data:
                self.hits.setdefault(name, set()).add(where)

    def look_at_chunks(self, where, chunks):
        """`chunks` follow one another; what is empty is passed over."""
        run = []
        for chunk in chunks:
            if chunk != EMPTY[:len(chunk)]:
                run.append(chunk)
            elif run:
                self.look(where, b"".join(run))
                run = []
        self.look(where, b"".join(run))

    def look_at_file(self, path, where):
        with open(path, "rb") as file:
            self.look_at_chunks(where, iter(lambda: file.read(CHUNK_BYTES), b""))


def mappings(pid):
    """(begin, end) of the readable mappings of a process that have pages in memory or in swap."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as smaps:
        lines = smaps.read().splitlines()
    current = None
    for line in lines:
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            begin, end = (int(word, 16) for word in words[0].split("-"))
            readable = words[1].startswith("r") and (len(words) < 6 or words[5] not in ("[vvar]", "[vsyscall]"))
            current = (begin, end) if readable else None
        elif current and words[0] in ("Rss:", "Swap:") and int(words[1]) > 0:
            yield current
            current = None


def chunks_of(memory, begin, end):
    memory.seek(begin)
    while begin < end:
        try:
            chunk = memory.read(min(CHUNK_BYTES, end - begin))
        except OSError:
            return  # a page of a device
        begin += len(chunk)
        yield chunk


class SealedSecrecy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ttx = Installation()
        cls.addClassCleanup(cls.ttx.__exit__)
        away = tempfile.mkdtemp(prefix="ttx-e2e-holders-")  # the machines of bidders and key holders
        cls.addClassCleanup(shutil.rmtree, away, ignore_errors=True)
        cls.market = Market(cls.ttx, bidders=3)
        cls.holders = KeyHolders(away)
        cls.amounts = [unusual(f"sealed {bidder}") for bidder in range(3)]
        cls.open_amount, cls.maximum = unusual("open", STEP_FEN), unusual("maximum", STEP_FEN)
        cls.reserve = unusual("reserve") // 100  # below every bid

    # --- Where it is looked

    def files(self):
        return [path for path in glob.glob(self.ttx.folder + "/**", recursive=True) if os.path.isfile(path)]

    def actors(self):
        market = self.market
        return {"anybody": None, "administrator": market.admin, "second administrator": market.second_admin,
                "kyc officer": market.kyc, "clerk": market.clerk, "officer": market.officer,
                "second officer": market.second_officer, "business reviewer": market.business,
                "compliance reviewer": market.compliance, "bank": market.bank, "seller": market.seller,
                **{f"bidder {at}": bidder for at, bidder in enumerate(market.bidders)}}

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.ttx.admin_port, timeout=10)
        connection.request("GET", "/metrics")
        body = connection.getresponse().read()
        connection.close()
        return body

    def look_at_memory(self, scan):
        process = self.ttx.processes[0]
        process.send_signal(signal.SIGSTOP)
        try:
            with open(f"/proc/{process.pid}/mem", "rb", buffering=0) as memory:
                for begin, end in mappings(process.pid):
                    scan.look_at_chunks("memory", chunks_of(memory, begin, end))
        finally:
            process.send_signal(signal.SIGCONT)

    def scan(self, values, sessions, watchers, memory=True, actors=None):
        """Where the values are at this moment: {name of a value: {where}}."""
        scan = Scan(values)
        if memory:
            self.look_at_memory(scan)
        for path in self.files():
            kind = "log" if path.endswith("server.log") else "file"
            scan.look_at_file(path, kind + " " + os.path.relpath(path, self.ttx.folder))
        scan.look("metrics", self.metrics())
        names = [f"{session.name}/{rest}" for session in sessions for rest in
                 ["proxy", *(f"bidders/{code}" for code in session.codes), "bids/1"]]
        answers = crawl(self.market.call, actors or self.actors(), [*names, *(session.name for session in sessions)])
        self.assertGreater(len(answers), 300)
        for (who, path), body in answers.items():
            scan.look(f"answer to {who}: {path}", body)
        for watcher in watchers:
            scan.look("stream", watcher.text)
        return scan

    def kinds(self, scan, name):
        return {where.split(" ")[0] for where in scan.hits.get(name, ())}

    # --- The tests

    def test_n91_n95_no_sealed_value_is_anywhere_before_the_opening(self):
        market = self.market
        secret_session, open_session = market.schedule(
            [self.holders.rules(), {"mode": "MULTI", "free_period": "86400s", "max_steps_per_bid": 0,
                                    "proxy_bids": True}], reserve_fen=self.reserve)
        secret_session.to_state("SUBMITTING")
        market.wait_state(open_session.name, "FREE")
        watchers = [Watcher(self.ttx, secret_session.name + "/events"),
                    Watcher(self.ttx, "auctionEvents:stream", market.fresh_token(market.officer))]
        self.addCleanup(lambda: [watcher.close() for watcher in watchers])

        envelopes = [secret_session.seal(self.holders, bidder, fen) for bidder, fen in enumerate(self.amounts)]
        sealed_values = {f"amount {bidder}": amount_forms(fen) for bidder, fen in enumerate(self.amounts)}
        sealed_values |= {f"seed {bidder}": forms([seed]) for bidder, (_, seed) in enumerate(envelopes)}
        known = {"open bid": amount_forms(self.open_amount)}
        server_secrets = {"reserve": amount_forms(self.reserve), "maximum": amount_forms(self.maximum)}

        # Bidder 2 hands in twice; what its first envelope held stays secret as well.
        for bidder, (envelope, _) in enumerate(envelopes):
            secret_session.must_submit(bidder, envelope)
        replaced, seed = secret_session.seal(self.holders, 2, unusual("replacement"), version=2)
        secret_session.must_submit(2, replaced)
        sealed_values |= {"replacement": amount_forms(unusual("replacement")), "replacement's seed": forms([seed])}
        self.assertEqual(secret_session.submit(1, envelopes[0][0]).json["reason"], "ENVELOPE_MISADDRESSED")
        answer = open_session.bid(0, self.open_amount)
        self.assertEqual(answer.status, 200, answer.body)

        sessions = [secret_session, open_session]
        self.check_secret("while envelopes are taken", {**sealed_values, **known}, sessions, watchers)
        market.disconnect()
        self.ttx.kill()
        self.ttx.start()
        self.assertGreater(len(glob.glob(self.ttx.path("data/auction/rocksdb/*.sst"))), 0)
        self.check_secret("after a restart", {**sealed_values, **known}, sessions, watchers)

        self.check_backup(secret_session, envelopes, sealed_values)
        watchers[1:] = [Watcher(self.ttx, secret_session.name + "/events")]
        secret_session.to_state("CLOSED_FOR_OPENING")
        secret_session.request_opening()
        reports = [secret_session.report(self.holders, name) for name in self.holders.names]
        self.assertEqual(secret_session.hand_in(reports[0]).status, 200)
        self.check_secret("with one share fewer than needed", {**sealed_values, **known}, sessions, watchers)
        self.check_server_secrets(server_secrets, open_session, sessions, watchers)

        self.assertEqual(secret_session.hand_in(reports[1]).status, 200)
        market.wait_state(secret_session.name, "CLOSED")
        watchers[-1].thread.join(timeout=10)  # the stream ends with the result
        after = self.scan(sealed_values, sessions, watchers)
        standing = ["amount 0", "amount 1", "replacement"]
        for name in standing:
            self.assertLessEqual({"file", "memory", "answer", "stream"}, self.kinds(after, name), name)
        self.assertEqual([name for name in after.hits if name in ("amount 2", "seed 2")], [],
                         "what was replaced is opened by nobody")
        for name in ("seed 0", "seed 1", "replacement's seed"):
            self.assertIn("answer", self.kinds(after, name))
        for name in sealed_values:
            self.assertLessEqual(self.kinds(after, name) & {"log", "metrics"}, set(), name)

    def check_secret(self, when, values, sessions, watchers):
        scan = self.scan(values, sessions, watchers)
        seen = scan.hits.pop("open bid", set())
        kinds = {where.split(" ")[0] for where in seen}
        self.assertLessEqual({"file", "memory", "answer"}, kinds, f"{when}: the scan does not see an open bid")
        self.assertFalse(kinds & {"metrics", "log"}, f"{when}: amounts in logs or metrics")
        self.assertEqual(scan.hits, {}, when)
        print(f"{when}: {scan.bytes >> 20} MiB and {len(scan.needles)} forms, no sealed value", flush=True)

    def check_backup(self, session, envelopes, values):
        """N95: what an operator with the whole database and all keys can do with a backup elsewhere."""
        with tempfile.TemporaryDirectory(prefix="ttx-e2e-backup-") as elsewhere:
            backup = os.path.join(elsewhere, "backup")
            self.market.disconnect()
            self.ttx.stop()
            shutil.copytree(self.ttx.folder, backup)
            self.ttx.start()
            out = os.path.join(elsewhere, "export")
            subprocess.run([BINARY, "auction", "export", session.name, "--data", os.path.join(backup, "data"),
                            "--secrets-key", os.path.join(backup, "keys/secrets.key"), "--out", out],
                           check=True, capture_output=True)
            scan = Scan(values)
            scan.look_at_file(out, "export")
            self.assertEqual(scan.hits, {})
            platform = [path for path in glob.glob(backup + "/**", recursive=True)
                        if os.path.isfile(path) and "/data/" not in path]
            self.assertGreater(len(platform), 5)
            self.assertEqual(self.opening_keys(platform, envelopes[0][0]), [])
            holder = self.holders.path(self.holders.names[0] + ".key")
            self.assertEqual(self.opening_keys([holder], envelopes[0][0]), [holder], "the search does not find a key")

    def opening_keys(self, paths, envelope):
        """The files that hold a private key of a holder, as 32 bytes in clear, in hexadecimal or in base64."""
        keys = {holder.box_key for holder in self.holders.set.holders}
        read = sealed.Envelope(envelope)
        self.assertEqual(read.context.holder_set_id, self.holders.set.id)
        return [path for path in paths if any(read.suite.public_key(secret) in keys for secret in secrets_in(path))]

    def check_server_secrets(self, values, open_session, sessions, watchers):
        """The secret maximum and the reserve price: sealed at rest, shown to nobody but their owners."""
        market = self.market
        maximum = max(self.maximum, self.open_amount + 2 * STEP_FEN)
        market.post(market.bidders[1], open_session.name + ":setProxy", {"maximum_fen": str(maximum)}, key="a-proxy-1")
        self.check_stored_answers(open_session, maximum, "a-proxy-1")
        others = {who: actor for who, actor in self.actors().items() if who not in ("bidder 1", "seller")}
        scan = self.scan(values, sessions, watchers, memory=False, actors=others)
        self.assertEqual(scan.hits, {})
        owner = self.scan(values, sessions, watchers, memory=False)
        self.assertEqual({where.split(":")[0] for where in owner.hits.get("maximum", ())}, {"answer to bidder 1"})


    def check_stored_answers(self, session, maximum, request_id):
        """Who has the store of the auction service cannot tell which client a code belongs to, nor check a guess at a
        maximum against a digest of the request. Who asked what stands in the audit log only."""
        request = text_field(1, session.name) + b"\x10" + varint(maximum) + text_field(4, request_id)
        digest = hashlib.sha256(request).digest()
        clients = {f"client {at}": {bidder.uid.encode()} for at, bidder in enumerate(self.market.bidders)}
        secrets = {**clients, "request": {digest, digest.hex().encode()}, "request id": {request_id.encode()}}
        codes = {"code": {code.encode() for code in session.codes}}
        scan = Scan({**secrets, **codes})
        for path in glob.glob(self.ttx.path("data/auction/**"), recursive=True):
            if os.path.isfile(path):
                scan.look_at_file(path, "file")
        self.assertEqual(set(scan.hits), {"code"})
        audit = Scan(clients)
        audit.look_at_file(self.ttx.path("server.log"), "log")
        self.assertEqual(set(audit.hits), set(clients), "the scan does not see a client")


def text_field(number, text):
    return bytes([number << 3 | 2, len(text)]) + text.encode()


def secrets_in(path):
    """Every run of 32 bytes that a key file may hold: words of hexadecimal, base64 text (PEM's too), raw bytes."""
    with open(path, "rb") as file:
        data = file.read()
    texts = [data] if len(data) <= 64 else []
    for word in data.replace(b'"', b" ").split():
        try:
            texts.append(bytes.fromhex(word.decode()))
        except (UnicodeDecodeError, ValueError):
            pass
    if b"-----BEGIN" in data:
        body = b"".join(line for line in data.splitlines() if b"-----" not in line and b" " not in line)
        try:
            texts.append(base64.b64decode(body + b"=" * (-len(body) % 4)))
        except ValueError:
            pass
    return {text[at:at + 32] for text in texts if len(text) < 256 for at in range(len(text) - 31)}


if __name__ == "__main__":
    unittest.main()
