"""What sealed bids cost: opening and sealing envelopes on one processor, and handing them in over gRPC."""

import json
import os
import statistics
import time

from process import Workspace, measure, say
from ttx import Installation

IN_FLIGHT = 64
ENVELOPES = 1000
SUITES = {"TTX-SB-1": "sealed_open_1000", "TTX-SB-SM": "sealed_open_1000_sm"}

# Name, what it has to be, and whether it is a floor or a ceiling.
TARGETS = [
    ("sealed_open_1000_seconds", 10, "ceiling"),
    ("sealed_open_1000_sm_seconds", 10, "ceiling"),
    ("sealed_over_multi", 0.5, "floor"),
    ("n93_p", 0.01, "floor"),
]


def open_seconds(result):
    """All it takes from the bytes of the envelopes to the bids: reading, three holders' shares, the verdict."""
    return result["parse_seconds"] + result["share_seconds"] + result["combine_seconds"]


def measure_opening(build, quick):
    figures = {}
    for suite, name in SUITES.items():
        runs = [measure("taskset", "-c", "0", build / "tests/bench/ttx_bench_sealed_speed", "--suite", suite,
                        "--envelopes", ENVELOPES) for _ in range(1 if quick else 3)]
        for run in runs:
            say(f"  {suite}: {ENVELOPES} envelopes of {run['envelope_bytes']} bytes sealed in "
                f"{run['seal_seconds']:.2f} s; read in {run['parse_seconds']:.2f} s, "
                f"three holders' shares in {run['share_seconds']:.2f} s, verdicts in {run['combine_seconds']:.2f} s")
        figures[f"{name}_seconds"] = statistics.median(open_seconds(run) for run in runs)
        figures[f"{name}_verdicts_seconds"] = statistics.median(run["combine_seconds"] for run in runs)
        figures["sealed_seal" + name.removeprefix("sealed_open_1000") + "_per_second"] = statistics.median(
            ENVELOPES / run["seal_seconds"] for run in runs)
    return figures


def measure_submissions(workspace, build, quick):
    """Envelopes handed in over 1,000 SEALED auctions, between bids over 1,000 MULTI auctions and on a single one."""
    auctions, versions, seconds, warm_up = (400, 2, 2, 0.5) if quick else (1000, 2, 5, 1)
    installation = Installation(workspace, build, "ttx")
    installation.create()
    installation.seed(spread=auctions, sealed=auctions)
    installation.start()
    rates = {"spread": [], "hot": []}

    def measure_bids():
        for kind, found in rates.items():
            result = installation.bids_grpc(kind, IN_FLIGHT, "--seconds", seconds, "--warm-up", warm_up)
            say(f"  MULTI, {kind:<6} {result['accepted_per_second']:>8.0f}/s  p99 {result['p99_us'] / 1000:.1f} ms")
            found.append(result["accepted_per_second"])

    measure_bids()
    result = measure(build / "tests/bench/ttx_bench_sealed_load", "--target", f"127.0.0.1:{installation.grpc_port}",
                     "--tokens", installation.tokens(), "--auctions", installation.folder / "auctions.sealed",
                     "--in-flight", IN_FLIGHT, "--versions", versions)
    say(f"  SEALED        {result['accepted_per_second']:>8.0f}/s  p99 {result['p99_us'] / 1000:.1f} ms, "
        f"{result['accepted']} envelopes; time and amount: rank correlation {result['n93_rho']:+.4f}, "
        f"p = {result['n93_p']:.3f}")
    measure_bids()
    installation.stop()
    spread, hot = (statistics.mean(rates[kind]) for kind in ("spread", "hot"))
    rate = result["accepted_per_second"]
    return {
        "sealed_over_multi": rate / spread,
        "sealed_over_multi_hot": rate / hot,
        "sealed_per_second": rate,
        "n93_p": result["n93_p"],
        "n93_samples": result["accepted"],
        "multi_spread_per_second": spread,
        "multi_hot_per_second": hot,
    }


def print_figures(figures):
    targets = {name: (value, kind) for name, value, kind in TARGETS}
    for name, figure in figures.items():
        text = f"{name:<36} {figure:>9.3f}"
        if name in targets:
            value, kind = targets[name]
            met = figure >= value if kind == "floor" else figure <= value
            text += f"   target {'>=' if kind == 'floor' else '<='} {value:<5} {'met' if met else 'MISSED'}"
        print(text)


def main(build, quick, as_json):
    """Prints the figures and, when asked, one object of JSON as the last line."""
    begin = time.monotonic()
    say(f"{ENVELOPES} envelopes, five holders of whom three open, one of {os.cpu_count()} processors")
    figures = measure_opening(build, quick)
    say(f"envelopes and bids over gRPC, {IN_FLIGHT} in flight")
    with Workspace() as workspace:
        figures |= measure_submissions(workspace, build, quick)
    print_figures(figures)
    figures["quick"] = quick
    figures["seconds"] = round(time.monotonic() - begin, 1)
    if as_json:
        print(json.dumps({name: round(value, 4) if isinstance(value, float) else value
                          for name, value in figures.items()}))
