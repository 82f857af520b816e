#!/usr/bin/env python3
"""Seconds of each CTest label, from the report that ctest --output-junit wrote.

    test_seconds.py tests.xml
"""
import collections
import sys
import xml.etree.ElementTree as xml


def main() -> None:
    seconds, count, slowest = collections.Counter(), collections.Counter(), []
    for case in xml.parse(sys.argv[1]).iter("testcase"):
        labels = next((p.get("value") for p in case.iter("property") if p.get("name") == "cmake_labels"), None)
        took = float(case.get("time") or 0)
        slowest.append((took, case.get("name")))
        for label in (labels or "none").split(";"):
            seconds[label] += took
            count[label] += 1
    print(f"\n{'label':<16} {'tests':>5} {'seconds':>8}")
    for label, took in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"{label:<16} {count[label]:>5} {took:>8.1f}")
    print("slowest: " + ", ".join(f"{name} {took:.1f} s" for took, name in sorted(slowest, reverse=True)[:8]) + "\n")


if __name__ == "__main__":
    main()
