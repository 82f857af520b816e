#!/usr/bin/env python3
"""Writes tests/data/tiny/tiny.{inter,item}: invented ratings in RecBole's atomic form, for tests of whole runs.

160 items, 140 users with 4 to 9 ratings, so one sample, each; ratings follow a hidden taste, so both classes occur. Usage: make_tiny.py FOLDER
"""
import random
import sys

ADJECTIVES = "Red Blue Quiet Lost Iron Small Last Bright".split()
NOUNS = "River Tower Garden Road Winter Song Harbor Engine Mirror Forest".split()
PLACES = ["", " of Rome"]


def main(folder: str) -> None:
    rng = random.Random(7)
    titles = [f"{a} {n}{p}" for a in ADJECTIVES for n in NOUNS for p in PLACES]
    with open(f"{folder}/tiny.item", "w", encoding="utf-8") as out:
        out.write("item_id:token\tmovie_title:token_seq\n")
        for item, title in enumerate(titles, start=1):
            out.write(f"{item}\t{title}\n")
    time = 1_000_000
    rows = []
    for user in range(1, 141):
        taste = rng.choice(ADJECTIVES)
        for item in rng.sample(range(1, len(titles) + 1), rng.randint(4, 9)):
            likes = titles[item - 1].startswith(taste) or rng.random() < 0.45
            rows.append((user, item, rng.randint(4, 5) if likes else rng.randint(1, 3), time + rng.randint(0, 100_000)))
    with open(f"{folder}/tiny.inter", "w", encoding="utf-8") as out:
        out.write("user_id:token\titem_id:token\trating:float\ttimestamp:float\n")
        for row in rows:
            out.write("\t".join(map(str, row)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
