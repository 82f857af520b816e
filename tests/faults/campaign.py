"""Campaigns of faults that can be run in pieces: a piece knows what earlier ones counted and adds one line of JSON to the same results.

A line: what was tried (promise, what, config, ranks), how often, in how many seconds, by which build, and what failed.
"""
import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import time

from program_run import PROGRAM, Undisturbed, undisturbed

NAME = ("promise", "what", "config", "ranks")  # what the lines of one campaign have in common
SHORT = 20  # seconds of a run
MOST_FAILURES = 3  # of one piece: then something is wrong at large


def added(one, other):
    """Two counts of the same thing: numbers are added up, lists joined."""
    if isinstance(one, dict):
        return {key: added(one[key], other[key]) if key in one and key in other else one.get(key, other.get(key)) for key in one | other}
    return one + [entry for entry in other if entry not in one] if isinstance(one, list) else one + other


def largest(one, other):
    return {key: max(one.get(key, 0), other.get(key, 0)) for key in one | other} if isinstance(one, dict) else max(one, other)


def merged(lines: list[dict]) -> list[dict]:
    """One line for each campaign. What is called latest_... is a largest value, everything else a count."""
    campaigns: dict[tuple, dict] = {}
    for line in lines:
        name = tuple(line.get(key) for key in NAME)
        before = campaigns.get(name, {})
        campaigns[name] = line if not before else {
            key: line.get(key, before.get(key)) if key in NAME or key not in line or key not in before
            else largest(before[key], line[key]) if key.startswith("latest") else added(before[key], line[key]) for key in before | line}
    return list(campaigns.values())


def lines_of(results: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []


def commit_of_program() -> str:
    said = subprocess.run([str(PROGRAM), "--version"], capture_output=True, text=True, check=True).stdout
    return said.partition("(git ")[2].split(")")[0] or "unknown"


class Piece:
    """One piece of a campaign: `with piece.attempt():` around each try; `end` writes the line."""

    def __init__(self, options: argparse.Namespace, **name):
        if "config" in name:
            name["config"] = " ".join([name["config"], *options.set])
        self.name, self.results, self.failures, self.begin = name, options.results, [], time.monotonic()
        self.most_seconds = options.seconds
        self.before = next((line for line in merged(lines_of(options.results) if options.results else [])
                            if all(line.get(key) == value for key, value in name.items())), {})

    def undisturbed(self, config: str, ranks: int, settings: tuple[str, ...]) -> Undisturbed:
        """One run of these settings. A long one is kept beside the results for later pieces of any campaign with the same build; short ones differ
        too much in speed, and are quick to do again."""
        key = [commit_of_program(), config, ranks, *settings]
        kept = self.results.with_name(self.results.name + ".undisturbed") if self.results else None
        for line in lines_of(kept) if kept else []:
            if line["of"] == key:
                return Undisturbed(*line["run"])
        run = undisturbed(config, ranks, settings)
        if kept and run.seconds > SHORT:
            with open(kept, "a") as file:
                file.write(json.dumps({"of": key, "run": run}) + "\n")
        return run

    def goes_on(self) -> bool:
        return time.monotonic() - self.begin < self.most_seconds and len(self.failures) < MOST_FAILURES

    @contextlib.contextmanager
    def attempt(self):
        try:
            yield
        except AssertionError as failure:
            print(failure, file=sys.stderr)
            self.failures.append(str(failure)[:4000])

    def end(self, **counts) -> None:
        line = json.dumps(self.name | counts | {"seconds": round(time.monotonic() - self.begin), "commit": [commit_of_program()], "failures": self.failures})
        print(line)
        if self.results:
            with open(self.results, "a") as file:
                file.write(line + "\n")
        sys.exit(1 if self.failures else 0)


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=pathlib.Path, help="adds up over pieces: earlier lines count, one more is added")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of this piece")
    parser.add_argument("--config", default="configs/test_tiny.yaml")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    return parser
