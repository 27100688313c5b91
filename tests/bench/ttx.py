"""The measured system: an installation in the workspace, seeded and served by the release binary."""

import http.client
import json
import pathlib
import re
import ssl
import time

from process import Failed, free_port, measure, memory_mb, run

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Limits that protect a public gateway from a single peer; the load generator is one.
GATEWAY_LIMITS = {
    "max_connections": 4096,
    "max_connections_per_peer": 4096,
    "requests_per_second_per_principal": 1_000_000,
}
TOKEN_LIFETIME_SECONDS = 3600
TOKENS_AGE_SECONDS_MAX = 1800


class Installation:
    """One data folder with its configuration, keys, bidders and auctions."""

    def __init__(self, workspace, build, name):
        self.workspace = workspace
        self.build = build
        self.name = name
        self.folder = workspace.folder / name
        self.https_port, self.admin_port, self.grpc_port = free_port(), free_port(), free_port()
        self.config = self.folder / "ttx.conf"
        self.process = None
        self.tokens_time = None
        self.next_number = 1

    def create(self):
        run(self.build / "ttx", "init", "--data", self.folder, "--host", "127.0.0.1", "--sandbox", "--https-port",
            self.https_port,
            "--admin-port", self.admin_port, "--grpc-port", self.grpc_port, cwd=ROOT)
        certificates = self.folder / "certs"
        certificates.mkdir(exist_ok=True)
        self.certificate, self.key = certificates / "gateway.pem", certificates / "gateway.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key,
            "-out", self.certificate)
        text = self.config.read_text(encoding="utf-8")
        limits = "".join(f"  {name}: {value}\n" for name, value in GATEWAY_LIMITS.items() if name not in text)
        text = re.sub(r"gateway \{\n?", "gateway {\n" + limits, text, count=1)
        text = re.sub(r"lifetime_seconds: \d+", f"lifetime_seconds: {TOKEN_LIFETIME_SECONDS}", text)
        self.config.write_text(text, encoding="utf-8")

    def seed(self, hot=1, spread=1000, sealed=0, scheduled=0, closed=0):
        run(self.build / "tests/bench/ttx_bench_seed", "--data", self.folder / "data", "--mode", "sandbox",
            "--secrets-key", self.folder / "keys/secrets.key", "--out", self.folder, "--bidders", 16, "--hot", hot,
            "--spread", spread, "--sealed", sealed, "--scheduled", scheduled, "--closed", closed)

    def start(self):
        """Starts the server; returns the seconds until it said it was ready for requests."""
        begin = time.monotonic()
        self.process = self.workspace.start(self.name, self.build / "ttx", "serve", "--config", self.config, cwd=ROOT)
        self.workspace.wait_until(self.process, self.is_ready, 120)
        return time.monotonic() - begin

    def is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self):
        self.workspace.stop(self.process)

    def memory_mb(self, field="VmRSS"):
        return memory_mb(self.process.pid, field)

    def tokens(self):
        """A file with an access token for each bidder, from POST /v1/token."""
        path = self.folder / "tokens"
        if self.tokens_time is not None and time.monotonic() - self.tokens_time < TOKENS_AGE_SECONDS_MAX:
            return path
        context = ssl.create_default_context(cafile=str(self.certificate))
        tokens = []
        for line in (self.folder / "bidders").read_text(encoding="ascii").split("\n")[:-1]:
            client, secret, _ = line.split(" ")
            connection = http.client.HTTPSConnection("127.0.0.1", self.https_port, timeout=10, context=context)
            request = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
            connection.request("POST", "/v1/token", json.dumps(request), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read().decode()
            connection.close()
            if answer.status != 200:
                raise Failed(f"POST /v1/token answered {answer.status}: {body}")
            tokens.append(json.loads(body)["access_token"])
        path.write_text("\n".join(tokens) + "\n", encoding="ascii")
        self.tokens_time = time.monotonic()
        return path

    def common(self, auctions, in_flight):
        return ["--tokens", self.tokens(), "--auctions", self.folder / f"auctions.{auctions}", "--in-flight", in_flight,
                "--first-number", self.next_number]

    def bids_grpc(self, auctions, in_flight, *words):
        return self.keep_number(measure(self.build / "tests/bench/ttx_bench_load_grpc", "--target",
                                        f"127.0.0.1:{self.grpc_port}", *self.common(auctions, in_flight), *words))

    def bids_https(self, auctions, in_flight, *words):
        return self.keep_number(measure(self.build / "tests/bench/ttx_bench_load_https", "--port", self.https_port,
                                        *self.common(auctions, in_flight), *words))

    def keep_number(self, result):
        self.next_number = result["next_number"]
        return result
