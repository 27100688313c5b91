#!/usr/bin/env python3
"""The plain-Python algorithms against published examples."""

import unittest

import primitives as p


def h(text):
    return bytes.fromhex(text.replace(" ", ""))


class Published(unittest.TestCase):
    def test_sm3(self):
        """GB/T 32905, A.1 and A.2."""
        self.assertEqual(p.sm3(b"abc").hex(), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
        self.assertEqual(p.sm3(b"abcd" * 16).hex(), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732")

    def test_sm4(self):
        """GB/T 32907, A.1."""
        key = h("0123456789abcdeffedcba9876543210")
        self.assertEqual(p.sm4_block(p.sm4_keys(key), key).hex(), "681edf34d206965e86b3e94f536e4246")

    def test_aes(self):
        """FIPS 197, C.3."""
        key = bytes(range(32))
        self.assertEqual(p.Aes(key).block(h("00112233445566778899aabbccddeeff")).hex(),
                         "8ea2b7ca516745bfeafc49904b496089")

    def test_hkdf(self):
        """RFC 5869, A.3: no salt and no info."""
        out = p.hkdf(p.hmac_sha256, b"\x0b" * 22, b"", 42)
        self.assertEqual(out.hex(), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                                    "9d201395faa4b61a96c8")

    def test_siv(self):
        """RFC 5297, A.1 (its key is 256 bits, so AES-128)."""
        key = h("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
        associated = [h("101112131415161718191a1b1c1d1e1f2021222324252627")]
        plain = h("112233445566778899aabbccddee")
        sealed = h("85632d07c6e8f37f950acd320a2ecc93 40c02b9690c4dc04daef7f6afe5c")
        self.assertEqual(p.siv_encrypt(key, associated, plain), sealed)
        self.assertEqual(p.siv_decrypt(key, associated, sealed), plain)
        self.assertIsNone(p.siv_decrypt(key, associated, sealed[:-1] + b"\0"))

    def test_gcm(self):
        """The GCM specification, test case 16 (AES-256 with associated data)."""
        key = h("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
        iv = h("cafebabefacedbaddecaf888")
        plain = h("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
        associated = h("feedfacedeadbeeffeedfacedeadbeefabaddad2")
        sealed = p.gcm_encrypt(key, iv, associated, plain)
        self.assertEqual(sealed[-16:].hex(), "76fc6ece0f4e1768cddf8853bb2d551b")
        self.assertEqual(p.gcm_decrypt(key, iv, associated, sealed), plain)

    def test_x25519(self):
        """RFC 7748, 5.2."""
        self.assertEqual(p.x25519(h("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                                  h("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")).hex(),
                         "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")

    def test_curves(self):
        for curve in (p.P256, p.SM2):
            self.assertTrue(curve.holds(curve.g))
            self.assertIsNone(curve.multiply(curve.n, curve.g))
            self.assertEqual(curve.of_spki(curve.spki(curve.g)), curve.g)

    def test_signatures(self):
        for sign, verify, curve in ((p.ecdsa_sign, p.ecdsa_verify, p.P256), (p.sm2_sign, p.sm2_verify, p.SM2)):
            public = curve.multiply(12345, curve.g)
            signature = sign(12345, b"message")
            self.assertTrue(verify(public, b"message", signature))
            self.assertFalse(verify(public, b"massage", signature))
            self.assertFalse(verify(curve.g, b"message", signature))


if __name__ == "__main__":
    unittest.main()
