"""How soon the watchers of 1,000 open auctions learn of a bid, and what a watcher costs in memory."""

import json
import resource
import subprocess
import time

import ttx
from process import Failed, Workspace, say

WATCHERS_PER_AUCTION = 10
BIDS_PER_SECOND = 1000
# What a server and a client open beside the watchers' connections.
OTHER_DESCRIPTORS = 1000

# Name, and its ceiling.
TARGETS = [("watch_p99_ms", 100), ("watch_kib_per_watcher", 40), ("watch_closed", 0), ("watch_missed", 0)]


def allow_connections(connections):
    """Every connection takes a file descriptor at both ends; the processes started inherit what is set here."""
    needed = connections + OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise Failed(f"{connections} connections need {needed} file descriptors in a process, and the limit is {hard}: "
                     f"raise it (ulimit -Hn {needed}) or use --quick")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    ttx.GATEWAY_LIMITS.update(max_connections=needed, max_connections_per_peer=needed)


class Client:
    """load_watch.cc: `per_auction` watchers of each auction, and bids once bid() is called."""

    def __init__(self, installation, per_auction, seconds, warm_up):
        words = [installation.build / "tests/bench/ttx_bench_load_watch", "--port", installation.https_port, "--target",
                 f"127.0.0.1:{installation.grpc_port}", "--tokens", installation.tokens(), "--auctions",
                 installation.folder / "auctions.spread", "--watchers-per-auction", per_auction, "--rate",
                 BIDS_PER_SECOND, "--seconds", seconds, "--warm-up", warm_up, "--first-number",
                 installation.next_number]
        self.installation = installation
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"load_watch ended with status {self.process.wait()}")
        return line

    def wait_until_ready(self):
        self.line()

    def bid(self):
        """Places the bids and returns what the client measured; the watchers stay connected."""
        self.process.stdin.write("bid\n")
        self.process.stdin.flush()
        result = json.loads(self.line())
        self.installation.next_number = result["next_number"]
        return result


def start(workspace, build, name, auctions):
    installation = ttx.Installation(workspace, build, name)
    installation.create()
    installation.seed(spread=auctions)
    installation.start()
    installation.tokens()
    return installation


def kib_each(after_mb, before_mb, watchers):
    return (after_mb - before_mb) * 1024 / watchers


def measure_without(workspace, build, auctions, seconds, warm_up):
    """Memory after the load with nobody watching, and what watchers cost who come only then."""
    installation = start(workspace, build, "without", auctions)
    with Client(installation, 0, seconds, warm_up) as client:
        client.wait_until_ready()
        client.bid()
        without_mb = installation.memory_mb()
    with Client(installation, WATCHERS_PER_AUCTION, seconds, warm_up) as client:
        client.wait_until_ready()
        late_mb = installation.memory_mb()
    installation.stop()
    return without_mb, kib_each(late_mb, without_mb, auctions * WATCHERS_PER_AUCTION)


def measure_all(workspace, build, quick):
    auctions, seconds, warm_up = (200, 6, 2) if quick else (1000, 20, 5)
    connections = auctions * WATCHERS_PER_AUCTION
    allow_connections(connections)
    say(f"{BIDS_PER_SECOND} bids a second on {auctions} auctions that nobody watches")
    without_mb, late_kib = measure_without(workspace, build, auctions, seconds, warm_up)
    say(f"the same on a new store with {connections} watchers")
    installation = start(workspace, build, "with", auctions)
    started_mb = installation.memory_mb()
    with Client(installation, WATCHERS_PER_AUCTION, seconds, warm_up) as client:
        client.wait_until_ready()
        idle_mb = installation.memory_mb()
        result = client.bid()
        with_mb = installation.memory_mb()
    installation.stop()
    say(f"  {started_mb:.1f} MB at the start, {idle_mb:.1f} MB with watchers, {with_mb:.1f} MB after the bids "
        f"and {without_mb:.1f} MB where nobody watched")
    if result["failed"] > 0 or result["received"] == 0:
        raise Failed(f"bids failed: {result}")
    return {
        "watch_p50_ms": result["p50_ms"],
        "watch_p99_ms": result["p99_ms"],
        "watch_max_ms": result["max_ms"],
        "watch_after_answer_p50_ms": result["after_answer_p50_ms"],
        "watch_after_answer_p99_ms": result["after_answer_p99_ms"],
        "watch_kib_per_watcher": kib_each(with_mb, without_mb, connections),
        "watch_kib_per_idle_watcher": kib_each(idle_mb, started_mb, connections),
        "watch_kib_per_late_watcher": late_kib,
        "watch_connections": result["connections"],
        "watch_bids_per_second": result["bids_per_second"],
        "watch_received": result["received"],
        "watch_missed": result["missed"],
        "watch_closed": result["closed"],
        "watch_rss_mb": with_mb,
        "watch_rss_mb_without": without_mb,
    }


def main(build, quick, as_json):
    """Prints the figures and, when asked, one object of JSON as the last line."""
    begin = time.monotonic()
    with Workspace() as workspace:
        figures = measure_all(workspace, build, quick)
    ceilings = dict(TARGETS)
    for name, value in figures.items():
        text = f"{name:<28} {value:>9.3f}" if isinstance(value, float) else f"{name:<28} {value:>9}"
        if name in ceilings:
            text += f"   target <= {ceilings[name]:<5} {'met' if value <= ceilings[name] else 'MISSED'}"
        print(text)
    figures["quick"] = quick
    figures["seconds"] = round(time.monotonic() - begin, 1)
    if as_json:
        print(json.dumps({name: round(value, 4) if isinstance(value, float) else value
                          for name, value in figures.items()}))
