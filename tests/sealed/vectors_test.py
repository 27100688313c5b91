#!/usr/bin/env python3
"""The frozen vectors against this independent code: it makes the same files, and opens each envelope by every
choice of holders with the outcome that stands there."""

import itertools
import json
import unittest

import envelope as e
import make_vectors


class Vectors(unittest.TestCase):
    def each(self):
        for suite in e.SUITES.values():
            with open(make_vectors.path_of(suite), encoding="utf-8") as file:
                text = file.read()
            yield suite, text, json.loads(text)

    def test_frozen(self):
        for suite, text, _ in self.each():
            self.assertEqual(make_vectors.text_of(suite), text, suite.id)

    def test_every_choice_of_holders(self):
        for suite, _, vectors in self.each():
            for case in vectors["cases"]:
                if "envelope" not in case:
                    continue
                holders = e.HolderSet.parse(case["holders"])
                envelope = e.Envelope(bytes.fromhex(case["envelope"]))
                shares = {i: bytes.fromhex(share) if share else None for i, share in enumerate(case["shares"], 1)}
                for i, private in enumerate(case["box_private"], 1):
                    self.assertEqual(e.open_share(bytes.fromhex(private), holders, envelope, i), shares[i])
                for choice in itertools.combinations(shares, holders.threshold):
                    verdict = e.combine(envelope, holders, {i: shares[i] for i in choice})
                    self.assertEqual(verdict.outcome, case["outcome"], (suite.id, case["name"], choice))
                    self.assertEqual(verdict.liars, [], (suite.id, case["name"], choice))

    def test_signed_texts(self):
        for suite, _, vectors in self.each():
            signed = vectors["signed"]
            record = e.SUITES["TTX-SB-1"]
            public = record.curve.of_spki(bytes.fromhex(signed["record_key"]))
            text = e.check_text(signed["close_proof"], record, public)
            envelopes = [e.Envelope(bytes.fromhex(data)) for data in signed["envelopes"]]
            digests = [envelope.digest for envelope in envelopes]
            self.assertTrue(text.endswith(f"root {e.envelopes_root(suite, digests).hex()}\n"))
            index, shares = e.read_share_report(signed["share_report"], e.HolderSet.parse(signed["holders"]))
            self.assertEqual(index, 2)
            self.assertEqual(sorted(shares), sorted(digests))
            self.assertIsNone(shares[digests[0]])


if __name__ == "__main__":
    unittest.main()
