"""The whole deal in both topologies, and how processes start, stop and refuse."""

import json
import os
import subprocess
import tempfile
import unittest

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
                self.assertLessEqual(VERBS, {step["verb"] for step in steps})
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

    def serve(self, ttx, *arguments):
        config = [] if "--config" in arguments else ["--config", ttx.path("ttx.conf")]
        done = subprocess.run([BINARY, "serve", *arguments, *config], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    def check_refused(self, ttx, reason, *arguments):
        before = snapshot(ttx.path("data"))
        status, stderr = self.serve(ttx, *arguments)
        self.assertEqual(status, 78, stderr)
        self.assertIn(reason, stderr)
        self.assertEqual(snapshot(ttx.path("data")), before)

    def edit(self, ttx, old, new):
        with open(ttx.path("ttx.conf")) as file:
            text = file.read()
        self.assertIn(old, text)
        with open(ttx.path("ttx.conf"), "w") as file:
            file.write(text.replace(old, new))

    def test_unknown_configuration_key(self):
        with Installation(start=False) as ttx:
            self.edit(ttx, "mode: SANDBOX", "mode: SANDBOX colour: 3")
            self.check_refused(ttx, "BAD_CONFIGURATION")

    def test_missing_configuration(self):
        with Installation(start=False) as ttx:
            self.check_refused(ttx, "BAD_CONFIGURATION", "--config", "/nonexistent.conf")

    def test_missing_key_file(self):
        with Installation(start=False) as ttx:
            os.remove(ttx.path("keys/secrets.key"))
            self.check_refused(ttx, "secrets_key_file")

    def test_missing_certificate(self):
        with Installation(start=False) as ttx:
            os.remove(ttx.path("certs/gateway.pem"))
            self.check_refused(ttx, "certificate_file")

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

    def test_data_of_another_mode(self):
        with Installation(start=False) as ttx:
            self.edit(ttx, "mode: SANDBOX", "mode: PRODUCTION")
            self.check_refused(ttx, "DATA_MISMATCH")
        with Installation(start=False, mode="--production") as ttx:
            self.check_refused(ttx, "SANDBOX_ONLY", "--sandbox")
            self.edit(ttx, "mode: PRODUCTION", "mode: SANDBOX")
            self.check_refused(ttx, "DATA_MISMATCH")

    def test_data_in_use(self):
        with Installation() as ttx:
            for port, other in zip([ttx.https_port, ttx.admin_port, ttx.grpc_port], free_ports(3)):
                self.edit(ttx, f"127.0.0.1:{port}\"", f"127.0.0.1:{other}\"")
            status, stderr = self.serve(ttx)
            self.assertEqual(status, 78, stderr)
            self.assertIn("DATA_LOCKED", stderr)

    def test_damaged_data(self):
        with Installation() as ttx:
            run_demo(ttx)
            ttx.kill()
            folder = ttx.path("data/auction/rocksdb")
            logs = [name for name in os.listdir(folder) if name.endswith(".log")]
            log = os.path.join(folder, max(logs, key=lambda name: os.path.getsize(os.path.join(folder, name))))
            with open(log, "r+b") as file:
                file.seek(os.path.getsize(log) // 2)
                byte = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte[0] ^ 0xFF]))
            status, stderr = self.serve(ttx)
            self.assertEqual(status, 78, stderr)
            self.assertIn("DATA_DAMAGED", stderr)

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
        for command in [[], ["serve"], ["init"], ["demo"], ["openapi"], ["config", "check"]]:
            done = subprocess.run([BINARY, *command, "--help"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0)
            self.assertIn("Usage", done.stdout)
        for command in [["nonsense"], ["serve", "--nonsense"], ["init"], ["openapi", "--nonsense"]]:
            done = subprocess.run([BINARY, *command], capture_output=True, text=True)
            self.assertEqual(done.returncode, 64, command)


def snapshot(folder):
    """Every file below a folder with its size and time."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            status = os.stat(path)
            found[path] = (status.st_size, status.st_mtime_ns)
    return found


if __name__ == "__main__":
    unittest.main()
