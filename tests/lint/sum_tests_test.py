#!/usr/bin/env python3
"""Tests tools/sum_tests.py: cases are counted one by one, and nothing that failed is lost."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "sum_tests.py")


def case(name, failed=False, result="COMPLETED"):
    return {"name": name, "result": result, **({"failures": [{"failure": "x"}]} if failed else {})}


class Sum(unittest.TestCase):
    def run_tool(self, junit, programs=None):
        """(exit status, lines) for JUnit test cases and {program: [cases]}."""
        with tempfile.TemporaryDirectory() as root:
            with open(os.path.join(root, "junit.xml"), "w", encoding="utf-8") as file:
                file.write(f"<testsuite>{junit}</testsuite>")
            with open(os.path.join(root, "tests.json"), "w", encoding="utf-8") as file:
                json.dump({"tests": [{"name": "a_test", "properties": [{"name": "LABELS", "value": ["unit"]}]}]}, file)
            os.mkdir(os.path.join(root, "gtest"))
            for name, cases in (programs or {}).items():
                with open(os.path.join(root, "gtest", name), "w", encoding="utf-8") as file:
                    file.write(cases if isinstance(cases, str) else
                               json.dumps({"testsuites": [{"name": "S", "testsuite": cases}]}))
            done = subprocess.run(
                [sys.executable, TOOL, "--tests", os.path.join(root, "tests.json"), "--junit",
                 os.path.join(root, "junit.xml"), "--gtest", os.path.join(root, "gtest")],
                capture_output=True, text=True, check=False)
            return done.returncode, done.stdout.splitlines()

    def test_cases_of_programs_and_plain_tests(self):
        status, lines = self.run_tool(
            '<testcase name="a_test" status="run"/><testcase name="lint" status="run"/>',
            {"a_test.json": [case("One"), case("Two"), case("Three", result="SKIPPED")]})
        self.assertEqual((status, lines[-1]), (0, "3 passed, 0 failed"))
        self.assertIn("unit              2 passed      0 failed      1 skipped", lines)

    def test_failed_cases_are_named(self):
        status, lines = self.run_tool('<testcase name="a_test" status="fail"><failure/></testcase>',
                                      {"a_test.json": [case("One"), case("Two", failed=True)]})
        self.assertEqual((status, lines[-2:]), (1, ["FAILED a_test S.Two", "1 passed, 1 failed"]))

    def test_a_crash_is_a_failure(self):
        for programs in ({}, {"a_test.json": "{cut"}, {"a_test.json": [case("One")]}):
            status, lines = self.run_tool('<testcase name="a_test" status="fail"><failure/></testcase>', programs)
            self.assertEqual(status, 1)
            self.assertTrue(lines[-1].endswith("1 failed"), lines)

    def python(self, status, output):
        failure = "<failure/>" if status == "fail" else ""
        return f'<testcase name="e2e" status="{status}">{failure}<system-out>{output}</system-out></testcase>'

    def test_cases_of_unittest(self):
        status, lines = self.run_tool(self.python("run", "...\nRan 3 tests in 0.1s\n\nOK\n"))
        self.assertEqual((status, lines[-1]), (0, "3 passed, 0 failed"))
        status, lines = self.run_tool(self.python("run", "Ran 1 test in 12.345s\n\nOK (skipped=1)\n"))
        self.assertEqual((status, lines[-1]), (1, "0 passed, 0 failed"))
        status, lines = self.run_tool(self.python(
            "fail", "FAIL: test_a (x.T.test_a) (i=1)\nFAIL: test_a (x.T.test_a) (i=2)\nERROR: setUpClass (x.U)\n"
            "Ran 9 tests in 1.0s\n\nFAILED (failures=2, errors=1, skipped=2)\n"))
        self.assertEqual((status, lines[-3:]), (1, ["FAILED e2e test_a", "FAILED e2e setUpClass",
                                                    "5 passed, 2 failed"]))

    def test_a_failure_without_a_failing_case_of_unittest(self):
        for output in ["", "test_a ... ok\n", "Ran 2 tests in 0.1s\n\nOK\n"]:
            status, lines = self.run_tool(self.python("fail", output))
            self.assertEqual(status, 1)
            self.assertTrue(lines[-1].endswith("1 failed"), lines)

    def test_a_missing_program_is_a_failure_and_a_skipped_test_is_not(self):
        status, lines = self.run_tool('<testcase name="x" status="notrun"><skipped message="Unable"/></testcase>')
        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed"))
        status, lines = self.run_tool('<testcase name="x" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>'
                                      '</testcase><testcase name="y" status="run"/>')
        self.assertEqual((status, lines[-1]), (0, "1 passed, 0 failed"))

    def test_no_tests_is_no_success(self):
        status, lines = self.run_tool("")
        self.assertEqual((status, lines), (1, ["0 passed, 0 failed"]))


if __name__ == "__main__":
    unittest.main()
