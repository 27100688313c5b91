"""The commands printed in both READMEs are the same, and work as they stand on a new sandbox."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from installation import ROOT, Installation

READMES = ["README.md", "README.zh-CN.md"]
RUN_SECONDS = 180


def examples(name):
    """The blocks that begin with "```sh example", in order."""
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return re.findall(r"^```sh example\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)


class ReadmeExamples(unittest.TestCase):
    def test_both_hold_the_same_commands(self):
        english, chinese = (examples(name) for name in READMES)
        self.assertGreaterEqual(len(english), 10)
        self.assertEqual(english, chinese)

    def test_links_lead_somewhere(self):
        for name in READMES:
            with open(os.path.join(ROOT, name), encoding="utf-8") as file:
                links = re.findall(r"\]\(([^)]+)\)", file.read())
            self.assertTrue(links)
            for link in links:
                self.assertTrue(os.path.exists(os.path.join(ROOT, link)), f"{name}: {link}")

    def test_they_work(self):
        """In one shell, because later blocks use what earlier ones made; which block failed is said."""
        blocks = examples(READMES[0])
        script = "set -euo pipefail\n" + "".join(
            f"echo '--- example {number} of {len(blocks)}'\n{block}" for number, block in enumerate(blocks, 1))
        scratch = tempfile.mkdtemp(prefix="ttx-readme-")
        try:
            with Installation() as ttx:
                url = f"https://localhost:{ttx.https_port}"
                status, output = run(script, scratch, TTX_URL=url, TTX_DATA=ttx.folder)
                self.assertEqual(status, 0, output[-4000:] + ttx.log_tail())
            self.assertEqual(output.count("--- example"), len(blocks))
            self.assertIn("Verified OK", output)
        finally:
            shutil.rmtree(scratch)


def run(script, scratch, **environment):
    """The exit status and the output of a shell; whatever it leaves running is ended."""
    path = os.path.join(scratch, "output")
    with open(path, "w", encoding="utf-8") as output:
        shell = subprocess.Popen(["bash", "-c", script], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, start_new_session=True,
                                 env={**os.environ, "TMPDIR": scratch, **environment})
        try:
            status = shell.wait(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            status = f"no end after {RUN_SECONDS} s"
        finally:
            try:
                os.killpg(shell.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            shell.wait()
    with open(path, encoding="utf-8", errors="replace") as output:
        return status, output.read()


if __name__ == "__main__":
    unittest.main()
