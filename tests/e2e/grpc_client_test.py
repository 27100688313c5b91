"""A client in another language: Node's @grpc/grpc-js, with nothing but our protos, lists, bids and follows events, over
plaintext on a loopback address and over mutual TLS. Each test is a check of grpc_client/client.js."""

import json
import os
import subprocess
import unittest

from installation import ROLES, ROOT
from seeded import Seeded

CLIENT = os.path.join(ROOT, "tests/e2e/grpc_client/client.js")
INCLUDE = [os.path.join(ROOT, "proto"),
           "/usr/share/gocode/src/github.com/grpc-ecosystem/grpc-gateway/third_party/googleapis"]
CHECK_SECONDS = 90


def make_certificate(folder, name, authority, days):
    """NAME.pem and NAME.key in `folder`, signed by the authority in the folder `authority`."""
    key, request = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".csr")
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", request, "-subj", "/CN=" + name], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", os.path.join(authority, "ca.pem"), "-CAkey",
                    os.path.join(authority, "ca.key"), "-set_serial", "4711", "-sha256", "-days", str(days), "-out",
                    os.path.join(folder, name + ".pem")], check=True, capture_output=True)
    return {"certificate": os.path.join(folder, name + ".pem"), "key": key}


class Client:
    """What both topologies have in common."""

    split = False

    @classmethod
    def setUpClass(cls):
        cls.ttx = Seeded(bidders=3, spread=2, closed=1, split=cls.split)
        cls.addClassCleanup(cls.ttx.__exit__)
        cls.config = {
            "include_dirs": INCLUDE,
            "auction_address": cls.address("auction"),
            "party_address": cls.address("party"),
            "auction": cls.ttx.auction,
            "bidders": [{"id": client, "secret": secret} for client, secret, _ in cls.ttx.bidders],
            "admin": {"id": cls.ttx.admin["client_id"], "secret": cls.ttx.admin["client_secret"]},
        }

    @classmethod
    def address(cls, role):
        return f"127.0.0.1:{cls.ttx.grpc_port + (ROLES.index(role) if cls.split else 0)}"

    def check(self, name, **config):
        try:
            done = subprocess.run(["node", CLIENT, name], input=json.dumps({**self.config, **config}), text=True,
                                  capture_output=True, timeout=CHECK_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.fail(f"{name} takes longer than {CHECK_SECONDS} s: {error.stderr}")
        self.assertEqual(done.returncode, 0, f"{name}:\n{done.stdout}{done.stderr}")

    def test_tokens(self):
        self.check("tokens")

    def test_lists(self):
        self.check("lists")

    def test_bids(self):
        self.check("bids")

    def test_replays(self):
        self.check("replays")

    def test_follows(self):
        self.check("follows")

    def test_parallel_bids(self):
        self.check("parallel_bids")

    def test_streams_end(self):
        self.check("ends")

    def test_streams_need_permission(self):
        self.check("streams_need_permission")

    def test_deadlines(self):
        self.check("deadlines")

    def test_n46_false_services(self):
        self.check("false_services")

    def test_n80_large_messages(self):
        self.check("large_messages")

    def test_n80_unknown_values(self):
        self.check("unknown_values")

    def test_n81_compression(self):
        self.check("compression")

    def test_health(self):
        self.check("health")


class Plaintext(Client, unittest.TestCase):
    """Everything in one process, gRPC on a loopback address."""

    def test_reflection(self):
        self.check("reflection")


class MutualTls(Client, unittest.TestCase):
    """One process per service; the client shows the certificate of `listing`."""

    split = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config["tls"] = cls.certificate_of("listing")

    @classmethod
    def certificate_of(cls, role):
        return {"ca": cls.ttx.path("certs/ca.pem"), "certificate": cls.ttx.path(f"certs/{role}.pem"),
                "key": cls.ttx.path(f"certs/{role}.key")}

    def test_no_reflection(self):
        self.check("no_reflection")

    def test_certified_service(self):
        self.check("certified_service")

    def test_n46_a_certificate_without_a_role_is_no_service(self):
        made = make_certificate(self.ttx.path("certs"), "integrator", self.ttx.path("certs"), days=1)
        tls = {"ca": self.ttx.path("certs/ca.pem"), **made}
        self.check("bids", tls=tls)
        self.check("false_services", tls=tls)

    def test_n22_handshakes(self):
        other = self.ttx.path("other")
        subprocess.run([os.path.join(ROOT, "deploy/dev-certificates"), other], check=True, capture_output=True)
        expired = make_certificate(other, "expired", self.ttx.path("certs"), days=-1)
        self.check("handshakes", strange={
            "ca": os.path.join(other, "ca.pem"),
            "certificate": os.path.join(other, "listing.pem"),
            "key": os.path.join(other, "listing.key"),
            "expired_certificate": expired["certificate"],
            "expired_key": expired["key"],
        })


if __name__ == "__main__":
    unittest.main()
