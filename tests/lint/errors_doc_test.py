#!/usr/bin/env python3
"""Tests tools/errors_doc.py: what it writes, when it calls the file stale, and which tables it refuses."""

import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(0, TOOLS)
import errors_doc

GOOD = """// A table.
// --- General ------
REASON(NOT_FOUND, kNotFound, "{resource} 不存在", "{resource} does not exist")
// --- Fields ---
REASON(BAD_FORMAT, kInvalidArgument, "格式错误",
       "Its format is \\"wrong\\" | odd")
"""


class Parse(unittest.TestCase):
    def test_sections_and_rows(self):
        sections, problems = errors_doc.parse(GOOD)
        self.assertEqual(problems, [])
        self.assertEqual([(title, [row[0] for row in rows]) for title, rows in sections],
                         [("General", ["NOT_FOUND"]), ("Fields", ["BAD_FORMAT"])])

    def test_wrong_tables(self):
        for row, message in (('REASON(NOT_FOUND, kNotFound, "a", "b")', "already"),
                             ('REASON(A, kMissing, "a", "b")', "does not exist"),
                             ('REASON(A, kNotFound, "", "b")', "empty text"),
                             ('REASON(A, kNotFound, "{x}", "{y}")', "different {keys}"),
                             ('REASON(A, kNotFound, "a")', "well formed")):
            problems = errors_doc.parse(GOOD + row + "\n")[1]
            self.assertEqual(len(problems), 1, row)
            self.assertIn(message, problems[0])


class Command(unittest.TestCase):
    def run_tool(self, root, *options):
        command = [sys.executable, os.path.join(TOOLS, "errors_doc.py"), "--root", root, *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_writes_and_notices_staleness(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "libs/core"))
            table = os.path.join(root, "libs/core/reasons.def")
            with open(table, "w", encoding="utf-8") as file:
                file.write(GOOD)
            os.makedirs(os.path.join(root, "services/x"))
            with open(os.path.join(root, "services/x/x.cc"), "w", encoding="utf-8") as file:
                file.write("Error a(Reason::kNOT_FOUND), b(Reason::kBAD_FORMAT), c(Reason::kMORE);\n")
            self.assertEqual(self.run_tool(root, "--check").returncode, 1)
            self.assertEqual(self.run_tool(root).returncode, 0)
            self.assertEqual(self.run_tool(root, "--check").returncode, 0)
            with open(os.path.join(root, "docs/errors.md"), encoding="utf-8") as file:
                text = file.read()
            self.assertIn("| `NOT_FOUND` | 404 | `NOT_FOUND` | {resource} does not exist | {resource} 不存在 |", text)
            self.assertIn('Its format is "wrong" \\| odd', text)
            with open(table, "a", encoding="utf-8") as file:
                file.write('REASON(MORE, kAborted, "多", "More")\n')
            stale = self.run_tool(root, "--check")
            self.assertEqual(stale.returncode, 1)
            self.assertIn("stale", stale.stdout)

    def test_a_reason_that_nothing_gives_fails(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "libs/core"))
            with open(os.path.join(root, "libs/core/reasons.def"), "w", encoding="utf-8") as file:
                file.write(GOOD)
            with open(os.path.join(root, "libs/core/x.cc"), "w", encoding="utf-8") as file:
                file.write("Error a(Reason::kNOT_FOUND);  // not kBAD_FORMAT\n")
            with open(os.path.join(root, "libs/core/x_test.cc"), "w", encoding="utf-8") as file:
                file.write("EXPECT_EQ(reason, Reason::kBAD_FORMAT);\n")
            self.assertEqual(self.run_tool(root).returncode, 0)
            checked = self.run_tool(root, "--check")
            self.assertEqual(checked.returncode, 1)
            self.assertEqual(checked.stdout.splitlines()[:-1],
                             ["libs/core/reasons.def: no source gives BAD_FORMAT"])

    def test_wrong_usage(self):
        self.assertEqual(self.run_tool(".", "--unknown").returncode, 2)
        self.assertEqual(self.run_tool(".", "--help").returncode, 0)


if __name__ == "__main__":
    unittest.main()
