"""Durable bids per second, against the peers named in README.md, in one run on this machine."""

import json
import os
import shutil
import statistics
import time

import peers
from process import Failed, Workspace, fdatasync_us, measure, say
from ttx import Installation

HEADLINE = 64  # requests in flight
OPEN = 1002  # auctions that take bids: hot, warm-up and 1,000 to spread over
STORED = 100_000
POSTGRES_WARM_UP_SECONDS = 1


class Plan:
    """How much is measured. Quick measures only the headline, briefly."""

    def __init__(self, quick):
        self.levels = [HEADLINE] if quick else [1, 16, 64, 256]
        self.rounds = 1 if quick else 3  # of the headline
        self.seconds = 1.5 if quick else 5
        self.seconds_postgres = 2 if quick else 5
        self.warm_up = 0.5 if quick else 1
        self.bids_in_a_row = 40_000 if quick else 500_000
        self.bids_in_a_row_seconds = 8 if quick else 300  # at most
        self.window = 2_000 if quick else 10_000  # how many of the first and last bids are compared
        # (price, clients) of pgbench on one auction and on many; its best one counts.
        self.hot = [("next", 1), ("next", 2)] if quick else \
            [(price, clients) for price in ("next", "rising") for clients in (1, 2, 4, 16, 64, 256)]
        self.spread = [("next", 32), ("next", 64)] if quick else \
            [(price, clients) for price in ("next", "rising") for clients in (1, 16, 32, 64, 128, 256)]


class Report:
    """Rows of the table, in the order they were measured."""

    def __init__(self):
        self.rows = []

    def add(self, name, result):
        self.rows.append((name, result))
        ratio = result["accepted"] / max(result["accepted"] + result["refused"], 1)
        say(f"  {name:<34} {result['in_flight']:>4} in flight {result['accepted_per_second']:>9.0f}/s "
            f"{ratio:>6.1%} accepted  p50 {result['p50_us'] / 1000:>8.2f} ms  p99 {result['p99_us'] / 1000:>8.2f} ms")

    def median(self, name):
        """Of the rounds at the headline level."""
        return statistics.median(result["accepted_per_second"] for row, result in self.rows
                                 if row == name and result["in_flight"] == HEADLINE)

    def best(self, name):
        """Whatever the number of clients and the way prices are made."""
        return max(result["accepted_per_second"] for row, result in self.rows if row.startswith(name))

    def table(self):
        lines = [f"{'':<34} {'in flight':>9} {'accepted/s':>11} {'decided/s':>10} {'p50 ms':>8} {'p99 ms':>8}"]
        for name, result in self.rows:
            lines.append(f"{name:<34} {result['in_flight']:>9} {result['accepted_per_second']:>11.0f} "
                         f"{result['decided_per_second']:>10.0f} {result['p50_us'] / 1000:>8.2f} "
                         f"{result['p99_us'] / 1000:>8.2f}")
        return "\n".join(lines)


def measure_load(plan, report, installation, echo_port, nginx_port):
    """ttx, the echo and nginx level by level; at the headline level they take turns."""
    tools = installation.build / "tests/bench"
    words = ["--seconds", plan.seconds, "--warm-up", plan.warm_up]
    for level in plan.levels:
        for _ in range(plan.rounds if level == HEADLINE else 1):
            peer = installation.common("hot", level) + words
            report.add("gRPC echo", measure(tools / "ttx_bench_load_grpc", "--target", f"127.0.0.1:{echo_port}", *peer))
            report.add("ttx gRPC, one auction", installation.bids_grpc("hot", level, *words))
            report.add("ttx gRPC, 1,000 auctions", installation.bids_grpc("spread", level, *words))
            report.add("nginx HTTPS, fixed answer",
                       measure(tools / "ttx_bench_load_https", "--port", nginx_port, *peer))
            report.add("ttx HTTPS, one auction", installation.bids_https("hot", level, *words))
            report.add("ttx HTTPS, 1,000 auctions", installation.bids_https("spread", level, *words))


def measure_postgres(plan, report, postgres):
    for auctions, name, runs in ((1, "pgbench, one auction", plan.hot), (1000, "pgbench, 1,000 auctions", plan.spread)):
        postgres.bids(auctions, 16, POSTGRES_WARM_UP_SECONDS, "next")
        for price, clients in runs:
            report.add(f"{name} ({price})", postgres.bids(auctions, clients, plan.seconds_postgres, price))


def measure_growth(plan, installation):
    """The last 10,000 bids of one auction against its first 10,000; other auctions warmed everything up before."""
    result = installation.bids_grpc(
        "hot", HEADLINE, "--warm-up-auctions", installation.folder / "auctions.warm-up", "--warm-up", 1, "--seconds",
        plan.bids_in_a_row_seconds, "--count", plan.bids_in_a_row, "--window", plan.window, "--server-pid",
        installation.process.pid)
    marks = result["marks"]
    if len(marks) < 3:
        raise Failed(f"{result['accepted']} bids in {result['seconds']:.0f} s are too few to compare")
    first, last = ([after[i] - before[i] for i in (0, 1)] for before, after in (marks[:2], marks[-2:]))
    say(f"  the first {plan.window} bids took {first[0]:.2f} s and {first[1]:.2f} s of processor time, "
        f"the last {last[0]:.2f} s and {last[1]:.2f} s")
    return {"last_over_first_cost": last[0] / first[0], "last_over_first_cpu": last[1] / max(first[1], 0.01),
            "last_over_first_bids": (len(marks) - 1) * plan.window}


def measure_start(workspace, build, name, **seeded):
    """Seconds from start to ready with 100,000 auctions in store, and memory then."""
    begin = time.monotonic()
    installation = Installation(workspace, build, name)
    installation.create()
    installation.seed(**seeded)
    say(f"  seeded in {time.monotonic() - begin:.1f} s")
    seconds = installation.start()
    memory = installation.memory_mb()
    say(f"  ready after {seconds:.2f} s with {memory:.0f} MB")
    return installation, seconds, memory


def ratios(report):
    hot = report.median("ttx gRPC, one auction")
    spread = report.median("ttx gRPC, 1,000 auctions")
    best_hot = report.best("pgbench, one auction")
    best_spread = report.best("pgbench, 1,000 auctions")
    accepted = [result["accepted"] / (result["accepted"] + result["refused"]) for name, result in report.rows
                if name.startswith("ttx") and result["in_flight"] == HEADLINE]
    return {
        "hot_grpc_over_pgbench": hot / best_hot,
        "hot_grpc_over_echo": hot / report.median("gRPC echo"),
        "spread_grpc_over_pgbench": spread / best_spread,
        "https_over_nginx": report.median("ttx HTTPS, one auction") / report.median("nginx HTTPS, fixed answer"),
        "spread_https_over_nginx":
            report.median("ttx HTTPS, 1,000 auctions") / report.median("nginx HTTPS, fixed answer"),
        "hot_grpc_per_second": hot,
        "spread_grpc_per_second": spread,
        "hot_https_per_second": report.median("ttx HTTPS, one auction"),
        "echo_per_second": report.median("gRPC echo"),
        "nginx_per_second": report.median("nginx HTTPS, fixed answer"),
        "pgbench_hot_per_second": best_hot,
        "pgbench_spread_per_second": best_spread,
        "accepted_ratio_min": min(accepted),
    }


# Name, what it has to be, and whether it is a floor or a ceiling.
TARGETS = [
    ("hot_grpc_over_pgbench", 8, "floor"),
    ("hot_grpc_over_echo", 0.4, "floor"),
    ("spread_grpc_over_pgbench", 2.5, "floor"),
    ("https_over_nginx", 0.10, "floor"),
    ("last_over_first_cost", 1.2, "ceiling"),
    ("ready_seconds_100k", 5, "ceiling"),
    ("rss_mb_100k", 500, "ceiling"),
]


def print_report(report, figures):
    print(report.table())
    print()
    for name, value, kind in TARGETS:
        met = figures[name] >= value if kind == "floor" else figures[name] <= value
        sign = ">=" if kind == "floor" else "<="
        print(f"{name:<28} {figures[name]:>9.3f}   target {sign} {value:<5} {'met' if met else 'MISSED'}")
    rest = [name for name in figures if name not in {target[0] for target in TARGETS}]
    for name in rest:
        value = figures[name]
        print(f"{name:<28} {value:>9.3f}" if isinstance(value, float) else f"{name:<28} {value:>9}")


def measure_all(build, plan, workspace, flush_us):
    for program in ("nginx", "pgbench", "openssl"):
        if shutil.which(program) is None:
            raise Failed(f"{program} is missing: deploy/install run bench")
    report = Report()
    figures = {"fdatasync_us": fdatasync_us(workspace.folder), "flush_delay_us": flush_us}
    if flush_us:
        workspace.slow_flushes(build / "tests/bench/libttx_bench_slow_flush.so", flush_us)
    say(f"workspace {workspace.folder} on {workspace.filesystem}, fdatasync {figures['fdatasync_us']:.0f} + {flush_us} "
        f"us, {os.cpu_count()} processors")
    say(f"{STORED} auctions, {OPEN} of them open")
    installation, figures["ready_seconds_100k"], figures["rss_mb_100k"] = measure_start(
        workspace, build, "ttx", scheduled=9000, closed=STORED - OPEN - 9000)
    say(f"{plan.bids_in_a_row} bids on one auction")
    figures |= measure_growth(plan, installation)
    say("load")
    echo_port = peers.start_echo(workspace, build)
    nginx_port = peers.start_nginx(workspace, installation.certificate, installation.key)
    measure_load(plan, report, installation, echo_port, nginx_port)
    figures["rss_mb_peak"] = installation.memory_mb("VmHWM")
    installation.stop()
    say("PostgreSQL")
    postgres = peers.Postgres(workspace)
    postgres.start()
    measure_postgres(plan, report, postgres)
    return report, ratios(report) | figures


def main(build, quick, as_json, flush_us=0):
    """Prints the table and the ratios and, when asked, one object of JSON as the last line."""
    begin = time.monotonic()
    with Workspace() as workspace:
        report, figures = measure_all(build, Plan(quick), workspace, flush_us)
    figures["quick"] = quick
    figures["seconds"] = round(time.monotonic() - begin, 1)
    print_report(report, figures)
    if as_json:
        print(json.dumps({name: round(value, 4) if isinstance(value, float) else value
                          for name, value in figures.items()}))
