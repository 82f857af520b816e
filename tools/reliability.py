#!/usr/bin/env python3
"""RELIABILITY.md from the results of tools/faults.sh: each promise, the tests that try it, what was counted.

    reliability.py RESULTS.jsonl
"""
import collections
import datetime
import json
import pathlib
import sys

PROMISES = {
    "R1": ("SIGKILL loses only the work since the last save; resumed = uninterrupted, bit for bit", "kills, artifact_faults"),
    "R2": ("a save is never half visible", "artifact_faults"),
    "R3": ("leftovers never hang a save", "stage_folder, artifact_faults"),
    "R4": ("disk full, I/O error: a message, exit 4, the old checkpoint loads", "artifact_faults"),
    "R5": ("any damaged byte is found before use", "artifact_faults, stage_folder"),
    "R6": ("USR2, STOP, time limit: save, exit 75 in time, in every stage", "stops, slurm_scripts"),
    "R7": ("a requeue resumes; only that task of an array", "slurm_scripts"),
    "R8": ("a dead or stuck rank ends the job, named, in time", "peers, mpi_communicator"),
    "R9": ("CPU or file work trips no GPU timeout", "nccl_communicator (against the fake)"),
    "R10": ("the same selection for 1-5 ranks; the CUDA twin the same from the same costs", "selection, greedy, exchange, kernels_*"),
    "R11": ("every transport value certified", "transport"),
    "R12": ("a malformed file: exit 2 or 3, no crash", "fuzz_*"),
    "R13": ("an export is the trained adapter and loads in PEFT", "adapter, oracle_peft"),
    "R14": ("token ids equal the original's", "golden_tokenizers"),
    "R15": ("metrics equal scikit-learn's", "metrics_equal_scikit_learn, golden_metrics"),
    "R16": ("every config mistake is found, with its line", "config_mistakes"),
    "R17": ("the log of 10 hours is below 1 MB, without CR", "progress"),
    "R18": ("parallel and serial writers equal", "one serial writer exists; no parallel one to compare with"),
    "R19": ("same config, seed, ranks: same hashes", "pipeline"),
    "R20": ("inputs of another template, tokenizer, model, schema are refused", "pipeline, stage_folder"),
}


def counts(result: dict) -> str:
    shown = {key: value for key, value in result.items() if key not in ("promise", "what")}
    return f"{result['what']}: " + ", ".join(f"{key.replace('_', ' ')} {text(value)}" for key, value in shown.items())


def text(value) -> str:
    return "(" + ", ".join(f"{key} {number}" for key, number in value.items()) + ")" if isinstance(value, dict) else str(value)


def main() -> None:
    results = collections.defaultdict(list)
    for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
        result = json.loads(line)
        results[result["promise"]].append(result)
    print(f"""# Reliability: what is promised, how it was tried, how often

Made by `tools/faults.sh` on {datetime.date.today()}; the tests named here run with every `tools/test.sh`, the counts are of the long campaign.
Two cores, no GPU; NCCL only against a fake of it; Slurm: one node, started by the test; network file systems were never tried.

| | promise | tests |
|---|---|---|""")
    for name, (promise, tests) in PROMISES.items():
        print(f"| {name} | {promise} | {tests} |")
    print("\n## Counted\n")
    for name in PROMISES:
        for result in results[name]:
            print(f"- {name}, {counts(result)}")
    failed = [result["what"] for result in results["failed"]]
    print("\n## Open\n")
    print("\n".join(f"- failed: `{what}`" for what in failed) if failed else "No campaign failed.")


if __name__ == "__main__":
    main()
