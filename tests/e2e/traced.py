"""strace on a running server: what it asks of the kernel, and the answers a test gives in the kernel's place."""

import os
import re
import signal
import subprocess
import tempfile
import time

ATTACH_SECONDS = 20
WAIT_SECONDS = 20


class Trace:
    """`with Trace(process, options) as trace:` follows every thread of a process of subprocess.Popen."""

    def __init__(self, process, options):
        self.process = process
        file, self.log = tempfile.mkstemp(prefix="ttx-strace-")
        os.close(file)
        self.strace = subprocess.Popen(["strace", "-f", "-o", self.log, "-p", str(process.pid), *options],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def __enter__(self):
        deadline = time.monotonic() + ATTACH_SECONDS
        while not self.attached():
            if self.strace.poll() is not None or time.monotonic() > deadline:
                said = self.strace.stderr.read().decode() if self.strace.poll() is not None else "it takes too long"
                self.__exit__()
                raise AssertionError(f"strace cannot attach: {said}")
            time.sleep(0.02)
        return self

    def attached(self):
        """Whether every thread is traced."""
        folder = f"/proc/{self.process.pid}/task"
        for thread in os.listdir(folder):
            with open(f"{folder}/{thread}/status") as status:
                if "TracerPid:\t0\n" in status.read():
                    return False
        return True

    def lines(self):
        """What has been traced so far."""
        with open(self.log, errors="replace") as log:
            return log.read().splitlines()

    def wait_for(self, pattern):
        """Until a traced call matches."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not any(re.search(pattern, line) for line in self.lines()):
            if time.monotonic() > deadline:
                raise AssertionError(f"no call matches {pattern}: {self.lines()[-20:]}")
            time.sleep(0.01)

    def __exit__(self, *_):
        if self.strace.poll() is None:
            self.strace.send_signal(signal.SIGINT)  # detaches and lets the server run on
        self.strace.wait(timeout=ATTACH_SECONDS)
        self.strace.stderr.close()
        os.remove(self.log)
