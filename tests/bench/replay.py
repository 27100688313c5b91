"""Decisions per second when an exchange's past is replayed from CSV (docs/replay.md), on one processor."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from process import Failed, Workspace, memory_mb, say

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "replay"))

import history  # noqa: E402

RULES = """\
mode: MULTI
increments { from_fen: 1 step_fen: 10000 }
cycle { seconds: 300 }
"""
SEED = 20_261_122
BIDS_PER_AUCTION = 250
TARGET = 1_000_000


def replay_once(build, folder):
    """Seconds from the start of the process to its end, its last line, and its memory before the end in MB."""
    begin = time.monotonic()
    words = [str(build / "ttx"), "auction", "replay", "--rules", str(folder / "rules.textproto"), "--auctions",
             str(folder / "auctions.csv"), "--bids", str(folder / "bids.csv"), "--json"]
    with open(folder / "out", "wb") as out:
        process = subprocess.Popen(words, stdout=out, preexec_fn=lambda: os.sched_setaffinity(0, {0}))
        peak = 0.0
        while process.poll() is None:
            try:
                peak = max(peak, memory_mb(process.pid, "VmHWM"))
            except OSError:
                pass
            time.sleep(0.02)
    seconds = time.monotonic() - begin
    if process.returncode != 0:
        raise Failed(f"ttx auction replay ended with status {process.returncode}")
    with open(folder / "out", "rb") as out:
        summary = json.loads(out.read().rstrip(b"\n").rsplit(b"\n", 1)[-1])
    return seconds, summary, peak


def main(build, quick, as_json):
    """Prints the figures and, when asked, one object of JSON as the last line."""
    bids = 1_000_000 if quick else 5_000_000
    with Workspace() as workspace:
        say(f"{bids} bids, {bids // BIDS_PER_AUCTION} auctions")
        decisions = history.write(workspace.folder, bids // BIDS_PER_AUCTION, bids, SEED)
        (workspace.folder / "rules.textproto").write_text(RULES, encoding="ascii")
        runs = []
        for _ in range(3):
            seconds, summary, peak = replay_once(build, workspace.folder)
            refused = sum(summary["rejected"].values())
            if summary["accepted"] + refused != decisions or summary["unusable_rows"] != 0:
                raise Failed(f"{summary} does not add up to {decisions} decisions")
            say(f"  {decisions} decisions in {seconds:.2f} s, {decisions / seconds:.0f}/s, {peak:.0f} MB")
            runs.append((decisions / seconds, peak))
    figures = {
        "replay_decisions_per_second": statistics.median(rate for rate, _ in runs),
        "replay_decisions": decisions,
        "replay_accepted": summary["accepted"],
        "replay_rss_mb_peak": max(peak for _, peak in runs),
        "quick": quick,
    }
    rate = figures["replay_decisions_per_second"]
    verdict = "met" if rate >= TARGET else "MISSED"
    print(f"{'replay_decisions_per_second':<28} {rate:>9.0f}   target >= {TARGET} {verdict}")
    print(f"{'replay_rss_mb_peak':<28} {figures['replay_rss_mb_peak']:>9.1f}")
    if as_json:
        print(json.dumps({name: round(value, 4) if isinstance(value, float) else value
                          for name, value in figures.items()}))
