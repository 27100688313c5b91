#!/usr/bin/env python3
"""Holds the table of negative tests in tests/e2e/README.md to what there is: every number that must be covered has a
row, every test a row names exists, and every numbered end-to-end test stands in the row of its number."""

import os
import re
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
E2E = os.path.join(ROOT, "tests/e2e")
COVERED = [*range(1, 24), *range(28, 37), *range(58, 66), *range(68, 72), 76, *range(79, 85), *range(91, 111)]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def rows(text):
    """{number: [(file, test)]} of the table; a number that stands there twice is an error."""
    found = {}
    for number, tests in re.findall(r"^\| (\d+) \|[^|]*\| ([^|]*) \|$", text, re.M):
        if int(number) in found:
            raise ValueError(f"N{number} has two rows")
        found[int(number)] = re.findall(r"`([^`:]+)::(\w+)`", tests)
    return found


def holds(path, test):
    """Whether a file has this test: a method, a TEST of GoogleTest, or a row of a table of tests."""
    text = read(path)
    return re.search(rf"def {test}\(" if path.endswith(".py") else
                     rf'TEST(_F|_P)?\(\w+,\s*{test}\)|Row{{"{test}"', text) is not None


def numbered(text):
    """(number, test) for each test method whose name says which numbers it covers, such as test_n01_to_n05_ends."""
    for test in re.findall(r"def (test_n\d+\w*)\(", text):
        parts = re.match(r"test((?:_(?:to_)?n\d+)+)", test).group(1)
        numbers = []
        for to, number in re.findall(r"_(to_)?n(\d+)", parts):
            numbers += range(numbers[-1] + 1, int(number) + 1) if to else [int(number)]
        for number in numbers:
            yield number, test


class Table(unittest.TestCase):
    def setUp(self):
        self.rows = rows(read(os.path.join(E2E, "README.md")))

    def test_every_number_has_tests(self):
        self.assertEqual([number for number in COVERED if not self.rows.get(number)], [])

    def test_every_test_exists(self):
        for number, tests in self.rows.items():
            for file, test in tests:
                path = os.path.join(ROOT if "/" in file else E2E, file)
                self.assertTrue(os.path.exists(path), f"N{number}: {file}")
                self.assertTrue(holds(path, test), f"N{number}: {file} has no {test}")

    def test_every_numbered_test_is_listed(self):
        for file in sorted(os.listdir(E2E)):
            if file.endswith("_test.py"):
                for number, test in numbered(read(os.path.join(E2E, file))):
                    if number in COVERED:
                        self.assertIn((file, test), self.rows[number], f"N{number}")


class Reading(unittest.TestCase):
    """The functions above see what is wrong."""

    def test_ranges_and_lists_of_numbers(self):
        text = "def test_n01_to_n03_ends(self):\n  def test_n58_n60_n20s(self):\n  def test_names(self):\n"
        self.assertEqual(list(numbered(text)), [(1, "test_n01_to_n03_ends"), (2, "test_n01_to_n03_ends"),
                                                (3, "test_n01_to_n03_ends"), (58, "test_n58_n60_n20s"),
                                                (60, "test_n58_n60_n20s"), (20, "test_n58_n60_n20s")])

    def test_rows(self):
        self.assertEqual(rows("| N | Input | Tests |\n|---|---|---|\n| 7 | bare LF | `a.py::test_b` `c/d.cc::E` |\n"),
                         {7: [("a.py", "test_b"), ("c/d.cc", "E")]})
        with self.assertRaises(ValueError):
            rows("| 7 | a | `a.py::b` |\n| 7 | a | `a.py::b` |\n")

    def test_what_does_not_exist(self):
        self.assertTrue(holds(os.path.abspath(__file__), "test_rows"))
        self.assertFalse(holds(os.path.abspath(__file__), "test_row"))
        self.assertFalse(holds(os.path.join(ROOT, "libs/auth/token_test.cc"), "N28"))


if __name__ == "__main__":
    unittest.main()
