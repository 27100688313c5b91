"""Sealed envelopes as docs/formats.md describes them, written from that page and not from libs/sealed.

`Suite` has the algorithms, `seal` makes an envelope (or, with `tamper`, a dishonest one), `parse`, `open_share` and
`combine` open it; `close_proof` and `share_report` write and check the signed texts.
"""

import base64
import collections
import itertools

import primitives as p

BUCKETS = {"price": [512], "documents": [64 << 10, 1 << 20, 8 << 20, 64 << 20]}

Context = collections.namedtuple("Context", "suite origin auction lot bidder version rules_hash holder_set_id")
Holder = collections.namedtuple("Holder", "name box_key signing_der")
Verdict = collections.namedtuple("Verdict", "outcome flaw content seed liars")


class Suite1:
    """TTX-SB-1."""

    id = "TTX-SB-1"
    signature_id = "ECDSA-P256-SHA256"
    curve = p.P256
    key_bytes, box_bytes, body_overhead = 32, 48, 16
    hash = staticmethod(p.sha256)
    mac = staticmethod(p.hmac_sha256)
    sign = staticmethod(p.ecdsa_sign)
    verify = staticmethod(p.ecdsa_verify)

    def derive(self, secret, info, count):
        return p.hkdf(self.mac, secret, info, count)

    def private_key(self, secret, info):
        return self.derive(secret, info, 32)

    def public_key(self, private):
        return p.x25519(private, (9).to_bytes(32, "little"))

    def is_public_key(self, key):
        return len(key) == 32 and int.from_bytes(key, "little") < p.X25519_PRIME and any(p.x25519(bytes(32), key))

    def agree(self, private, public):
        return p.x25519(private, public)

    def seal_body(self, secret, info, associated, plain):
        return p.siv_encrypt(self.derive(secret, info, 64), [associated], plain)

    def open_body(self, secret, info, associated, body):
        return p.siv_decrypt(self.derive(secret, info, 64), [associated], body)

    def seal_box(self, secret, info, associated, share):
        return p.gcm_encrypt(self.derive(secret, info, 32), bytes(12), associated, share)

    def open_box(self, secret, info, associated, box):
        return p.gcm_decrypt(self.derive(secret, info, 32), bytes(12), associated, box)


class SuiteSm(Suite1):
    """TTX-SB-SM."""

    id = "TTX-SB-SM"
    signature_id = "SM2-SM3"
    curve = p.SM2
    key_bytes, box_bytes, body_overhead = 65, 64, 48
    hash = staticmethod(p.sm3)
    mac = staticmethod(p.hmac_sm3)
    sign = staticmethod(p.sm2_sign)
    verify = staticmethod(p.sm2_verify)

    def private_key(self, secret, info):
        wide = int.from_bytes(self.derive(secret, info, 48), "big")
        return (wide % (p.SM2.n - 1) + 1).to_bytes(32, "big")

    def public_key(self, private):
        return p.SM2.encode(p.SM2.multiply(int.from_bytes(private, "big"), p.SM2.g))

    def is_public_key(self, key):
        return p.SM2.decode(key) is not None

    def agree(self, private, public):
        return p.SM2.multiply(int.from_bytes(private, "big"), p.SM2.decode(public))[0].to_bytes(32, "big")

    def encrypt(self, key, mac_key, iv, associated, plain):
        data = p.sm4_ctr(key, iv, plain)
        return data + self.mac(mac_key, associated + iv + data)

    def decrypt(self, key, mac_key, iv, associated, sealed):
        data, tag = sealed[:-32], sealed[-32:]
        return p.sm4_ctr(key, iv, data) if self.mac(mac_key, associated + iv + data) == tag else None

    def seal_body(self, secret, info, associated, plain):
        keys = self.derive(secret, info, 80)
        iv = self.mac(keys[16:48], associated + plain)[:16]
        return iv + self.encrypt(keys[:16], keys[48:], iv, associated, plain)

    def open_body(self, secret, info, associated, body):
        keys = self.derive(secret, info, 80)
        return self.decrypt(keys[:16], keys[48:], body[:16], associated, body[16:])

    def seal_box(self, secret, info, associated, share):
        keys = self.derive(secret, info, 48)
        return self.encrypt(keys[:16], keys[16:], bytes(16), associated, share)

    def open_box(self, secret, info, associated, box):
        keys = self.derive(secret, info, 48)
        return self.decrypt(keys[:16], keys[16:], bytes(16), associated, box)


SUITES = {suite.id: suite for suite in (Suite1(), SuiteSm())}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- Holders -------------------------------------------------------------------------------------------------------


def holder_private_key(suite, seed):
    return suite.private_key(seed, b"ttx/sb/holder-key/v1" + suite.id.encode())


class HolderSet:
    def __init__(self, suite, threshold, holders):
        self.suite, self.threshold, self.holders = suite, threshold, holders
        self.text = f"ttx-holders-v1\nsuite {suite.id}\nthreshold {threshold}\n" + "".join(
            f"holder {h.name} {h.box_key.hex()} {b64(h.signing_der)}\n" for h in holders)
        self.id = suite.hash(b"ttx/sb/holders/v1" + self.text.encode())

    @classmethod
    def parse(cls, text):
        lines = [line.split(" ") for line in text.splitlines()]
        assert lines[0] == ["ttx-holders-v1"]
        made = cls(SUITES[lines[1][1]], int(lines[2][1]),
                   [Holder(name, bytes.fromhex(box), unb64(der)) for _, name, box, der in lines[3:]])
        assert made.text == text
        return made


# --- Envelopes -----------------------------------------------------------------------------------------------------


def encode_context(context):
    values = [context.suite.encode(), context.origin.encode(), context.auction.encode(), context.lot.encode(),
              context.bidder.encode(), context.version.to_bytes(4, "big"), context.rules_hash, context.holder_set_id]
    return b"".join(bytes([tag]) + len(value).to_bytes(2, "big") + value for tag, value in enumerate(values, 1))


def decode_context(data):
    values = []
    for tag in range(1, 9):
        assert data[0] == tag
        length = int.from_bytes(data[1:3], "big")
        values.append(data[3:3 + length])
        assert len(values[-1]) == length
        data = data[3 + length:]
    assert not data and len(values[5]) == 4 and len(values[6]) == len(values[7]) == 32
    texts = [value.decode("ascii") for value in values[:5]]
    return Context(*texts, int.from_bytes(values[5], "big"), values[6], values[7])


def pad(part, content):
    bucket = next(size for size in BUCKETS[part] if len(content) <= size - 4)
    return (len(content).to_bytes(4, "big") + content).ljust(bucket, b"\0")


def make_shares(suite, holders, context, seed):
    coefficients = [suite.derive(seed, b"coef" + context + bytes([d]), 32) for d in range(1, holders.threshold)]
    shares = []
    for index in range(1, len(holders.holders) + 1):
        share, power = bytearray(seed), 1
        for coefficient in coefficients:
            power = p.gf_multiply(power, index)
            for at in range(32):
                share[at] ^= p.gf_multiply(coefficient[at], power)
        shares.append(bytes(share))
    return shares


def make_box(suite, holders, context, commitment, seed, index, share):
    ephemeral = suite.private_key(seed, b"eph" + context + bytes([index]))
    public, key = suite.public_key(ephemeral), holders.holders[index - 1].box_key
    return public + suite.seal_box(suite.agree(ephemeral, key), b"box" + context + public + key,
                                   context + commitment + bytes([index]), share)


def seal(seed, context, holders, part, content, tamper=None):
    """The envelope; `tamper(name, value, index)` may replace each thing on its way in, as a cheating bidder would."""
    tamper = tamper or (lambda name, value, index: value)
    suite, encoded = holders.suite, encode_context(context)
    commitment = tamper("commitment", suite.hash(b"ttx/sb/com/v1" + encoded + seed), 0)
    boxes = b""
    for index, share in enumerate(make_shares(suite, holders, encoded, seed), 1):
        box = make_box(suite, holders, encoded, commitment, seed, index, tamper("share", share, index))
        boxes += tamper("box", box, index)
    body = suite.seal_body(tamper("body seed", seed, 0), b"bid" + encoded, encoded + commitment,
                           tamper("padded", pad(part, content), 0))
    return (b"TTX-SB\x01" + len(encoded).to_bytes(2, "big") + encoded + commitment + bytes([len(holders.holders)])
            + boxes + len(body).to_bytes(4, "big") + body)


class Envelope:
    """Reads an envelope; AssertionError (or a lookup error) when it is malformed."""

    def __init__(self, data):
        self.bytes, rest = data, data

        def take(count):
            nonlocal rest
            taken, rest = rest[:count], rest[count:]
            assert len(taken) == count
            return taken

        assert take(7) == b"TTX-SB\x01"
        self.encoded = take(int.from_bytes(take(2), "big"))
        self.context = decode_context(self.encoded)
        self.suite = SUITES[self.context.suite]
        self.commitment = take(32)
        self.boxes = [(take(self.suite.key_bytes), take(self.suite.box_bytes)) for _ in range(take(1)[0])]
        assert 2 <= len(self.boxes) <= 15 and all(self.suite.is_public_key(key) for key, _ in self.boxes)
        self.body = take(int.from_bytes(take(4), "big"))
        assert not rest
        size = len(self.body) - self.suite.body_overhead
        self.part = next(part for part, sizes in BUCKETS.items() if size in sizes)
        self.digest = self.suite.hash(data)


def open_share(private, holders, envelope, index):
    suite, (public, box) = envelope.suite, envelope.boxes[index - 1]
    key = holders.holders[index - 1].box_key
    assert suite.public_key(private) == key and envelope.context.holder_set_id == holders.id
    return suite.open_box(suite.agree(private, public), b"box" + envelope.encoded + public + key,
                          envelope.encoded + envelope.commitment + bytes([index]), box)


def interpolate(shares):
    seed = bytearray(32)
    for index, share in shares:
        weight = 1
        for other, _ in shares:
            if other != index:
                weight = p.gf_multiply(weight, p.gf_multiply(other, p.gf_inverse(other ^ index)))
        for at in range(32):
            seed[at] ^= p.gf_multiply(share[at], weight)
    return bytes(seed)


def combine(envelope, holders, shares):
    """`shares` maps index -> share, or None for a box that could not be read."""
    assert len(shares) >= holders.threshold
    suite = envelope.suite
    readable = sorted((index, share) for index, share in shares.items() if share is not None)
    for choice in itertools.combinations(readable, holders.threshold):
        seed = interpolate(choice)
        if suite.hash(b"ttx/sb/com/v1" + envelope.encoded + seed) == envelope.commitment:
            return reveal(envelope, holders, seed, shares)
    return Verdict("BIDDER_INVALID", "SEED_NOT_RECOVERED", None, None, [])


def reveal(envelope, holders, seed, shares):
    suite, encoded = envelope.suite, envelope.encoded
    if suite.hash(b"ttx/sb/com/v1" + encoded + seed) != envelope.commitment:
        return Verdict("BIDDER_INVALID", "SEED_NOT_RECOVERED", None, None, [])
    true_shares = make_shares(suite, holders, encoded, seed)
    liars = []
    for index, share in sorted(shares.items()):
        box = make_box(suite, holders, encoded, envelope.commitment, seed, index, true_shares[index - 1])
        if share != true_shares[index - 1] and box == b"".join(envelope.boxes[index - 1]):
            liars.append(index)
    padded = suite.open_body(seed, b"bid" + encoded, encoded + envelope.commitment, envelope.body)
    if padded is None:
        return Verdict("BIDDER_INVALID", "BODY_NOT_AUTHENTIC", None, seed, liars)
    content = padded[4:4 + int.from_bytes(padded[:4], "big")]
    if len(padded) < 4 + int.from_bytes(padded[:4], "big") or seal(seed, envelope.context, holders, envelope.part,
                                                                   content) != envelope.bytes:
        return Verdict("BIDDER_INVALID", "NOT_REPRODUCIBLE", None, seed, liars)
    return Verdict("VALID", "", content, seed, liars)


# --- Signed texts --------------------------------------------------------------------------------------------------


def sign_text(text, suite, private):
    return text + f"signature {suite.signature_id} {b64(suite.sign(private, text.encode()))}\n"


def check_text(signed, suite, public):
    """The text before a signature that is `public`'s; AssertionError otherwise."""
    text, last = signed[:signed.rindex("signature ")], signed[signed.rindex("signature "):]
    word, suite_id, signature = last.rstrip("\n").split(" ")
    assert word == "signature" and suite_id == suite.signature_id and text.endswith("\n")
    assert suite.verify(public, text.encode(), unb64(signature))
    return text


def envelopes_root(suite, digests):
    def root(leaves):
        if not leaves:
            return suite.hash(b"")
        if len(leaves) == 1:
            return suite.hash(b"\0" + leaves[0])
        left = 1 << (len(leaves) - 1).bit_length() - 1
        return suite.hash(b"\1" + root(leaves[:left]) + root(leaves[left:]))

    return root(sorted(digests))


def close_statement(context, closed, log_hash, digests):
    return (f"ttx-close-v1\nsuite {context.suite}\norigin {context.origin}\nauction {context.auction}\n"
            f"lot {context.lot}\nrules {context.rules_hash.hex()}\nholders {context.holder_set_id.hex()}\n"
            f"closed {closed}\nlog {log_hash.hex()}\nenvelopes {len(digests)}\n"
            f"root {envelopes_root(SUITES[context.suite], digests).hex()}\n")


def share_report(suite, auction, proof, holders, index, shares):
    """The text a holder signs; `shares` maps digest -> share or None."""
    lines = "".join(f"share {digest.hex()} {share.hex()}\n" if share else f"unreadable {digest.hex()}\n"
                    for digest, share in sorted(shares.items()))
    return (f"ttx-shares-v1\nsuite {suite.id}\nauction {auction}\nclose {suite.hash(proof.encode()).hex()}\n"
            f"holders {holders.id.hex()}\nholder {index} {holders.holders[index - 1].name}\n{lines}")


def read_share_report(signed, holders):
    """(index, {digest: share or None}) of a report whose signature is the holder's."""
    index, name = signed.splitlines()[5].split(" ")[1:]
    holder = holders.holders[int(index) - 1]
    assert holder.name == name
    text = check_text(signed, holders.suite, holders.suite.curve.of_spki(holder.signing_der))
    shares = {}
    for line in text.splitlines()[6:]:
        words = line.split(" ")
        shares[bytes.fromhex(words[1])] = bytes.fromhex(words[2]) if words[0] == "share" else None
    return int(index), shares
