"""The whole deal in both topologies, and how processes start, stop and refuse."""

import glob
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
import urllib.request

from installation import BINARY, Installation, free_ports

VERBS = {"list", "bid", "sign", "register", "settle", "disclose", "certify"}


def run_demo(ttx):
    config = ttx.path("gateway.conf" if ttx.split else "ttx.conf")
    done = subprocess.run([BINARY, "demo", "--config", config, "--json"], capture_output=True, text=True, timeout=300)
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    return done, steps


class Topologies(unittest.TestCase):
    def check_demo(self, split):
        with Installation(split=split) as ttx:
            for _ in range(2):  # the second deal meets the first one's data
                done, steps = run_demo(ttx)
                self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr + ttx.log_tail())
                self.assertTrue(all(step["ok"] for step in steps))
                self.assertEqual(VERBS, {step["verb"] for step in steps})
            with urllib.request.urlopen(f"http://127.0.0.1:{ttx.admin_port}/feeds", timeout=10) as answer:
                feeds = json.load(answer)["feeds"]
            self.assertEqual([feed for feed in feeds if feed["refusals"] or feed["cursor"] < 1], [])
            taken = {(feed["service"], feed["source"]) for feed in feeds}
            if split:  # the gateway's process has no service
                self.assertEqual(taken, set())
            else:
                self.assertLessEqual({("auction", "listing"), ("contract", "listing"), ("settlement", "contract")},
                                     taken)
            self.assertEqual(set(ttx.stop()), {0})
            with open(ttx.path("server.log")) as log:
                self.assertNotIn("feed_event_refused", log.read())

    def test_all_in_one(self):
        self.check_demo(split=False)

    def test_one_process_per_service(self):
        self.check_demo(split=True)


class Refusals(unittest.TestCase):
    """Wrong configuration, a missing key, a port in use, a folder of another mode or a damaged one: one clear line,
    a non-zero status, nothing touched."""

    def check_refused(self, ttx, reason, *arguments, command="serve", untouched=""):
        """Everything in the folder of the installation, or in `untouched` below it, stays as it is, to the byte."""
        arguments = [*arguments] if "--config" in arguments else [*arguments, "--config", ttx.path("ttx.conf")]
        before = digests(ttx.path(untouched))
        done = subprocess.run([BINARY, *command.split(), *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"^ttx: [A-Z_]+: [^\n]*\n$", "one line")
        self.assertIn(reason, done.stderr)
        after = digests(ttx.path(untouched))
        touched = [path for path in {*before, *after} if before.get(path) != after.get(path)]
        self.assertEqual(touched, [], done.stderr)

    def edit(self, ttx, old, new):
        with open(ttx.path("ttx.conf")) as file:
            text = file.read()
        self.assertIn(old, text)
        with open(ttx.path("ttx.conf"), "w") as file:
            file.write(text.replace(old, new))

    def test_wrong_configuration(self):
        with Installation(start=False) as ttx:
            with open(ttx.path("ttx.conf")) as file:
                good = file.read()
            for old, new, reason in [
                    ("mode: SANDBOX", "mode: SANDBOX colour: 3", "colour"),
                    ("mode: SANDBOX", "mode: SANDPIT", "SANDPIT"),
                    ("mode: SANDBOX", "", "mode"),
                    ("mode: SANDBOX", "mode: SANDBOX roles: \"auctioneer\"", "roles"),
                    ("gateway {", "gateway {{", "BAD_CONFIGURATION"),
                    ("gateway {", "gateway { max_connections: -1", "ttx.conf:9: Expected integer"),
                    ("gateway {", "gateway { max_connections: 0", "max_connections"),
                    ("lifetime_seconds: 600", "lifetime_seconds: 86400", "lifetime_seconds"),
                    (f"127.0.0.1:{ttx.https_port}\"", "127.0.0.1:99999\"", "listen_address"),
                    (f"127.0.0.1:{ttx.https_port}\"", "nowhere\"", "listen_address"),
                    (f"127.0.0.1:{ttx.admin_port}\"", f"0.0.0.0:{ttx.admin_port}\"", "admin_address"),
                    (f"127.0.0.1:{ttx.grpc_port}\"", f"0.0.0.0:{ttx.grpc_port}\"", "grpc")]:
                with open(ttx.path("ttx.conf"), "w") as file:
                    file.write(good)
                with self.subTest(new=new):
                    self.edit(ttx, old, new)
                    self.check_refused(ttx, reason)
                    self.check_refused(ttx, reason, command="config check")

    def test_files_that_the_configuration_names(self):
        """Each missing, and each full of something else."""
        with Installation(start=False) as ttx:
            for name, missing, spoilt in [("keys/secrets.key", "secrets_key_file", "secrets_key_file"),
                                          ("keys/record.pem", "record_key_file", "record key"),
                                          ("certs/gateway.pem", "certificate_file", "gateway.pem"),
                                          ("certs/gateway.key", "private_key_file", "gateway.key")]:
                shutil.copy2(ttx.path(name), ttx.path("good"))
                for wrong in (None, b"", b"something else\n"):
                    with self.subTest(name=name, wrong=wrong):
                        if wrong is None:
                            os.remove(ttx.path(name))
                        else:
                            shutil.copy2(ttx.path("good"), ttx.path(name))
                            with open(ttx.path(name), "wb") as file:
                                file.write(wrong)
                        self.check_refused(ttx, missing if wrong is None else spoilt)
                os.replace(ttx.path("good"), ttx.path(name))

    def test_folders_that_the_configuration_names(self):
        for old, new, reason in [("/calendar\"", "/nothing\"", "calendar"), ("/profiles\"", "/nothing\"", "profile"),
                                 ("/fees\"", "/nothing\"", "fee"), ("/fees\"", "/fees\" fee_table: \"x\"", "fee")]:
            with self.subTest(new=new), Installation(start=False) as ttx:
                self.edit(ttx, old, new)
                self.check_refused(ttx, reason)

    def test_a_key_of_another_certificate(self):
        with Installation(start=False) as ttx:
            shutil.copy(ttx.path("certs/party.key"), ttx.path("certs/gateway.key"))
            self.check_refused(ttx, "gateway.key")

    def test_missing_configuration(self):
        with Installation(start=False) as ttx:
            self.check_refused(ttx, "BAD_CONFIGURATION", "--config", "/nonexistent.conf")
            self.check_refused(ttx, "BAD_CONFIGURATION", "--config", ttx.folder)

    def test_unknown_role(self):
        with Installation(start=False) as ttx:
            self.check_refused(ttx, "roles", "auctioneer")

    def test_port_in_use(self):
        with Installation() as ttx, Installation(start=False) as other:
            for mine, theirs in [(other.https_port, ttx.https_port), (other.admin_port, ttx.admin_port),
                                 (other.grpc_port, ttx.grpc_port)]:
                self.edit(other, f"127.0.0.1:{mine}\"", f"127.0.0.1:{theirs}\"")
                self.check_refused(other, f"LISTEN_FAILED: Cannot listen on 127.0.0.1:{theirs}")
                self.edit(other, f"127.0.0.1:{theirs}\"", f"127.0.0.1:{mine}\"")

    def test_a_folder_that_was_never_initialized(self):
        with Installation(start=False) as ttx:
            self.edit(ttx, 'data_directory: "data"', 'data_directory: "mistyped"')
            self.check_refused(ttx, "DATA_MISMATCH")
            self.assertFalse(os.path.exists(ttx.path("mistyped")))

    def test_a_data_folder_that_is_a_file(self):
        with Installation(start=False) as ttx:
            self.edit(ttx, 'data_directory: "data"', 'data_directory: "admin.json"')
            self.check_refused(ttx, "admin.json")

    def test_data_of_another_mode(self):
        with Installation(start=False) as ttx:
            self.edit(ttx, "mode: SANDBOX", "mode: PRODUCTION")
            self.check_refused(ttx, "DATA_MISMATCH")
        with Installation(start=False, mode="--production") as ttx:
            self.check_refused(ttx, "SANDBOX_ONLY", "--sandbox")
            self.edit(ttx, "mode: PRODUCTION", "mode: SANDBOX")
            self.check_refused(ttx, "DATA_MISMATCH")

    def test_data_of_another_service(self):
        with Installation() as ttx:
            ttx.stop()
            shutil.rmtree(ttx.path("data/auction"))
            shutil.copytree(ttx.path("data/listing"), ttx.path("data/auction"))
            self.check_refused(ttx, "DATA_MISMATCH")

    def test_data_in_use(self):
        with Installation() as ttx:
            for port, other in zip([ttx.https_port, ttx.admin_port, ttx.grpc_port], free_ports(3)):
                self.edit(ttx, f"127.0.0.1:{port}\"", f"127.0.0.1:{other}\"")
            self.check_refused(ttx, "DATA_LOCKED")
            self.assertEqual(ttx.request("GET", "/v1/auctions").status, 200, "the first one serves on")

    def test_damaged_data(self):
        """One wrong byte in a file of the store, or a file that is gone: it stays as it is for whoever repairs it. The
        stores of other services, which are sound, may have been opened."""
        with Installation() as ttx:
            for _ in range(2):  # the second start turns the log of the first run into a table
                run_demo(ttx)
                ttx.kill()
                ttx.start()
            ttx.kill()
            shutil.copytree(ttx.path("data"), ttx.path("good"))
            for pattern, spoil in [("*.log", flip), ("MANIFEST-*", flip), ("CURRENT", flip), ("CURRENT", os.remove),
                                   ("*.sst", os.remove),
                                   ("MANIFEST-*", os.remove)]:
                with self.subTest(pattern=pattern, spoil=spoil.__name__):
                    files = glob.glob(ttx.path("data/auction/rocksdb/" + pattern))
                    spoil(max(files, key=os.path.getsize))
                    for _ in range(2):  # the second attempt finds nothing that the first has mended
                        self.check_refused(ttx, "DATA_", untouched="data/auction")
                shutil.rmtree(ttx.path("data"))
                shutil.copytree(ttx.path("good"), ttx.path("data"))
            ttx.start()
            self.assertEqual(ttx.request("GET", "/v1/auctions").status, 200, "the undamaged copy opens")

    def test_a_second_init_is_refused(self):
        with Installation(start=False) as ttx:
            done = subprocess.run([BINARY, "init", "--data", ttx.folder, "--sandbox"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 78)

    def test_a_refused_init_leaves_nothing_and_may_be_repeated(self):
        with tempfile.TemporaryDirectory() as folder:
            for wrong in [["--operator-uscc", "BAD"], ["--https-port", "abc"], ["--host", "a\" b"]]:
                done = subprocess.run([BINARY, "init", "--data", folder, "--sandbox", *wrong], capture_output=True,
                                      text=True)
                self.assertEqual(done.returncode, 78, done.stderr)
                self.assertEqual(os.listdir(folder), [])
            done = subprocess.run([BINARY, "init", "--data", folder, "--sandbox"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            for where, _, names in os.walk(folder):
                for name in names:
                    self.assertEqual(os.stat(os.path.join(where, name)).st_mode & 0o077, 0, name)

    def test_every_command_explains_itself(self):
        for command in [[], ["serve"], ["init"], ["demo"], ["openapi"], ["config"], ["config", "check"],
                        ["auction"], ["auction", "export"], ["auction", "replay"]]:
            done = subprocess.run([BINARY, *command, "--help"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0)
            self.assertIn("Usage", done.stdout)
        for command in [["nonsense"], ["serve", "--nonsense"], ["init"], ["openapi", "--nonsense"]]:
            done = subprocess.run([BINARY, *command], capture_output=True, text=True)
            self.assertEqual(done.returncode, 64, command)
        for command in [["auction"], ["auction", "nonsense"], ["auction", "export"], ["auction", "replay"],
                        ["auction", "replay", "--nonsense"], ["config"], ["config", "nonsense"]]:
            done = subprocess.run([BINARY, *command], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (64, ""), command)
            self.assertIn(f"Usage: ttx {command[0]}", done.stderr)


def flip(path):
    """Turns one byte in the middle of a file over."""
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0xFF]))


def digests(folder):
    """Every folder and file below a folder: its mode and the digest of its bytes. Left out are the logs: that of a
    server which the test itself has started, and RocksDB's diary of being opened."""
    found = {}
    for where, _, names in os.walk(folder):
        found[where] = os.stat(where).st_mode
        for name in names:
            path = os.path.join(where, name)
            if name not in ("server.log", "LOG") and not name.startswith("LOG.old."):
                with open(path, "rb") as file:
                    found[path] = (os.stat(path).st_mode, hashlib.sha256(file.read()).hexdigest())
    return found


if __name__ == "__main__":
    unittest.main()
