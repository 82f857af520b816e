#!/usr/bin/env python3
"""RELIABILITY.md from the results of tools/faults.sh: each promise, the tests that try it, what was counted.

    reliability.py BUILD RESULTS.jsonl   prints the page; fails when a test that it names is not one of BUILD's
    reliability.py BUILD                 only looks for the tests
"""
import collections
import datetime
import fnmatch
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
from campaign import NAME, lines_of, merged  # noqa: E402

# promise, names of CTest that try it, what is to be said beside them
PROMISES = {
    "R1": ("SIGKILL loses only the work since the last save; resumed = uninterrupted, bit for bit", "run_kills artifact_kills pipeline_stops", ""),
    "R2": ("a save is never half visible", "artifact_kills", ""),
    "R3": ("leftovers never hang a save", "leftovers_ranks_*", ""),
    "R4": ("disk full, I/O error: a message, exit 4, the old checkpoint loads", "artifact_io_errors run_full_disk", ""),
    "R5": ("any damaged byte is found before use", "damage kept_artifacts pipeline_artifacts", ""),
    "R6": ("USR2, STOP, time limit: save, exit 75 in time, in every stage", "pipeline_stops stop_request slurm_scripts slurm_program", ""),
    "R7": ("a requeue resumes; only that task of an array", "slurm_scripts slurm_program", ""),
    "R8": ("a dead or stuck rank ends the job, named, in time", "run_peers lost_peers mpi_communicator_ranks_* lost_nccl_peers nccl_communicator_ranks_*",
           "over MPI; over NCCL against a stand-in for it"),
    "R9": ("CPU or file work trips no timeout", "long_work_ranks_* nccl_long_work_ranks_*", "over MPI; over NCCL against a stand-in for it"),
    "R10": ("the same selection for 1-5 ranks; the CUDA twin the same from the same costs", "pipeline_whole_runs selection greedy golden_exchange transport kernels_*",
            "the CUDA kernels in an emulator"),
    "R11": ("every transport value certified", "transport transport_equals_pot", ""),
    "R12": ("a malformed file: exit 2 or 3, no crash", "fuzz_* pipeline_bad_input", ""),
    "R13": ("an export is the trained adapter and loads in PEFT", "adapter oracle_adapter_of_*", "oracle tests: tools/test.sh --oracle"),
    "R14": ("token ids equal the original's", "golden_tokenizers", ""),
    "R15": ("metrics equal scikit-learn's", "metrics_equal_scikit_learn golden_metrics", ""),
    "R16": ("every config mistake is found, with its line", "config_mistakes config_file", ""),
    "R17": ("the log of 10 hours is below 1 MB, without CR", "progress log", ""),
    "R18": ("parallel and serial writers equal", "pipeline_whole_runs",
            "there is one writer, rank 0's, for any number of ranks, so no second one to compare it with; tried: h5diff and content hashes of all files of 1 to 5 "
            "ranks, with more ranks than samples, too"),
    "R19": ("same config, seed, ranks: same hashes", "pipeline_whole_runs", ""),
    "R20": ("inputs of another template, tokenizer, model, schema are refused", "pipeline_refusals damage kept_artifacts", ""),
}
MENDED = """
- R1: a kill between the two calls that give a lease back left an empty one, which nobody cleared away.
- R4: HDF5 writes small data sets when it closes them; a write that failed there went unnoticed (other content, exit code 0), and HDF5's own
  clean-up at exit crashed after a failed close.
- R4: in a run of several ranks MPI_Finalize crashed in HDF5 after a failed write of rank 0 (exit code 139 in place of 4).
- R7: srun may return 0 though the step was never launched, as once after a requeue; the job then counted as done. The job scripts now look at what the
  program left, and launch again.
- R7: the job scripts' awk program did not parse with mawk, so RESUMABLE was never looked for; a job stopped by the user's file STOP was requeued.
- R8: a busy machine made a waiting peer look as lost as the one that was.
- R12: a config that begins with a comma was read for ever, into ever more memory; a config that is not UTF-8 was accepted and could not be printed so that it reads back.
- R12: a token's id of 10^24 in tokenizer.json was converted to an integer, which is undefined; one of 2^32 became 0. Refused now.
"""
# what a campaign found that is still among the results, by its name there
MENDED_SINCE: dict[str, str] = {}
NEEDS_NCCL = "*nccl*"  # tests that are not built where NCCL's header is missing
# of a line of results: not shown as counts
HIDDEN = (*NAME, "promise", "seconds", "commit", "failures")


def missing_tests(build: str) -> list[str]:
    listed = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, check=True).stdout
    known = [test["name"] for test in json.loads(listed)["tests"]]
    has_nccl = bool(fnmatch.filter(known, NEEDS_NCCL))
    return [f"{promise}: no test {name}" for promise, (_, tests, _) in PROMISES.items() for name in tests.split()
            if not fnmatch.filter(known, name) and (has_nccl or not fnmatch.fnmatch(name, NEEDS_NCCL))]


def in_words(key: str, value) -> str:
    """`kills`, {"embed": 2, "grads": 3} -> "5 kills (embed 2, grads 3)"; `latest_seconds_to_the_end`, 3.5 -> "at most 3.5 seconds to the end"."""
    is_largest = key.startswith("latest_")
    parts = f" ({', '.join(f'{name} {number:,}' for name, number in sorted(value.items()))})" if isinstance(value, dict) else ""
    whole = (max if is_largest else sum)(value.values()) if isinstance(value, dict) else value
    return f"{'at most ' if is_largest else ''}{whole:,} {key.removeprefix('latest_').replace('_', ' ')}{parts}"


def counted(result: dict, of_several_builds: bool) -> str:
    where = f" (`{result['config']}`, {result['ranks']} ranks)" if "ranks" in result else ""
    counts = ", ".join(in_words(key, value) for key, value in result.items() if key not in HIDDEN and value not in ({}, 0))
    failures = len(result.get("failures", []))
    build = f" [{', '.join(result['commit'])}]" if of_several_builds and "commit" in result else ""
    return f"{result['what']}{where}{build}" + (f": {counts}" if counts else "") + (f"; **{failures} failures**" if failures else "")


def page(results: list[dict]) -> str:
    by_promise = collections.defaultdict(list)
    for result in results:
        by_promise[result["promise"]].append(result)
    hours = sum(result.get("seconds", 0) for result in results) / 3600
    commits = sorted({commit for result in results for commit in result.get("commit", [])})
    built = f"all with one build of the program, of commit {commits[0]}" if len(commits) == 1 else f"with builds of the commits {', '.join(commits)}, which a line names"
    lines = [f"""# Reliability: what is promised, how it was tried, how often

Made on {datetime.date.today()} from what `tools/faults.sh` and its campaigns, run in pieces, counted in {hours:.1f} hours on one or two cores,
{built}. The tests named here run with every `tools/test.sh`, those of the oracles with its `--oracle`. No GPU; Slurm: one node, started by the test; network file systems were never tried.
Settings behind a config's name make it smaller.

| | promise | tests | |
|---|---|---|---|"""]
    lines += [f"| {name} | {promise} | {tests} | {said} |" for name, (promise, tests, said) in PROMISES.items()]
    lines += ["", "## Counted", ""]
    lines += [f"- {name}, {counted(result, len(commits) > 1)}" for name in PROMISES for result in by_promise[name]]
    failures = [(result["what"], failure) for result in results for failure in result.get("failures", [])]
    mended = [f"- {MENDED_SINCE[what]}" for what, _ in failures if what in MENDED_SINCE]
    lines += ["", "## Failures", "", "Found by these tests and campaigns while they were written, and mended:", MENDED, "Found by the campaigns counted above, mended since:", "", *(mended or ["- none"]), "",
              "Found by the campaigns counted above, open:", ""]
    lines += [f"- {what}: {failure.splitlines()[0]}" for what, failure in failures if what not in MENDED_SINCE] or ["- none"]
    return "\n".join(lines)


def main() -> None:
    build, *results = sys.argv[1:]
    if missing := missing_tests(build):
        sys.exit("\n".join(missing))
    if results:
        print(page(merged(lines_of(pathlib.Path(results[0])))))


if __name__ == "__main__":
    main()
