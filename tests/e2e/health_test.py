"""What operators and integrators rely on around the API: health, metrics, the OpenAPI document, and an orderly stop."""

import glob
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest
import uuid

from installation import BINARY, ROLES, ROOT, Installation
from seeded import STEP_FEN, Seeded

STOP_SECONDS = 15
RECOVERY_SECONDS = 20
SOME_ID = "01aaaaaaaaaaaaaaaaaaaaaaaa"
VERBS = ("get", "put", "post", "delete", "patch")


def admin_get(ttx, path, verb="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", ttx.admin_port, timeout=10)
    connection.request(verb, path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, response.headers, body


def routes_of_protos():
    """Every (verb, path, "package.Service/Method", permission) that the protos declare, the path as OpenAPI has it."""
    routes = []
    for file in glob.glob(os.path.join(ROOT, "proto/ttx/*/v1/*.proto")):
        with open(file) as proto:
            text = re.sub(r"//[^\n]*", "", proto.read())
        package = re.search(r"^package ([\w.]+);", text, re.M).group(1)
        for service, methods in re.findall(r"^service (\w+) \{(.*?)^\}", text, re.M | re.S):
            for method, options in re.findall(r"\brpc (\w+)\(.*?\{(.*?)^  \}", methods, re.M | re.S):
                permission = re.search(r'permission: "([^"]+)"', options).group(1)
                for verb, pattern in re.findall(r'\b(get|put|post|delete|patch): "([^"]+)"', options):
                    routes.append((verb, openapi_path(pattern), f"{package}.{service}/{method}", permission))
    return routes


def openapi_path(pattern):
    """/v1/{name=auctions/*}:open -> /v1/auctions/{}:open."""
    pattern = re.sub(r"\{\w+=([^}]*)\}", lambda variable: variable.group(1).replace("*", "{}"), pattern)
    return re.sub(r"\{\w+\}", "{}", pattern)


class Surface(unittest.TestCase):
    """One running installation that nothing here changes."""

    @classmethod
    def setUpClass(cls):
        cls.ttx = Seeded(bidders=1, spread=1)
        cls.addClassCleanup(cls.ttx.__exit__)
        cls.document = cls.ttx.request("GET", "/openapi.json").json
        cls.operations = [(verb, path, item[verb]) for path, item in cls.document["paths"].items() for verb in item]

    # --- Health and metrics -----------------------------------------------------------------------------------------

    def test_health(self):
        for path, body in [("/healthz", "ok\n"), ("/readyz", "ready\n")]:
            status, headers, text = admin_get(self.ttx, path)
            self.assertEqual((status, text), (200, body))
            self.assertTrue(headers["Content-Type"].startswith("text/plain"))

    def test_the_admin_listener_is_nothing_but_that(self):
        for path in ["/", "/v1/auctions", "/openapi.json", "/metrics/", "/debug", "/healthz/x"]:
            self.assertEqual(admin_get(self.ttx, path)[0], 404, path)
        self.assertEqual(admin_get(self.ttx, "/metrics", "POST")[0], 405)

    def test_metrics_and_feeds_are_not_public(self):
        for path in ["/metrics", "/feeds"]:
            for token in [None, self.ttx.admin_token()]:
                answer = self.ttx.request("GET", path, token=token)
                self.assertEqual(answer.status, 404)
                self.assertEqual(answer.json["reason"], "ROUTE_NOT_FOUND")

    def calls(self, **labels):
        """The value of ttx_calls_total with these labels, 0 while there is none."""
        for line in admin_get(self.ttx, "/metrics")[2].splitlines():
            found = re.fullmatch(r"ttx_calls_total\{(.*)\} (\S+)", line)
            if found and dict(re.findall(r'(\w+)="([^"]*)"', found.group(1))) == labels:
                return float(found.group(2))
        return 0

    def test_metrics_count_calls(self):
        labels = {"service": "ttx.auction.v1.AuctionService", "method": "PlaceBid"}
        token = self.ttx.bidder_token()
        accepted, refused = self.calls(**labels, code="0"), self.calls(**labels, code="9")
        price = int(self.ttx.request("GET", f"/v1/{self.ttx.auction}").json["min_acceptable_fen"])
        self.assertEqual(self.ttx.bid(token, price).status, 200)
        for _ in range(2):
            self.assertEqual(self.ttx.bid(token, 1).status, 409)
        self.assertEqual(self.calls(**labels, code="0"), accepted + 1)
        self.assertEqual(self.calls(**labels, code="9"), refused + 2)

    def test_metrics_are_well_formed_and_name_nobody(self):
        token = self.ttx.bidder_token()
        self.ttx.bid(token, 1)
        for path in [self.ttx.auction, "auctions/" + SOME_ID, "organizations/" + SOME_ID, "nothing/" + SOME_ID]:
            self.ttx.request("GET", "/v1/" + path, token=token)
        status, headers, text = admin_get(self.ttx, "/metrics")
        self.assertEqual(status, 200)
        self.assertTrue(headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        typed = set()
        labels = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:]
                self.assertIn(kind, ("counter", "gauge", "histogram", "summary"))
                typed.add(name)
            elif not line.startswith("#"):
                found = re.fullmatch(r"([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)", line)
                self.assertIsNotNone(found, line)
                float(found.group(3))
                self.assertIn(re.sub(r"_(bucket|sum|count)$", "", found.group(1)), typed | {found.group(1)} & typed)
                for key, value in re.findall(r'(\w+)="([^"]*)"', found.group(2) or ""):
                    labels.setdefault(key, set()).add(value)
        self.assertIn("ttx_calls_total", typed)
        self.assertIn("ttx_call_latency_seconds", typed)
        self.assertLessEqual({"service", "method", "code"}, set(labels))
        secrets = [token, self.ttx.auction.split("/")[1], SOME_ID, self.ttx.admin["client_id"]]
        secrets += [part for bidder in self.ttx.bidders for part in (bidder[0], bidder[1], bidder[2].split("/")[1])]
        for secret in secrets:
            self.assertNotIn(secret, text)
        for key, values in labels.items():
            for value in values:
                self.assertIsNone(re.search(r"\b[0-9a-z]{26}\b", value), f"an id in {key}={value}")

    # --- OpenAPI ----------------------------------------------------------------------------------------------------

    def test_every_route_of_the_protos_is_in_the_document(self):
        described = sorted((verb, re.sub(r"\{\w+\}", "{}", path), operation["operationId"],
                            operation["x-ttx-permission"]) for verb, path, operation in self.operations)
        declared = sorted(routes_of_protos())
        self.assertGreater(len(declared), 100)
        self.assertEqual(described, declared)
        services = {operation["operationId"].split(".")[1] for _, _, operation in self.operations}
        self.assertEqual(services, set(ROLES) - {"gateway"} | {"sandbox"})

    def test_the_command_prints_the_same_document(self):
        for options, without in [(["--sandbox"], ""), ([], "/v1/sandbox/")]:
            done = subprocess.run([BINARY, "openapi", *options], capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["paths"],
                             {path: item for path, item in self.document["paths"].items()
                              if not without or not path.startswith(without)})

    def test_openapi_structure(self):
        self.assertRegex(self.document["openapi"], r"^3\.1\.\d+$")
        self.assertTrue(self.document["info"]["title"] and self.document["info"]["version"])
        self.assertEqual(self.document["servers"], [{"url": f"https://localhost:{self.ttx.https_port}"}])
        self.assertLessEqual(set(self.document), {"openapi", "info", "servers", "paths", "components", "security",
                                                  "tags", "externalDocs", "jsonSchemaDialect", "webhooks"})
        shapes = [re.sub(r"\{\w+\}", "{}", path) for path in self.document["paths"]]
        self.assertEqual(len(set(shapes)), len(shapes), "two paths that differ only in the names of parameters")
        identifiers = [operation["operationId"] for _, _, operation in self.operations]
        self.assertEqual(len(set(identifiers)), len(identifiers))
        for verb, path, operation in self.operations:
            self.check_operation(verb, path, operation)

    def check_operation(self, verb, path, operation):
        where = f"{verb} {path}"
        self.assertIn(verb, VERBS, where)
        self.assertTrue(path.startswith("/v1/"), where)
        self.assertTrue(operation["summary"] and operation["description"], where)
        names = re.findall(r"\{(\w+)\}", path)
        self.assertEqual(len(set(names)), len(names), where)
        parameters = [(parameter["in"], parameter["name"]) for parameter in operation["parameters"]]
        self.assertEqual(len(set(parameters)), len(parameters), where)
        self.assertEqual([name for place, name in parameters if place == "path"], names, where)
        for parameter in operation["parameters"]:
            self.assertIn(parameter["in"], ("path", "query", "header"), where)
            self.assertTrue(parameter["in"] != "path" or parameter["required"] is True, where)
            self.assertIn("schema", parameter, where)
        self.assertEqual("requestBody" in operation, verb in ("post", "put", "patch"), where)
        self.assertEqual(set(operation["responses"]), {"200", "default"}, where)
        for response in operation["responses"].values():
            self.assertTrue(response["description"], where)
            for content in response["content"].values():
                self.assertIn("schema", content, where)
        self.assertIn("application/problem+json", operation["responses"]["default"]["content"], where)
        public = operation["x-ttx-permission"] == "public"
        self.assertEqual(operation["security"], [] if public else [{"bearer": []}], where)

    def test_openapi_schemas(self):
        schemas = self.document["components"]["schemas"]
        used = set()

        def walk(node, where):
            if isinstance(node, list):
                for index, item in enumerate(node):
                    walk(item, f"{where}/{index}")
            elif isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    self.assertTrue(node["$ref"].startswith("#/components/schemas/"), where)
                    used.add(node["$ref"].rsplit("/", 1)[1])
                if isinstance(node.get("type"), str) and not where.endswith("/properties"):
                    self.assertIn(node["type"], ("object", "array", "string", "integer", "number", "boolean", "http"),
                                  where)
                    self.assertTrue(node["type"] != "array" or "items" in node, where)
                if isinstance(node.get("enum"), list):
                    self.assertTrue(node["enum"], where)
                    self.assertEqual(len(set(node["enum"])), len(node["enum"]), where)
                for key, value in node.items():
                    walk(value, f"{where}/{key}")

        walk(self.document, "")
        self.assertEqual(used - set(schemas), set(), "references to nothing")
        self.assertEqual(set(schemas) - used, set(), "schemas nobody uses")
        auction = schemas["ttx.auction.v1.Auction"]["properties"]
        for field, kind in [("bid_count", "int64"), ("start_time", "date-time")]:
            self.assertEqual(set(auction[field]), {"type", "format", "description"})
            self.assertEqual((auction[field]["type"], auction[field]["format"]), ("string", kind))
        self.assertEqual(schemas["ttx.auction.v1.Auction.State"]["enum"][:7],
                         ["STATE_UNSPECIFIED", "SCHEDULED", "FREE", "PREPARING", "LIMITED", "SUSPENDED", "CLOSED"])

    def test_answers_have_the_fields_of_their_schemas(self):
        schemas = self.document["components"]["schemas"]
        for path, name in [(f"/v1/{self.ttx.auction}", "ttx.auction.v1.Auction"),
                           ("/v1/auctions", "ttx.auction.v1.ListAuctionsResponse"),
                           ("/v1/tokenKeys", "ttx.party.v1.ListTokenKeysResponse"),
                           ("/v1/auctions/" + SOME_ID, "Problem"), ("/v1/nothing", "Problem")]:
            answer = self.ttx.request("GET", path).json
            self.assertLessEqual(set(answer), set(schemas[name]["properties"]), path)
            self.assertLessEqual(set(schemas[name].get("required", [])), set(answer), path)

    def probe(self, connection, verb, path, token=None):
        """The status and reason of an empty request; streams are closed at once."""
        headers = {"Idempotency-Key": uuid.uuid4().hex, "Accept-Language": "en"}
        body = None
        if verb in ("post", "put", "patch"):
            headers["Content-Type"] = "application/json"
            body = "{}"
        if token:
            headers["Authorization"] = "Bearer " + token
        connection.request(verb.upper(), re.sub(r"\{\w+\}", SOME_ID, path), body=body, headers=headers)
        response = connection.getresponse()
        if response.headers["Content-Type"] == "text/event-stream":
            connection.close()
            return response.status, None
        answer = json.loads(response.read())
        return response.status, answer.get("reason")

    def test_no_route_is_open_by_mistake(self):
        connection = self.ttx.connect()
        for verb, path, operation in self.operations:
            status, reason = self.probe(connection, verb, path)
            where = f"{verb} {path}: {status} {reason}"
            self.assertNotEqual(reason, "ROUTE_NOT_FOUND", where)
            if operation["x-ttx-permission"] != "public":
                self.assertEqual((status, reason), (401, "UNAUTHENTICATED"), where)
            else:
                self.assertIn(status, (200, 400, 401, 404), where)

    def test_no_route_breaks(self):
        connection = self.ttx.connect()
        for token in [self.ttx.bidder_token(), self.ttx.admin_token()]:
            for verb, path, operation in self.operations:
                if operation["operationId"].endswith("/RotateTokenKey"):
                    continue  # would change something
                status, reason = self.probe(connection, verb, path, token)
                where = f"{verb} {path}: {status} {reason}"
                self.assertNotIn(reason, ("ROUTE_NOT_FOUND", "INTERNAL", "UNAVAILABLE"), where)
                self.assertIn(status, (200, 400, 403, 404, 409), where)

    def test_other_verbs_are_refused(self):
        connection = self.ttx.connect()
        for path, item in self.document["paths"].items():
            connection.request("DELETE", re.sub(r"\{\w+\}", SOME_ID, path))
            response = connection.getresponse()
            response.read()
            self.assertNotIn("delete", item)
            self.assertEqual(response.status, 405, path)
            allowed = {verb.strip().lower() for verb in response.headers["Allow"].split(",")}
            self.assertLessEqual(set(item), allowed, path)


class Production(unittest.TestCase):
    def test_production_has_no_sandbox(self):
        with Installation(mode="--production") as ttx:
            paths = ttx.request("GET", "/openapi.json").json["paths"]
            self.assertIn("/v1/auctions", paths)
            self.assertEqual([path for path in paths if "sandbox" in path], [])
            for verb, path in [("GET", "/v1/sandbox/clock"), ("POST", "/v1/sandbox/clock:advance")]:
                answer = ttx.request(verb, path, {} if verb == "POST" else None, token=ttx.admin_token())
                self.assertEqual(answer.status, 404, path)
                self.assertEqual(answer.json["reason"], "ROUTE_NOT_FOUND")


class Stopping(unittest.TestCase):
    def stop(self, ttx, number=signal.SIGTERM):
        """Signals every process and returns when the last has ended well; the time it took."""
        started = time.monotonic()
        for process in ttx.processes:
            process.send_signal(number)
        for role, process in zip(ROLES if ttx.split else ["ttx"], ttx.processes):
            try:
                status = process.wait(timeout=max(0.1, started + STOP_SECONDS - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.fail(f"{role} still runs {STOP_SECONDS} s after signal {number}: {ttx.log_tail()}")
            self.assertEqual(status, 0, f"{role}: {ttx.log_tail()}")
        ttx.processes = []
        return time.monotonic() - started

    def test_it_stops_and_serves_the_same_again(self):
        for split in (False, True):
            with self.subTest(split=split), Seeded(bidders=2, spread=2, split=split) as ttx:
                tokens = [ttx.bidder_token(index) for index in range(2)]
                keys = [uuid.uuid4().hex for _ in range(6)]
                answers = [ttx.bid(tokens[index % 2], 10_000 + STEP_FEN * index, key=key).json
                           for index, key in enumerate(keys)]
                bids, names = ttx.bids(), self.names(ttx)
                organization = ttx.request("GET", "/v1/" + ttx.bidders[0][2], token=tokens[0]).json
                for number in (signal.SIGTERM, signal.SIGINT):
                    seconds = self.stop(ttx, number)
                    print(f"split: {split}, signal {number}: {seconds:.2f} s", flush=True)
                    ttx.start()
                    self.assertEqual(ttx.bids(), bids)
                    self.assertEqual(self.names(ttx), names)
                    self.assertEqual(ttx.request("GET", "/v1/" + ttx.bidders[0][2], token=tokens[0]).json, organization)
                # Tokens and answers outlive the process.
                for index, key in enumerate(keys):
                    again = ttx.bid(tokens[index % 2], 10_000 + STEP_FEN * index, key=key)
                    self.assertEqual((again.status, again.json), (200, answers[index]))
                    self.assertEqual(again.headers["Idempotent-Replayed"], "true")
                self.assertEqual(ttx.bids(), bids)

    def names(self, ttx):
        return [auction["name"] for auction in ttx.request("GET", "/v1/auctions").json["auctions"]]

    def test_requests_in_flight_finish(self):
        with Seeded(bidders=1, spread=1) as ttx:
            token = ttx.bidder_token()
            idle = ttx.connect()
            self.assertEqual(ttx.request("GET", "/v1/auctions", connection=idle).status, 200)
            watching = ttx.connect()
            watching.request("GET", f"/v1/{ttx.auction}/events")
            events = watching.getresponse()
            self.assertEqual(events.status, 200)
            body = b'{"price_fen": "20000"}'
            context = ssl.create_default_context(cafile=ttx.path("certs/ca.pem"))
            with context.wrap_socket(socket.create_connection(("127.0.0.1", ttx.https_port), timeout=20),
                                     server_hostname="localhost") as half_sent:
                half_sent.sendall(f"POST /v1/{ttx.auction}/bids HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                                  f"application/json\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: last\r\n"
                                  f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:5])
                # The listener reads in order: once this has its answer, the half request has been taken up.
                self.assertEqual(ttx.request("GET", "/v1/auctions").status, 200)
                started = time.monotonic()
                ttx.processes[0].send_signal(signal.SIGTERM)
                self.wait_refused(ttx)
                half_sent.sendall(body[5:])
                received = b""
                while chunk := half_sent.recv(65536):
                    received += chunk
            self.assertTrue(received.startswith(b"HTTP/1.1 200 "), received)
            self.assertIn(b"connection: close", received.lower())
            self.assertIn(b'"price_fen":"20000"', received)
            self.assertIn(b"data: ", events.read())  # which ends with the server
            self.assertEqual(ttx.processes[0].wait(timeout=STOP_SECONDS), 0, ttx.log_tail())
            self.assertLess(time.monotonic() - started, STOP_SECONDS)
            watching.close()
            idle.close()
            ttx.processes = []
            ttx.start()
            self.assertEqual(ttx.bids(), [(1, 20_000)])
            again = ttx.bid(token, 20_000, key="last")
            self.assertEqual((again.status, again.headers["Idempotent-Replayed"]), (200, "true"))

    def wait_refused(self, ttx):
        """Until nothing new is accepted on the public port; whoever asks meanwhile is not told "ready"."""
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", ttx.https_port), timeout=1).close()
            except OSError:
                try:
                    self.assertEqual(admin_get(ttx, "/readyz")[0], 503)
                except OSError:
                    pass
                return
            time.sleep(0.01)
        self.fail("new connections are still accepted")

    def test_under_load_no_acknowledged_bid_is_lost(self):
        for split in (False, True):
            with self.subTest(split=split), Seeded(bidders=4, spread=1, split=split) as ttx:
                load = Load(ttx)
                load.start()
                load.wait_accepted(50)
                seconds = self.stop(ttx)
                load.join()
                self.assertEqual(load.surprises, [])
                self.assertGreaterEqual(len(load.accepted), 50)
                ttx.start()
                stored = ttx.bids()
                self.assertEqual([number for number, _ in stored], list(range(1, len(stored) + 1)))
                self.assertLessEqual(set(load.accepted), set(stored))
                # Whatever else is there was under way when the answer got lost: at most one per bidder.
                unanswered = set(stored) - set(load.accepted)
                self.assertLessEqual({price for _, price in unanswered}, set(load.unanswered))
                print(f"split: {split}: {len(load.accepted)} bids acknowledged, stopped in {seconds:.2f} s, "
                      f"{len(load.unanswered)} requests without an answer, {len(unanswered)} of them stored",
                      flush=True)

    def test_one_service_stops_and_comes_back(self):
        with Seeded(bidders=1, spread=1, split=True) as ttx:
            token = ttx.bidder_token()
            self.assertEqual(ttx.bid(token, 20_000).status, 200)
            index = ROLES.index("auction")
            ttx.processes[index].send_signal(signal.SIGTERM)
            self.assertEqual(ttx.processes[index].wait(timeout=STOP_SECONDS), 0, ttx.log_tail())
            key = uuid.uuid4().hex
            answer = ttx.bid(token, 30_000, key=key)
            self.assertEqual(answer.status, 503, answer.body)
            self.assertEqual(ttx.request("GET", f"/v1/{ttx.auction}").status, 503)
            self.assertEqual(ttx.request("GET", "/v1/tokenKeys").status, 200, "the others serve on")
            self.assertTrue(ttx.bidder_token())
            ttx.processes[index] = subprocess.Popen([BINARY, "serve", "auction", "--config", ttx.path("auction.conf")],
                                                    stdout=ttx.log, stderr=ttx.log)
            deadline = time.monotonic() + RECOVERY_SECONDS
            while (answer := ttx.bid(token, 30_000, key=key)).status != 200:
                self.assertEqual(answer.status, 503, answer.body)
                self.assertLess(time.monotonic(), deadline, "the gateway does not find the service again")
                time.sleep(0.1)
            self.assertEqual(ttx.bids(), [(1, 20_000), (2, 30_000)])


class Load:
    """One bidder per client, each with one request in flight, until the server hangs up."""

    def __init__(self, ttx):
        self.ttx = ttx
        self.lock = threading.Lock()
        self.step = 0
        self.accepted, self.unanswered, self.surprises = [], [], []
        self.threads = [threading.Thread(target=self.run, args=(ttx.bidder_token(index),))
                        for index in range(len(ttx.bidders))]

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        for thread in self.threads:
            thread.join()

    def wait_accepted(self, count):
        """Until so many bids were accepted, or for a minute: the test then says what happened instead."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with self.lock:
                if len(self.accepted) >= count or self.surprises:
                    return
            time.sleep(0.01)

    def run(self, token):
        connection = self.ttx.connect()
        while True:
            with self.lock:
                self.step += 1
                price = 10_000 + STEP_FEN * self.step
            try:
                answer = self.ttx.bid(token, price, connection=connection)
            except (OSError, http.client.HTTPException):
                with self.lock:
                    self.unanswered.append(price)
                connection.close()
                return
            with self.lock:
                if answer.status == 200:
                    self.accepted.append((int(answer.json["number"]), int(answer.json["price_fen"])))
                elif answer.status == 503:  # on the way down; the same key would find out
                    self.unanswered.append(price)
                elif answer.status != 409 or answer.json["reason"] != "NOT_HIGHER":
                    self.surprises.append((answer.status, answer.body))


if __name__ == "__main__":
    unittest.main()
