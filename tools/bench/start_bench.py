"""Seconds from start to end of the commands that should answer at once; median of five; one JSON object a line.

    start_bench.py GORACS CONFIG
"""
import json
import statistics
import subprocess
import sys
import time

REPEATS, LIMIT = 5, 0.5


def seconds(command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main():
    program, config = sys.argv[1:]
    for words in (["--help"], ["--version"], ["validate", "--config", config]):
        median = statistics.median(seconds([program, *words]) for _ in range(REPEATS))
        print(json.dumps(dict(name="start " + words[0], ours=round(median, 3), peer=LIMIT, peer_name="limit on an idle machine", unit="s",
                              ratio=round(LIMIT / median, 2))), flush=True)


if __name__ == "__main__":
    main()
