#!/usr/bin/env python3
"""Seconds of each CTest label, from the report tests.xml that ctest --output-junit wrote (which names no labels).

    test_seconds.py BUILD_DIR
"""
import collections
import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as xml


def labels_of_tests(build: pathlib.Path) -> dict[str, list[str]]:
    listing = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"], capture_output=True, text=True, check=True).stdout
    return {test["name"]: next((p["value"] for p in test.get("properties", []) if p["name"] == "LABELS"), [])
            for test in json.loads(listing)["tests"]}


def main() -> None:
    build = pathlib.Path(sys.argv[1])
    seconds, count, slowest, labels = collections.Counter(), collections.Counter(), [], labels_of_tests(build)
    for case in xml.parse(build / "tests.xml").iter("testcase"):
        took = float(case.get("time") or 0)
        slowest.append((took, case.get("name")))
        for label in labels.get(case.get("name")) or ["none"]:
            seconds[label] += took
            count[label] += 1
    print(f"\n{'label':<16} {'tests':>5} {'seconds':>8}")
    for label, took in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"{label:<16} {count[label]:>5} {took:>8.1f}")
    print("slowest: " + ", ".join(f"{name} {took:.1f} s" for took, name in sorted(slowest, reverse=True)[:8]) + "\n")


if __name__ == "__main__":
    main()
