"""A peer that dies, stops, leaves or gets out of step ends the job, is named, in time; one that is at work does not.

    peer_faults.py MPIRUN BUILD_FOLDER/lose_a_peer [MPIRUN_FLAG...]
    peer_faults.py MPIRUN BUILD_FOLDER/lose_a_nccl_peer [MPIRUN_FLAG...]
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

DEADLINE = 5.0  # seconds; a peer that is asked every fifth of it must get to answer on a busy machine
LATEST = 5 * DEADLINE + 30  # what starting MPI and ending a frozen process take on a busy machine comes on top
RANKS = 3
NUMERIC, PEER_FAILED = 5, 6

# how the peer is lost -> exit code of mpirun (None: not 0, mpirun itself has noticed first), what is said
OVER_MPI = {
    "absent": (PEER_FAILED, r"rank [02]: waited \d+ s in 'the middle' for rank .*1.*, which does not answer"),
    "stopped": (PEER_FAILED, r"rank [02]: waited \d+ s in 'the middle' for rank .*1.*, which does not answer"),
    "elsewhere": (PEER_FAILED, r"rank [02]: waited \d+ s in 'the middle', exchange 2 of this rank, while the others wait elsewhere: "
                               r".*rank 1 in 'receive from rank 0' \(2\)|rank 1: waited \d+ s in 'receive from rank 0', exchange 2 "),
    "out_of_step": (PEER_FAILED, r"rank \d: MPI_Test: |rank \d: waited "),
    "killed": (None, r"signal 9|Killed"),
    "exits": (None, r"exit|finalize"),
    "works": (0, None),
    "stopped_at_gather": (PEER_FAILED, r"rank [02]: waited \d+ s in 'gather of layer 7' for rank .*1.*, which does not answer"),
    "fails_at_gather": (NUMERIC, r"rank 1: a loss is not finite"),
}
# NCCL cannot say who is missing once all have met; that is said by who waits, with phase and call
OVER_NCCL = {
    "stopped": (PEER_FAILED, r"rank [02]: waited \d+ s in 'all-reduce' for rank .*1.*, which does not answer"),
    "stopped_inside": (PEER_FAILED, r"rank [02]: rank [02] waited \d+ s in 'all-reduce' for ncclGroupEnd \(run.deadline_seconds\)"),
    "killed_inside": (None, r"signal 9|Killed"),
    "stopped_beside": (PEER_FAILED, r"rank [02]: rank [02] waited \d+ s in 'beside work' for ncclGroupEnd \(run.deadline_seconds\)"),
    "stopped_before_gather": (PEER_FAILED, r"rank [02]: waited \d+ s in 'gather of layer 7' for rank .*1.*, which does not answer"),
    "stopped_in_gather": (PEER_FAILED, r"rank [02]: rank [02] waited \d+ s in 'gather of layer 7' for ncclAllGather \(run.deadline_seconds\)"),
}
CASES = {"lose_a_peer": OVER_MPI, "lose_a_nccl_peer": OVER_NCCL}
# at once: they wait nearly all of their time; but ranks that have to answer in time must get to it, and they do over MPI
JOBS = {"lose_a_peer": 1, "lose_a_nccl_peer": 3}


def check(mpirun: str, program: str, flags: list[str], how: str) -> list[str]:
    begin = time.monotonic()
    command = [mpirun, "-n", str(RANKS), *flags, program, str(DEADLINE), how]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=90, env=dict(os.environ, LC_ALL="C"), check=False)
    except subprocess.TimeoutExpired:
        return [f"{how}: hangs"]
    seconds, output = time.monotonic() - begin, run.stdout + run.stderr
    code, said = CASES[pathlib.Path(program).name][how]
    wrong = []
    if code is not None and run.returncode != code:
        wrong.append(f"exit code {run.returncode}, expected {code}")
    if code is None and run.returncode == 0:
        wrong.append("exit code 0, expected a failure")
    if said and not re.search(said, output):
        wrong.append(f"nothing like '{said}' was said")
    if how != "works" and seconds > LATEST:
        wrong.append(f"took {seconds:.1f} s, at most {LATEST:.0f} s")
    print(f"{how:21} exit code {run.returncode}, {seconds:.1f} s")
    return [f"{how}: {text}\n{output}" for text in wrong]


def main() -> None:
    mpirun, program, *flags = sys.argv[1:]
    name = pathlib.Path(program).name
    with concurrent.futures.ThreadPoolExecutor(JOBS[name]) as pool:
        wrong = [text for texts in pool.map(lambda how: check(mpirun, program, flags, how), CASES[name]) for text in texts]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
