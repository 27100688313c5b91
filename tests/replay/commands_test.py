#!/usr/bin/env python3
"""docs/replay.md shows commands and what they print: both are run and compared here, with what the commands refuse.

TTX_BINARY is the `ttx` under test. Nothing here needs a server or a network.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests/replay/sample"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import history  # noqa: E402


def ttx(*words, stdin=b""):
    return subprocess.run([os.environ["TTX_BINARY"], *map(str, words)], cwd=ROOT, input=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=200)


def replay(*words, rules="rules.textproto", auctions=None, bids=None, stdin=b""):
    return ttx("auction", "replay", "--rules", SAMPLE / rules, "--auctions", auctions or SAMPLE / "auctions.csv",
               "--bids", bids or SAMPLE / "bids.csv", *words, stdin=stdin)


class Documentation(unittest.TestCase):
    def test_the_examples_print_what_the_document_shows(self):
        text = (ROOT / "docs/replay.md").read_text(encoding="utf-8")
        examples = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self.assertGreaterEqual(len(examples), 3)
        for command, shown in examples:
            with self.subTest(command):
                self.assertTrue(command.startswith("ttx auction "), command)
                result = ttx(*command.split()[1:])
                printed = (result.stderr + result.stdout).decode("utf-8")
                self.assertEqual(shown, "".join(line.rstrip() + "\n" for line in printed.splitlines()))


class History(unittest.TestCase):
    def test_json_has_exactly_these_keys(self):
        result = replay("--json")
        self.assertEqual(result.returncode, 0)
        *auctions, summary = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([row["auction"] for row in auctions], ["2019-001", "2019-002", "2019-003"])
        for row in auctions:
            self.assertEqual(list(row), ["auction", "result", "winner", "price_fen", "end_ms", "accepted",
                                         "extensions"])
        self.assertEqual(list(summary), ["auctions", "accepted", "rejected", "extended_auctions", "extensions",
                                         "unusable_rows"])
        self.assertEqual(summary["unusable_rows"], 1)
        self.assertIn(b"sample/bids.csv:12: an unknown auction\n", result.stderr)

    def test_bids_come_from_standard_input_too(self):
        from_file = replay("--json")
        from_pipe = replay("--json", bids="-", stdin=(SAMPLE / "bids.csv").read_bytes())
        self.assertEqual(from_file.stdout, from_pipe.stdout)

    def test_the_same_history_gives_the_same_end_every_time(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            bids = history.write(folder, auctions=50, bids=10_000, seed=3)
            files = {"auctions": folder / "auctions.csv", "bids": folder / "bids.csv"}
            first = replay("--json", **files)
            self.assertEqual(first.stdout, replay("--json", **files).stdout)
            summary = json.loads(first.stdout.splitlines()[-1])
            self.assertEqual(summary["accepted"] + sum(summary["rejected"].values()), bids)
            self.assertGreater(summary["extensions"], 0)
            self.assertEqual(first.stderr, b"")

    def test_status_2_for_wrong_use_and_unreadable_files(self):
        with tempfile.TemporaryDirectory() as folder:
            bad = pathlib.Path(folder) / "bad.textproto"
            bad.write_text("mode: MULTI\ncycles: 3\n")
            missing = pathlib.Path(folder) / "missing"
            for words in (["replay"], ["replay", "--rules", SAMPLE / "rules.textproto"], ["elsewhere"], [],
                          ["replay", "--nonsense"], ["export"]):
                result = ttx("auction", *words)
                self.assertEqual(result.returncode, 64, (words, result.stderr))
                self.assertIn(b"Usage: ttx auction", result.stderr)
            for words in (["replay", missing], ["export", "auctions/a", "--data", folder],
                          ["replay", "--rules", bad, "--auctions", SAMPLE / "auctions.csv", "--bids", "-"],
                          ["replay", "--rules", SAMPLE / "rules.textproto", "--auctions", missing, "--bids", "-"],
                          ["replay", "--rules", SAMPLE / "rules.textproto", "--auctions", SAMPLE / "bids.csv", "--bids",
                           "-"]):
                result = ttx("auction", *words)
                self.assertEqual(result.returncode, 2, (words, result.stderr))
                self.assertTrue(result.stderr)
            self.assertIn(b"bad.textproto:2:7:", ttx("auction", "replay", "--rules", bad, "--auctions", "-", "--bids",
                                                     "-").stderr)


class Session(unittest.TestCase):
    def test_the_sample_replays(self):
        result = ttx("auction", "replay", SAMPLE / "session.jsonl", "--json")
        self.assertEqual(result.returncode, 0, result.stdout)
        end = json.loads(result.stdout.splitlines()[-1])
        self.assertEqual((end["result"], end["winner"], end["price_fen"]), ("WINNER", "33333", 106000000))
        self.assertTrue(end["same"])

    def test_a_change_of_any_line_is_named_with_the_line(self):
        lines = (SAMPLE / "session.jsonl").read_bytes().splitlines(keepends=True)
        with tempfile.TemporaryDirectory() as folder:
            changed = pathlib.Path(folder) / "changed.jsonl"
            for number, line in enumerate(lines):
                digit = max(index for index, byte in enumerate(line) if chr(byte).isdigit())
                altered = bytearray(line)
                altered[digit] = ord("1") if altered[digit] != ord("1") else ord("2")
                for replacement in (bytes(altered), b"", line + line):
                    changed.write_bytes(b"".join(lines[:number] + [replacement] + lines[number + 1:]))
                    result = ttx("auction", "replay", changed)
                    self.assertEqual(result.returncode, 1, (number, replacement))
                    found = number + (2 if replacement == line + line else 1)  # the second of two equal lines
                    self.assertRegex(result.stdout, rb"line %d differs" % found)


if __name__ == "__main__":
    unittest.main()
