#!/usr/bin/env python3
"""Kills and I/O errors in the middle of saving and sealing: what is left must be the old state or the new one.

    test_artifact_faults.py BUILD_TESTS_FOLDER kills       dies at every crash point, and before every system call on the stage's files
    test_artifact_faults.py BUILD_TESTS_FOLDER io_errors   every such call fails, alone or with all after it, by EIO and by ENOSPC
    test_artifact_faults.py BUILD_TESTS_FOLDER jobs        several jobs want the same stage, and one is killed
"""
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

DONE, IO_ERROR, KILLED = 0, 4, -9
MOST_CALLS = 2000
PATIENCE = 60  # seconds
FAILING = "open,write,fsync,rename,mkdir,truncate,close"


class Stage:
    """One run of artifact_work in a folder of its own."""

    def __init__(self, programs: pathlib.Path, work: pathlib.Path):
        self.program, self.shim, self.work = programs / "artifact_work", programs / "libfail_io.so", work

    def run(self, **environment: str) -> tuple[int, list[str], str]:
        ended = subprocess.run([self.program, self.work], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60)
        return ended.returncode, ended.stdout.splitlines(), ended.stderr

    def run_failing(self, calls: str, at: int, what: str) -> tuple[int, list[str], str, int]:
        """The same with how many such calls there were."""
        counted = self.work.with_name("calls")
        counted.write_text(str(at))
        result = self.run(LD_PRELOAD=str(self.shim), GORACS_FAIL_BELOW=str(self.work), GORACS_FAIL_IO=f"{calls}:{at}:{what}",
                          GORACS_FAIL_COUNT=str(counted))
        return *result, int(counted.read_text())

    def forget(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)


def steps_saved(lines: list[str]) -> int:
    return max((int(line.split()[1]) for line in lines if line.startswith("saved ")), default=0)


def check_next_run(stage: Stage, before: list[str], content: str, where: str) -> str:
    """The run after the fault ends well, with the same content, and goes on from the last state that was said to be saved, or a later one."""
    code, lines, errors = stage.run()
    assert code == DONE, f"{where}: the next run ended with {code}: {errors}"
    assert lines[-1] == content, f"{where}: the next run has other content: {lines}"
    if any(line.startswith("sealed") for line in before):
        assert len(lines) == 1, f"{where}: a sealed folder was made again: {lines}"
    leftovers = [str(path) for path in stage.work.rglob("*") if ".tmp-" in path.name or path.name in ("checkpoints",) or ".lease" in path.name]
    assert not leftovers, f"{where}: left behind: {leftovers}"
    if len(lines) == 1:
        return "sealed"
    resumed = 0 if lines[0] == "fresh" else int(lines[0].split()[1])
    assert resumed >= steps_saved(before), f"{where}: {steps_saved(before)} steps were saved, {resumed} were found"
    assert resumed <= steps_saved(before) + 1, f"{where}: {resumed} steps found, {steps_saved(before)} were saved"
    return f"resumed {resumed}"


def until_it_passes(run, content: str, stage: Stage, name: str, accepts) -> int:
    """Lets the 1st, 2nd, ... pass fail until there are no more; prints and returns how many did. A fault that did no harm (a close of a file
    that was only read) may go unnoticed: then the artifact is whole."""
    found = collections.Counter()
    for at in range(1, MOST_CALLS):
        stage.forget()
        code, lines, errors, passes = run(at)
        where = f"{name} {at}"
        if code == DONE:
            assert lines[-1] == content, f"{where}: {lines}"
            if passes < at:
                print(f"{name}: {at - 1} faults, then it passed; the next run found: {dict(sorted(found.items()))}", flush=True)
                return at - 1
        else:
            assert accepts(code, errors), f"{where}: exit {code}: {errors}"
        found[check_next_run(stage, lines, content, where) + (" after no harm" if code == DONE else "")] += 1
    raise AssertionError(f"{name}: never passes")


def kills(stage: Stage, content: str) -> None:
    def is_killed(code: int, _: str) -> bool:
        return code == KILLED

    points = until_it_passes(lambda at: (*stage.run(GORACS_CRASH_AT=f"commit:{at}"), 0), content, stage, "R2 SIGKILL at crash point", is_killed)
    calls = until_it_passes(lambda at: stage.run_failing("all", at, "KILL"), content, stage, "R2 SIGKILL before system call", is_killed)
    assert points >= 10 and calls >= 50, f"only {points} points and {calls} calls: is the shim loaded?"


def io_errors(stage: Stage, content: str) -> None:
    total = 0
    for what, words in (("EIO1", "Input/output error"), ("EIO", "Input/output error"), ("ENOSPC", "No space left on device")):

        def is_io_error(code: int, errors: str, words: str = words) -> bool:
            return code == IO_ERROR and words in errors and str(stage.work) in errors

        total += until_it_passes(lambda at, what=what: stage.run_failing(FAILING, at, what), content, stage, f"R4 {what} at system call",
                                 is_io_error)
    print(f"R4: {total} failing calls in all: a message with the file and exit 4 (or, of a close that lost nothing, no harm), the old state loaded")
    assert total >= 150, "is the shim loaded?"


def jobs(stage: Stage, content: str) -> None:
    """Several jobs at once: one computes, the others find it; when one is killed the next goes on from what it saved. Only the first job is killed: in
    every other round all start together and whoever is first computes, in the others the first job has the lease before the others start."""
    rounds, together = 12, 3
    computed = killed = 0
    for at in range(1, rounds + 1):
        stage.forget()
        start = time.monotonic()
        crash = {"GORACS_CRASH_AT": f"commit:{2 * at}"}  # every other point of the first job
        running = []
        for k in range(together):
            running.append(subprocess.Popen([stage.program, stage.work], env={**os.environ, **(crash if k == 0 else {})}, text=True,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE))
            while k == 0 and at % 2 == 0 and running[0].poll() is None and not list(stage.work.glob("*.lease")):
                time.sleep(0.001)
        ended = [(*job.communicate(timeout=60), job.returncode) for job in running]
        for lines, errors, code in ended:
            assert code == DONE and lines.splitlines()[-1] == content or code == KILLED, f"round {at}: exit {code}: {lines}{errors}"
        died = [lines for lines, _, code in ended if code == KILLED]
        worked = [lines for lines, _, code in ended if code == DONE and len(lines.splitlines()) > 1]
        assert len(died) <= 1 and len(worked) <= 1, f"round {at}: computed twice: {ended}"
        assert time.monotonic() - start < PATIENCE
        computed, killed = computed + len(worked), killed + len(died)
    print(f"{rounds} times {together} jobs at once: computed {computed} times and {killed} killed at it, never two at a time")
    assert killed >= rounds // 2, "the first job was not the one that computed"


def main() -> None:
    programs, campaign = pathlib.Path(sys.argv[1]), {"kills": kills, "io_errors": io_errors, "jobs": jobs}[sys.argv[2]]
    with tempfile.TemporaryDirectory(prefix="goracs-faults-") as folder:
        stage = Stage(programs, pathlib.Path(folder) / "work")
        code, lines, errors = stage.run()
        assert code == DONE, errors
        campaign(stage, lines[-1])


if __name__ == "__main__":
    main()
