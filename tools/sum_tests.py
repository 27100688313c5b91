#!/usr/bin/env python3
"""Sums up a ctest run in test cases: those of a gtest program and of Python's unittest count one by one, anything else
counts as one.

Prints the cases of each label, the names of what failed, and as its last line "N passed, N failed". A program that
failed without a failing case (it crashed, or ran out of time) is one failure. Exit status: 0 when at least one case
passed and none failed, 1 otherwise, 2 wrong usage.
"""

import argparse
import collections
import json
import os
import re
import sys
import xml.etree.ElementTree


def read_labels(path):
    """ctest --show-only=json-v1: {test name: label}."""
    try:
        with open(path, encoding="utf-8") as file:
            tests = json.load(file)["tests"]
    except (OSError, ValueError, KeyError):
        return {}
    labels = {}
    for test in tests:
        properties = {entry["name"]: entry["value"] for entry in test.get("properties", [])}
        labels[test["name"]] = (properties.get("LABELS") or ["other"])[0]
    return labels


def read_gtest(folder):
    """GTEST_OUTPUT=json:folder/: {program: [passed, [names of failed], skipped]}. Repeated runs end in _1, _2, ..."""
    programs = {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                suites = json.load(file).get("testsuites", [])
        except ValueError:
            continue  # cut short by a crash; ctest knows that the program failed
        count = programs.setdefault(re.sub(r"(_\d+)?\.json$", "", name), [0, [], 0])
        for suite in suites:
            for case in suite.get("testsuite", []):
                if case.get("failures"):
                    count[1].append(f"{suite['name']}.{case['name']}")
                elif case.get("result") == "COMPLETED":
                    count[0] += 1
                else:
                    count[2] += 1
    return programs


def read_unittest(output):
    """[passed, [names of failed], skipped] from what unittest printed; None when it printed no total. Subtests count as
    the test they belong to."""
    total = re.search(r"^Ran (\d+) tests? in [\d.]+s$(.*)", output, re.M | re.S)
    if total is None:
        return None
    failed = []
    for name in re.findall(r"^(?:FAIL|ERROR): (\w+)(?: |$)", output, re.M):
        if name not in failed:
            failed.append(name)
    skipped = sum(int(count) for count in re.findall(r"^(?:OK|FAILED) .*\bskipped=(\d+)", total.group(2), re.M))
    return [max(0, int(total.group(1)) - len(failed) - skipped), failed, skipped]


def summarize(junit, programs, labels):
    """(lines to print, passed, failed)."""
    cases = collections.defaultdict(lambda: [0, 0, 0])
    failures = []
    for test in junit.iter("testcase"):
        name = test.get("name")
        count = cases[labels.get(name, "other")]
        skip = test.find("skipped")
        if test.get("status") == "disabled" or skip is not None and skip.get("message", "").startswith("SKIP_"):
            count[2] += 1
            continue
        failed = test.get("status") != "run" or test.find("failure") is not None
        counted = programs.get(name) or read_unittest(test.findtext("system-out") or "")
        passed, names, skipped = counted or [0 if failed else 1, [], 0]
        if failed and not names:
            names = ["(the program itself)"]
        count[0] += passed
        count[1] += len(names)
        count[2] += skipped
        failures += [f"FAILED {name} {case}" for case in names]
    lines = []
    for label, (passed, failed, skipped) in sorted(cases.items()):
        lines.append(f"{label:<12} {passed:>6} passed {failed:>6} failed {skipped:>6} skipped")
    totals = [sum(count[i] for count in cases.values()) for i in (0, 1)]
    return lines + failures, totals[0], totals[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", required=True, help="output of ctest --show-only=json-v1")
    parser.add_argument("--junit", required=True, help="output of ctest --output-junit")
    parser.add_argument("--gtest", required=True, help="the folder GTEST_OUTPUT names")
    options = parser.parse_args()
    try:
        junit = xml.etree.ElementTree.parse(options.junit).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        junit = xml.etree.ElementTree.Element("testsuite")
    lines, passed, failed = summarize(junit, read_gtest(options.gtest), read_labels(options.tests))
    for line in lines:
        print(line)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
