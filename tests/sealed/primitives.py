"""The algorithms of sealed envelopes in plain Python: a second opinion on the C++ code and on OpenSSL.

Only hashlib's SHA-256 and HMAC come from the standard library. Nothing here resists timing attacks: it is for tests.
"""

import hashlib
import hmac

# --- SHA-256 and SM3 (GB/T 32905) ----------------------------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def rotate(word, count):
    count %= 32
    return (word << count | word >> (32 - count)) & 0xFFFFFFFF


def sm3_block(state, block):
    words = [int.from_bytes(block[i:i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        x = words[j - 16] ^ words[j - 9] ^ rotate(words[j - 3], 15)
        words.append(x ^ rotate(x, 15) ^ rotate(x, 23) ^ rotate(words[j - 13], 7) ^ words[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        ss1 = rotate((rotate(a, 12) + e + rotate(0x79CC4519 if j < 16 else 0x7A879D8A, j)) & 0xFFFFFFFF, 7)
        ss2 = ss1 ^ rotate(a, 12)
        ff = a ^ b ^ c if j < 16 else a & b | a & c | b & c
        gg = e ^ f ^ g if j < 16 else e & f | ~e & g
        tt1 = (ff + d + ss2 + (words[j] ^ words[j + 4])) & 0xFFFFFFFF
        tt2 = (gg + h + ss1 + words[j]) & 0xFFFFFFFF
        a, b, c, d = tt1, a, rotate(b, 9), c
        e, f, g, h = tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17), e, rotate(f, 19), g
    return [x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h))]


def sm3(data):
    state = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + (8 * len(data)).to_bytes(8, "big")
    for at in range(0, len(padded), 64):
        state = sm3_block(state, padded[at:at + 64])
    return b"".join(word.to_bytes(4, "big") for word in state)


def hmac_sm3(key, data):
    key = (sm3(key) if len(key) > 64 else key).ljust(64, b"\0")
    inner = sm3(bytes(b ^ 0x36 for b in key) + data)
    return sm3(bytes(b ^ 0x5C for b in key) + inner)


def hmac_sha256(key, data):
    return hmac.new(key, data, "sha256").digest()


def hkdf(mac, secret, info, count):
    """RFC 5869 with an empty salt; `mac` is the HMAC."""
    key = mac(bytes(32), secret)
    out = block = b""
    counter = 1
    while len(out) < count:
        block = mac(key, block + info + bytes([counter]))
        out += block
        counter += 1
    return out[:count]


# --- GF(2^8) and AES-256 (FIPS 197) --------------------------------------------------------------------------------


def gf_multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def gf_inverse(a):
    return next((b for b in range(256) if gf_multiply(a, b) == 1), 0)


def make_sbox():
    box = []
    for value in range(256):
        x = gf_inverse(value)
        box.append(x ^ (x << 1 | x >> 7) & 255 ^ (x << 2 | x >> 6) & 255 ^ (x << 3 | x >> 5) & 255
                   ^ (x << 4 | x >> 4) & 255 ^ 0x63)
    return box


SBOX = make_sbox()
DOUBLE = [gf_multiply(x, 2) for x in range(256)]


class Aes:
    """AES with a key of 16, 24 or 32 bytes; encryption of single blocks is all its modes need."""

    def __init__(self, key):
        count = len(key) // 4
        self.rounds = count + 6
        words = [list(key[i:i + 4]) for i in range(0, len(key), 4)]
        constant = 1
        for i in range(count, 4 * (self.rounds + 1)):
            word = list(words[i - 1])
            if i % count == 0:
                word = [SBOX[b] for b in word[1:] + word[:1]]
                word[0] ^= constant
                constant = DOUBLE[constant]
            elif count > 6 and i % count == 4:
                word = [SBOX[b] for b in word]
            words.append([a ^ b for a, b in zip(words[i - count], word)])
        self.keys = [sum(words[i:i + 4], []) for i in range(0, len(words), 4)]

    def block(self, data):
        state = [a ^ b for a, b in zip(data, self.keys[0])]
        for number in range(1, self.rounds + 1):
            state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
            if number < self.rounds:
                mixed = []
                for c in range(0, 16, 4):
                    a, b, d, e = state[c:c + 4]
                    whole = a ^ b ^ d ^ e
                    mixed += [a ^ whole ^ DOUBLE[a ^ b], b ^ whole ^ DOUBLE[b ^ d], d ^ whole ^ DOUBLE[d ^ e],
                              e ^ whole ^ DOUBLE[e ^ a]]
                state = mixed
            state = [a ^ b for a, b in zip(state, self.keys[number])]
        return bytes(state)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def counter_mode(block, start, data):
    """`start` is a 128-bit counter that is raised by one for each block."""
    out = b""
    for at in range(0, len(data), 16):
        out += xor(data[at:at + 16], block((start % (1 << 128)).to_bytes(16, "big")))
        start += 1
    return out


# --- AES-SIV (RFC 5297) and AES-GCM (SP 800-38D) -------------------------------------------------------------------


def double_128(block):
    value = int.from_bytes(block, "big") << 1
    return ((value & (1 << 128) - 1) ^ (0x87 if value >> 128 else 0)).to_bytes(16, "big")


def cmac(aes, data):
    subkey = double_128(aes.block(bytes(16)))
    if data and len(data) % 16 == 0:
        last = xor(data[-16:], subkey)
        data = data[:-16]
    else:
        tail = len(data) % 16
        last = xor((data[len(data) - tail:] + b"\x80").ljust(16, b"\0"), double_128(subkey))
        data = data[:len(data) - tail]
    state = bytes(16)
    for at in range(0, len(data), 16):
        state = aes.block(xor(state, data[at:at + 16]))
    return aes.block(xor(state, last))


def s2v(aes, associated, plain):
    state = cmac(aes, bytes(16))
    for item in associated:
        state = xor(double_128(state), cmac(aes, item))
    if len(plain) >= 16:
        return cmac(aes, plain[:-16] + xor(plain[-16:], state))
    return cmac(aes, xor(double_128(state), (plain + b"\x80").ljust(16, b"\0")))


def siv_counter(iv):
    return int.from_bytes(iv, "big") & ~(1 << 63 | 1 << 31)


def siv_encrypt(key, associated, plain):
    half = len(key) // 2
    iv = s2v(Aes(key[:half]), associated, plain)
    return iv + counter_mode(Aes(key[half:]).block, siv_counter(iv), plain)


def siv_decrypt(key, associated, data):
    half = len(key) // 2
    plain = counter_mode(Aes(key[half:]).block, siv_counter(data[:16]), data[16:])
    return plain if s2v(Aes(key[:half]), associated, plain) == data[:16] else None


def gcm_multiply(x, y):
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def gcm_tag(aes, iv, associated, data):
    subkey = int.from_bytes(aes.block(bytes(16)), "big")
    text = associated + bytes(-len(associated) % 16) + data + bytes(-len(data) % 16)
    text += (8 * len(associated)).to_bytes(8, "big") + (8 * len(data)).to_bytes(8, "big")
    state = 0
    for at in range(0, len(text), 16):
        state = gcm_multiply(state ^ int.from_bytes(text[at:at + 16], "big"), subkey)
    return xor(state.to_bytes(16, "big"), aes.block(iv + b"\0\0\0\1"))


def gcm_encrypt(key, iv, associated, plain):
    aes = Aes(key)
    data = counter_mode(aes.block, int.from_bytes(iv + b"\0\0\0\2", "big"), plain)
    return data + gcm_tag(aes, iv, associated, data)


def gcm_decrypt(key, iv, associated, sealed):
    aes = Aes(key)
    data = sealed[:-16]
    if gcm_tag(aes, iv, associated, data) != sealed[-16:]:
        return None
    return counter_mode(aes.block, int.from_bytes(iv + b"\0\0\0\2", "big"), data)


# --- SM4 (GB/T 32907) ----------------------------------------------------------------------------------------------

SM4_SBOX = bytes.fromhex(
    "d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa441326498606999c4250f491ef987a33540b43edcfac62"
    "e4b31ca9c908e89580df94fa758f3fa64707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d35"
    "1e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89eeabf8ad240c738b5a3f7f2cef96115a1"
    "e0ae5da49b341a55ad933230f58cb1e31df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b51"
    "8d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b08969974a0c96777e65b9f109c56ec684"
    "18f07dec3adc4d2079ee5f3ed7cb3948")


def sm4_tau(word):
    return int.from_bytes(bytes(SM4_SBOX[b] for b in word.to_bytes(4, "big")), "big")


def sm4_keys(key):
    words = [int.from_bytes(key[i:i + 4], "big") ^ f
             for i, f in zip(range(0, 16, 4), (0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC))]
    for i in range(32):
        constant = int.from_bytes(bytes((4 * i + j) * 7 % 256 for j in range(4)), "big")
        x = sm4_tau(words[i + 1] ^ words[i + 2] ^ words[i + 3] ^ constant)
        words.append(words[i] ^ x ^ rotate(x, 13) ^ rotate(x, 23))
    return words[4:]


def sm4_block(keys, data):
    words = [int.from_bytes(data[i:i + 4], "big") for i in range(0, 16, 4)]
    for key in keys:
        x = sm4_tau(words[1] ^ words[2] ^ words[3] ^ key)
        x ^= rotate(x, 2) ^ rotate(x, 10) ^ rotate(x, 18) ^ rotate(x, 24)
        words = words[1:] + [words[0] ^ x]
    return b"".join(word.to_bytes(4, "big") for word in reversed(words))


def sm4_ctr(key, iv, data):
    keys = sm4_keys(key)
    return counter_mode(lambda block: sm4_block(keys, block), int.from_bytes(iv, "big"), data)


# --- X25519 (RFC 7748) ---------------------------------------------------------------------------------------------

X25519_PRIME = 2**255 - 19


def x25519(scalar, u):
    k = int.from_bytes(scalar, "little") & ~7 & (1 << 255) - 1 | 1 << 254
    x1 = int.from_bytes(u, "little") & (1 << 255) - 1
    p = X25519_PRIME
    x2, z2, x3, z3, swapped = 1, 0, x1, 1, 0
    for bit in range(254, -1, -1):
        if swapped ^ (k >> bit & 1):
            x2, x3, z2, z3 = x3, x2, z3, z2
        swapped = k >> bit & 1
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a % p, c * b % p
        x3, z3 = (da + cb)**2 % p, x1 * (da - cb)**2 % p
        aa, bb = a * a % p, b * b % p
        x2, z2 = aa * bb % p, (aa - bb) * (aa + 121665 * (aa - bb)) % p
    if swapped:
        x2, z2 = x3, z3
    return (x2 * pow(z2, p - 2, p) % p).to_bytes(32, "little")


# --- Curves over a prime: P-256 and SM2 ----------------------------------------------------------------------------


class Curve:
    """y^2 = x^3 - 3x + b; a point is (x, y), infinity is None."""

    def __init__(self, p, b, n, x, y, oid):
        self.p, self.a, self.b, self.n, self.g, self.oid = p, p - 3, b, n, (x, y), oid

    def holds(self, point):
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - x * x * x - self.a * x - self.b) % self.p == 0

    def add(self, one, two):
        if one is None or two is None:
            return one or two
        p = self.p
        if one[0] == two[0]:
            if (one[1] + two[1]) % p == 0:
                return None
            slope = (3 * one[0] * one[0] + self.a) * pow(2 * one[1], -1, p)
        else:
            slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, p)
        x = (slope * slope - one[0] - two[0]) % p
        return x, (slope * (one[0] - x) - one[1]) % p

    def multiply(self, k, point):
        total = None
        while k:
            if k & 1:
                total = self.add(total, point)
            point = self.add(point, point)
            k >>= 1
        return total

    def encode(self, point):
        return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")

    def decode(self, data):
        """The point of 65 bytes, or None."""
        if len(data) != 65 or data[0] != 4:
            return None
        point = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
        return point if self.holds(point) else None

    def spki(self, point):
        """The DER of a SubjectPublicKeyInfo."""
        return bytes.fromhex("3059301306072a8648ce3d0201") + self.oid + bytes.fromhex("034200") + self.encode(point)

    def of_spki(self, der):
        prefix = self.spki(self.g)[:-65]
        return self.decode(der[len(prefix):]) if der.startswith(prefix) else None


P256 = Curve(0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
             0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
             0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
             0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
             0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
             bytes.fromhex("06082a8648ce3d030107"))
SM2 = Curve(0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF,
            0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
            0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
            0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
            0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
            bytes.fromhex("06082a811ccf5501822d"))


def der_signature(r, s):
    def integer(value):
        data = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return bytes([2, len(data)]) + data

    content = integer(r) + integer(s)
    return bytes([0x30, len(content)]) + content


def read_der_signature(data):
    first = 4 + data[3]
    assert data[0] == 0x30 and data[1] == len(data) - 2 and data[2] == 2 and data[first] == 2
    assert first + 2 + data[first + 1] == len(data)
    return int.from_bytes(data[4:first], "big"), int.from_bytes(data[first + 2:], "big")


def nonce(curve, private, digest):
    """A nonce per key and message, as good as the hash; not RFC 6979."""
    wide = hkdf(hmac_sha256, private.to_bytes(32, "big") + digest, b"nonce", 48)
    return int.from_bytes(wide, "big") % (curve.n - 1) + 1


def ecdsa_sign(private, message):
    digest = sha256(message)
    k = nonce(P256, private, digest)
    r = P256.multiply(k, P256.g)[0] % P256.n
    s = pow(k, -1, P256.n) * (int.from_bytes(digest, "big") + r * private) % P256.n
    return der_signature(r, s)


def ecdsa_verify(public, message, signature):
    r, s = read_der_signature(signature)
    if not (0 < r < P256.n and 0 < s < P256.n):
        return False
    w = pow(s, -1, P256.n)
    e = int.from_bytes(sha256(message), "big")
    point = P256.add(P256.multiply(e * w % P256.n, P256.g), P256.multiply(r * w % P256.n, public))
    return point is not None and point[0] % P256.n == r


def sm2_digest(public, message):
    """GM/T 0009: the digest of the signer's id "1234567812345678", the curve, the key and the message."""
    identity = b"1234567812345678"
    data = (8 * len(identity)).to_bytes(2, "big") + identity
    for value in (SM2.a, SM2.b, *SM2.g, *public):
        data += value.to_bytes(32, "big")
    return sm3(sm3(data) + message)


def sm2_sign(private, message):
    digest = sm2_digest(SM2.multiply(private, SM2.g), message)
    k = nonce(SM2, private, digest)
    r = (int.from_bytes(digest, "big") + SM2.multiply(k, SM2.g)[0]) % SM2.n
    s = pow(1 + private, -1, SM2.n) * (k - r * private) % SM2.n
    assert r and s and r + k != SM2.n
    return der_signature(r, s)


def sm2_verify(public, message, signature):
    r, s = read_der_signature(signature)
    t = (r + s) % SM2.n
    if not (0 < r < SM2.n and 0 < s < SM2.n and t):
        return False
    point = SM2.add(SM2.multiply(s, SM2.g), SM2.multiply(t, public))
    return point is not None and (int.from_bytes(sm2_digest(public, message), "big") + point[0]) % SM2.n == r
