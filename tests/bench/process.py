"""A folder on a disk and the processes of one benchmark; both are gone when it ends, however it ends."""

import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time


class Failed(Exception):
    """The benchmark cannot go on; the text says why."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*words, **options):
    """Runs a program to its end and returns what it printed."""
    result = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            check=False, **options)
    if result.returncode != 0:
        tail = (result.stderr + result.stdout)[-2000:]
        raise Failed(f"{words[0]} ended with status {result.returncode}: {tail}")
    return result.stdout


def measure(*words):
    """Runs a load generator and returns the object it printed."""
    return json.loads(run(*words).strip().split("\n")[-1])


def memory_mb(pid, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").split("\n"):
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


class Workspace:
    """The folder (below $TTX_BENCH_DIR or /tmp, on a real disk) and what was started in it."""

    def __init__(self):
        base = os.environ.get("TTX_BENCH_DIR", "/tmp")
        kind = run("stat", "-f", "-c", "%T", base).strip()
        if kind in ("tmpfs", "ramfs"):
            raise Failed(f"{base} is a {kind}, where nothing is durable; set TTX_BENCH_DIR to a folder on a disk")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ttx-bench.", dir=base))
        self.folder.chmod(0o755)  # PostgreSQL runs as another user
        self.filesystem = kind
        self.environment = dict(os.environ)  # of what is started
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            self.stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def slow_flushes(self, library, delay_us):
        """What is started from now on waits so much longer for each flush to the disk."""
        self.environment |= {"LD_PRELOAD": str(library), "TTX_BENCH_FLUSH_US": str(delay_us)}

    def start(self, name, *words, stop_signal=signal.SIGTERM, **options):
        """Starts a server; its output goes to NAME.out and NAME.log in the folder."""
        out = open(self.folder / f"{name}.out", "wb")
        log = open(self.folder / f"{name}.log", "ab")
        with out, log:
            process = subprocess.Popen([str(word) for word in words], stdout=out, stderr=log,
                                       stdin=subprocess.DEVNULL, env=self.environment, **options)
        process.bench_name = name
        process.bench_signal = stop_signal
        self.started.append(process)
        return process

    def stop(self, process):
        if process.poll() is None:
            process.send_signal(process.bench_signal)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                say(f"{process.bench_name} did not stop within 30 seconds; killing it")
                process.kill()
                process.wait()
        if process in self.started:
            self.started.remove(process)

    def log_tail(self, name):
        text = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        return text[-2000:]

    def wait_until(self, process, is_ready, seconds=60):
        """Waits for is_ready() and returns what it returned."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = is_ready()
            if found:
                return found
            if process.poll() is not None:
                raise Failed(f"{process.bench_name} stopped: {self.log_tail(process.bench_name)}")
            time.sleep(0.005)
        raise Failed(f"{process.bench_name} was not ready after {seconds} s: {self.log_tail(process.bench_name)}")

    def ports(self, process, seconds=60):
        """The ports a server of ours prints: "ready https=1 grpc=2"."""
        path = self.folder / f"{process.bench_name}.out"

        def find():
            line = path.read_text(encoding="ascii")
            return line if line.startswith("ready ") and line.endswith("\n") else None

        line = self.wait_until(process, find, seconds)
        return {name: int(port) for name, port in (word.split("=") for word in line.split()[1:])}


def fdatasync_us(folder):
    """The median time to make a small append durable: what a single durable decision costs at least."""
    times = []
    with open(folder / "fdatasync", "wb", buffering=0) as file:
        for _ in range(200):
            file.write(b"x" * 512)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)
