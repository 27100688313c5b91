"""deploy/quickstart with the binary that is there: one whole deal, and nothing left behind."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
import uuid

from installation import BINARY, ROOT

VERBS = {"list", "bid", "sign", "register", "settle", "disclose", "certify"}


class Quickstart(unittest.TestCase):
    """In a copy of deploy/ beside a link to the binary, so that nothing is built: `cmake` only writes down how it was
    called. What tests/run builds is the same preset and target."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="ttx-e2e-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ["temporary", "tools", "tree/build/release"]:
            os.makedirs(self.path(name))
        shutil.copytree(os.path.join(ROOT, "deploy"), self.path("tree/deploy"))
        os.symlink(os.path.abspath(BINARY), self.path("tree/build/release/ttx"))
        self.script("tools/cmake", f'echo "$*" >> {self.path("builds")}')
        # Whatever the script starts inherits the mark.
        self.mark = "TTX_QUICKSTART_TEST=" + uuid.uuid4().hex
        self.addCleanup(self.kill_left_over)

    def path(self, name):
        return os.path.join(self.folder, name)

    def script(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(f"#!/bin/bash\n{text}\n")
        os.chmod(self.path(name), 0o755)

    def run_it(self, *arguments):
        name, value = self.mark.split("=")
        environment = {**os.environ, name: value, "TMPDIR": self.path("temporary"),
                       "PATH": self.path("tools") + ":" + os.environ["PATH"]}
        return subprocess.run([self.path("tree/deploy/quickstart"), *arguments], env=environment, capture_output=True,
                              text=True, timeout=240)

    def processes(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if self.mark.encode() in file.read().split(b"\0"):
                        found.append(int(pid))
            except OSError:
                continue  # it has ended, or is somebody else's
        return found

    def kill_left_over(self):
        for pid in self.processes():
            os.kill(pid, 9)

    def check_nothing_is_left(self):
        self.assertEqual(self.processes(), [], "processes are left running")
        self.assertEqual(os.listdir(self.path("temporary")), [])
        self.assertFalse(os.path.exists(self.path("tree/var")), "--ephemeral has its data elsewhere")

    def test_one_deal_and_nothing_is_left(self):
        done = self.run_it("--ephemeral", "--json")
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        steps = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual({step["verb"] for step in steps}, VERBS)
        self.assertTrue(all(step["ok"] is True for step in steps))
        self.check_nothing_is_left()
        with open(self.path("builds")) as file:
            self.assertEqual(file.read().splitlines(), ["--preset release", "--build --preset release --target ttx"])

    def test_the_status_is_that_of_the_demo(self):
        os.remove(self.path("tree/build/release/ttx"))
        self.script("tree/build/release/ttx",
                    f'[ "$1" != demo ] || {{ echo "{{}}"; exit 7; }}\nexec {os.path.abspath(BINARY)} "$@"')
        done = self.run_it("--ephemeral", "--json")
        self.assertEqual((done.returncode, done.stdout), (7, "{}\n"), done.stderr[-2000:])
        self.assertIn("the demo failed (7)", done.stderr)
        self.check_nothing_is_left()

    def test_a_build_that_fails(self):
        self.script("tools/cmake", "echo 'x.cc:1: error: no'; exit 1")
        done = self.run_it("--ephemeral", "--json")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("error: no", done.stderr)
        self.check_nothing_is_left()

    def test_it_explains_itself_and_does_nothing_else(self):
        done = self.run_it("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in ["Usage: deploy/quickstart", "--ephemeral", "--json", "--stop"]:
            self.assertIn(word, done.stdout)
        for wrong in [["--nonsense"], ["--json", "--nonsense"], ["sandbox"]]:
            done = self.run_it(*wrong)
            self.assertEqual((done.returncode, done.stdout), (2, ""), wrong)
            self.assertIn(f'unknown argument "{wrong[-1]}"', done.stderr)
            self.assertIn("Usage: deploy/quickstart", done.stderr)
        self.assertFalse(os.path.exists(self.path("builds")))
        self.check_nothing_is_left()

    def test_a_stop_of_nothing(self):
        done = self.run_it("--stop")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("no server is running", done.stderr)
        self.check_nothing_is_left()


if __name__ == "__main__":
    unittest.main()
