"""An installation of TTX in a temporary folder, for end-to-end tests: the real binary, real files, loopback only."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("TTX_BINARY", os.path.join(ROOT, "build/release/ttx"))
ROLES = ["party", "listing", "auction", "contract", "settlement", "disclosure", "gateway"]
START_SECONDS = 30


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count):
    """Ports in a row that nobody listens on, below the range the kernel hands out to clients."""
    for first in range(20000 + (os.getpid() * 37) % 9000, 32000, count):
        ports = list(range(first, first + count))
        if all(is_free(port) for port in ports):
            return ports
    raise AssertionError("no free ports")


class Answer:
    """One HTTP answer."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)


class Installation:
    """`with Installation() as ttx:` starts it and removes it afterwards. `split` runs one process per role."""

    def __init__(self, split=False, mode="--sandbox", start=True, options=(), requests_per_second=100_000,
                 connections_per_peer=1000):
        self.folder = tempfile.mkdtemp(prefix="ttx-e2e-")
        self.split = split
        ports = free_ports(24)
        self.https_port, self.admin_port, self.grpc_port = ports[0], ports[1], ports[8]
        subprocess.run([os.path.join(ROOT, "deploy/dev-certificates"), self.path("certs")], check=True,
                       capture_output=True)
        command = [BINARY, "init", "--data", self.folder, mode, "--https-port", str(self.https_port), "--admin-port",
                   str(self.admin_port), "--grpc-port", str(self.grpc_port), "--share", os.path.join(ROOT, "deploy")]
        command += ["--split"] if split else []
        subprocess.run(command + list(options), check=True, capture_output=True)
        self.set_gateway(f"requests_per_second_per_principal: {requests_per_second} max_connections_per_peer: "
                         f"{connections_per_peer}")
        with open(self.path("admin.json")) as file:
            self.admin = json.load(file)
        with open(self.path("second-admin.json")) as file:
            self.second_admin = json.load(file)
        self.processes = []
        self.log = open(self.path("server.log"), "ab")
        if start:
            self.start()

    def set_gateway(self, text):
        """Adds to the gateway's section of the configuration."""
        path = self.path("gateway.conf" if self.split else "ttx.conf")
        with open(path) as file:
            config = file.read()
        with open(path, "w") as file:
            file.write(config.replace("gateway {\n", f"gateway {{\n  {text}\n", 1))

    def path(self, name):
        return os.path.join(self.folder, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.log.close()
        if os.environ.get("TTX_KEEP"):
            print("kept", self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        roles = [[role] for role in ROLES] if self.split else [[]]
        for role in roles:
            config = self.path((role[0] if role else "ttx") + ".conf")
            self.processes.append(subprocess.Popen([BINARY, "serve", *role, "--config", config], stdout=self.log,
                                                   stderr=self.log))
        self.wait_ready()

    def wait_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for process in self.processes:
                if process.poll() is not None:
                    raise AssertionError(f"a server stopped with {process.returncode}: {self.log_tail()}")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=2)
                connection.request("GET", "/readyz")
                ready = connection.getresponse().status == 200
                connection.close()
                if ready:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"not ready: {self.log_tail()}")

    def log_tail(self):
        with open(self.path("server.log"), errors="replace") as log:
            return log.read()[-3000:]

    def kill(self):
        """kill -9 of every process."""
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.processes = []

    def stop(self):
        """SIGTERM; returns the exit statuses."""
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        statuses = []
        for process in reversed(self.processes):
            try:
                statuses.append(process.wait(timeout=30))
            except subprocess.TimeoutExpired:
                process.kill()
                statuses.append(process.wait())
        self.processes = []
        return statuses

    def connect(self):
        context = ssl.create_default_context(cafile=self.path("certs/ca.pem"))
        return http.client.HTTPSConnection("localhost", self.https_port, context=context, timeout=20)

    def tls(self, source="127.0.0.1", server_name="localhost", timeout=20, receive_buffer_bytes=None):
        """A TLS connection for bytes of one's own, from the loopback address `source`."""
        plain = socket.socket()
        try:
            plain.settimeout(timeout)
            if receive_buffer_bytes:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            plain.bind((source, 0))
            plain.connect(("127.0.0.1", self.https_port))
            context = ssl.create_default_context(cafile=self.path("certs/ca.pem"))
            context.check_hostname = server_name == "localhost"
            return context.wrap_socket(plain, server_hostname=server_name)
        except BaseException:
            plain.close()
            raise

    def request(self, verb, path, body=None, token=None, key=None, headers=None, connection=None):
        """One request; a write gets a fresh Idempotency-Key unless one is given."""
        own = connection is None
        connection = connection or self.connect()
        sent = {"Accept-Language": "en", **(headers or {})}
        if token:
            sent["Authorization"] = "Bearer " + token
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body, ensure_ascii=False)
        if isinstance(body, str):
            body = body.encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        if verb == "POST":
            sent["Idempotency-Key"] = key or uuid.uuid4().hex
        connection.request(verb, path, body=body, headers=sent)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        if own:
            connection.close()
        return answer

    def token(self, client_id, client_secret):
        answer = self.request("POST", "/v1/token", {"grant_type": "client_credentials", "client_id": client_id,
                                                    "client_secret": client_secret})
        assert answer.status == 200, answer.body
        return answer.json["access_token"]

    def admin_token(self):
        return self.token(self.admin["client_id"], self.admin["client_secret"])
