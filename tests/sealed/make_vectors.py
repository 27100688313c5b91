#!/usr/bin/env python3
"""Writes the test vectors of sealed envelopes: tests/vectors/sealed/<suite>.json, from this independent code.

The vectors are frozen: a suite id means exactly these bytes for ever. Run it to add cases, never to change one;
vectors_test.py fails when what it makes differs from the files.
"""

import json
import os
import sys

import envelope as e

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "sealed")
NAMES = ["notary", "regulator", "exchange-compliance", "seller-trustee", "auditor"]
RECORD_PRIVATE = int.from_bytes(b"record key for the vectors", "big")
PRICE = b"ttx-price-v1\nfen 10000000\n"


def seed(label):
    """Not secret: a digest of what it is for."""
    return e.p.sha256(b"ttx sealed vector " + label.encode())


def make_holders(suite, count, threshold):
    keys, holders = [], []
    for name in NAMES[:count]:
        box_private = e.holder_private_key(suite, seed(f"{suite.id} box {name}"))
        signing = int.from_bytes(seed(f"{suite.id} signing {name}"), "big") % (suite.curve.n - 1) + 1
        keys.append((box_private, signing))
        der = suite.curve.spki(suite.curve.multiply(signing, suite.curve.g))
        holders.append(e.Holder(name, suite.public_key(box_private), der))
    return keys, e.HolderSet(suite, threshold, holders)


def make_context(suite, holders, bidder, version=1):
    return e.Context(suite.id, "ttx.example.org", "auctions/01jd0000000000000000000000", "1", bidder, version,
                     seed("rules"), holders.id)


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


# What a cheating bidder does: name -> replacement, by what is made.
TAMPERS = {
    "honest": None,
    "garbage box of holder 2": lambda n, v, i: v[:-40] + seed("garbage") + v[-8:] if (n, i) == ("box", 2) else v,
    "inconsistent share of holder 4": lambda n, v, i: flip(v, 7) if (n, i) == ("share", 4) else v,
    "three inconsistent shares": lambda n, v, i: flip(v, 0) if n == "share" and i in (1, 2, 3) else v,
    "body under another seed": lambda n, v, i: seed("other") if n == "body seed" else v,
    "padding that is not zero": lambda n, v, i: v[:-1] + b"\1" if n == "padded" else v,
    "length beyond the padding": lambda n, v, i: b"\0\0\1\xfd" + v[4:] if n == "padded" else v,
    "commitment to another seed": lambda n, v, i: seed("other") if n == "commitment" else v,
}


def case_of(suite, name, count, threshold, part, content, tamper=None, version=1):
    keys, holders = make_holders(suite, count, threshold)
    context = make_context(suite, holders, f"{len(name):05d}", version)
    case_seed = seed(f"{suite.id} {name}")
    sealed = e.seal(case_seed, context, holders, part, content, tamper)
    envelope = e.Envelope(sealed)
    shares = {i: e.open_share(keys[i - 1][0], holders, envelope, i) for i in range(1, count + 1)}
    verdict = e.combine(envelope, holders, shares)
    case = {
        "name": name, "holders": holders.text, "holder_set_id": holders.id.hex(),
        "box_private": [key[0].hex() for key in keys],
        "context": {"suite": context.suite, "origin": context.origin, "auction": context.auction,
                    "lot": context.lot, "bidder": context.bidder, "version": context.version,
                    "rules_hash": context.rules_hash.hex()},
        "encoded_context": envelope.encoded.hex(), "part": part, "seed": case_seed.hex(),
        "content": content.hex(), "honest": tamper is None, "commitment": envelope.commitment.hex(),
        "shares": [share.hex() if share else None for share in shares.values()],
        "envelope_bytes": len(sealed), "envelope_digest": envelope.digest.hex(),
        "outcome": verdict.outcome, "flaw": verdict.flaw,
    }
    if len(sealed) <= 8192:
        case["envelope"] = sealed.hex()
    return case


def signed_texts(suite):
    """A close proof and a share report over the first two envelopes; signatures by keys of the vectors."""
    keys, holders = make_holders(suite, 3, 2)
    context = make_context(suite, holders, "10001")
    envelopes = [e.Envelope(e.seal(seed(f"signed {i}"), context._replace(version=i), holders, "price", PRICE))
                 for i in (1, 2, 3)]
    record = e.SUITES["TTX-SB-1"]
    statement = e.close_statement(context, "2026-11-22T09:00:00.000000001Z", seed("log"),
                                  [envelope.digest for envelope in envelopes])
    proof = e.sign_text(statement, record, RECORD_PRIVATE)
    shares = {envelope.digest: e.open_share(keys[1][0], holders, envelope, 2) for envelope in envelopes}
    shares[envelopes[0].digest] = None
    report = e.share_report(suite, context.auction, proof, holders, 2, shares)
    return {
        "record_key": record.curve.spki(record.curve.multiply(RECORD_PRIVATE, record.curve.g)).hex(),
        "holders": holders.text, "envelopes": [envelope.bytes.hex() for envelope in envelopes],
        "close_proof": proof, "share_report": e.sign_text(report, suite, keys[1][1]),
        "box_private": [key[0].hex() for key in keys],
    }


def vectors(suite):
    cases = []
    for name, tamper in TAMPERS.items():
        cases.append(case_of(suite, name, 5, 3, "price", PRICE, tamper))
    cases.append(case_of(suite, "two of two", 2, 2, "price", PRICE, version=7))
    cases.append(case_of(suite, "five of five", 5, 5, "price", PRICE))
    cases.append(case_of(suite, "empty price", 3, 2, "price", b""))
    cases.append(case_of(suite, "longest price", 3, 2, "price", bytes(range(254)) * 2))
    cases.append(case_of(suite, "small documents", 3, 2, "documents", b"technical part"))
    cases.append(case_of(suite, "largest documents of 64 KiB", 3, 2, "documents", seed("documents") * 2047 + b"x" * 28))
    return {"suite": suite.id, "cases": cases, "signed": signed_texts(suite)}


def text_of(suite):
    return json.dumps(vectors(suite), indent=1, ensure_ascii=False) + "\n"


def path_of(suite):
    return os.path.join(FOLDER, suite.id.lower() + ".json")


def main():
    if len(sys.argv) > 1:
        print(__doc__)
        return 0 if sys.argv[1] == "--help" else 2
    for suite in e.SUITES.values():
        with open(path_of(suite), "w", encoding="utf-8") as file:
            file.write(text_of(suite))
    return 0


if __name__ == "__main__":
    sys.exit(main())
