#!/usr/bin/env python3
"""Plays goracs for the tests of slurm/: steps of work that are saved, a clean stop on SIGUSR2, and what lib.sh asks the program.

Settings come as --set key=value: steps (20), seconds (0.1 a step), work_dir, run.name, fail_at (all ranks leave with 3 at this step),
kill_at (rank 1 kills itself with SIGKILL at this step, in the first start only), stuck=1 (every start stops where it began), deaf=1 (USR2 is ignored).
"""
import json
import os
import pathlib
import signal
import sys
import time

POINTS = 3


def main() -> int:
    verb, settings, flags = sys.argv[1], {}, set(sys.argv[2:])
    for before, after in zip(sys.argv[1:], sys.argv[2:]):
        if before == "--set":
            key, _, value = after.partition("=")
            settings[key] = value
        if before == "--index":
            settings["index"] = after
    work = pathlib.Path(settings.get("work_dir", "work"))
    points = [int(settings["index"])] if "index" in settings else range(POINTS)
    names = {k: settings.get("run.name", "stub") + f"-{k}" for k in points}
    if verb == "sweep" and "--list" in flags:
        for k in points:
            print(json.dumps({"index": k, "run_folder": str(work / "runs" / names[k])}))
        return 0
    name = names[points[0]] if verb == "sweep" else settings.get("run.name", "stub")
    if "--print-config" in flags:
        print(f'task: seqrec  # a.yaml:1\nwork_dir: {work}  # --set\nrun:\n  name: "{name}"  # --set\n  threads: auto  # default\ndata:\n  name: other')
        return 0
    if verb in ("embed", "grads", "report"):
        name = verb
    return work_on(work / "runs" / name, verb, settings)


def work_on(folder: pathlib.Path, verb: str, settings: dict[str, str]) -> int:
    rank = int(os.environ.get("OMPI_COMM_WORLD_RANK", os.environ.get("SLURM_PROCID", "0")))
    ranks = int(os.environ.get("OMPI_COMM_WORLD_SIZE", os.environ.get("SLURM_NTASKS", "1")))
    stopped = []
    if settings.get("deaf") != "1":
        signal.signal(signal.SIGUSR2, lambda *_: stopped.append(True))
    folder.mkdir(parents=True, exist_ok=True)
    restart = int(os.environ.get("SLURM_RESTART_COUNT") or 0)
    (folder / f"ready-{restart}-{rank}").touch()
    saved = folder / f"step-{rank}"
    step = int(saved.read_text()) if saved.exists() else 0
    with open(folder / "log", "a") as log:
        log.write(f"start {verb} rank {rank} of {ranks} step {step} restart {restart} time {time.time():.2f} end {os.environ.get('SLURM_JOB_END_TIME')}\n")
    while step < int(settings.get("steps", 20)) and not stopped:
        time.sleep(float(settings.get("seconds", 0.1)))
        if settings.get("stuck") != "1":
            step += 1
        if settings.get("fail_at") == str(step):
            return 3
        if settings.get("kill_at") == str(step) and rank == 1 and restart == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        temporary = folder / f"step-{rank}.tmp"
        temporary.write_text(str(step))
        temporary.rename(saved)
    if not stopped:
        with open(folder / "log", "a") as log:
            log.write(f"done {verb} rank {rank} time {time.time():.2f}\n")
        (folder / "RESUMABLE").unlink(missing_ok=True)
        (folder / "summary.json").touch()
        return 0
    (folder / f"stopped-{restart}-{rank}").touch()
    if rank > 0:
        return 0
    for other in range(ranks):  # the last barrier
        while not (folder / f"stopped-{restart}-{other}").exists():
            time.sleep(0.02)
    (folder / "RESUMABLE").write_text(f"stage stub\nstep {step}\nby signal USR2\n")
    time.sleep(0.3)
    return 75


if __name__ == "__main__":
    sys.exit(main())
