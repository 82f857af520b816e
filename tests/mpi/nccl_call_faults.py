"""A call of NCCL or the CUDA runtime that fails on one rank, whichever it is, ends the job in time with a line that names rank, phase and call. On
the fakes of both libraries.

    nccl_call_faults.py MPIRUN FAIL_A_NCCL_CALL [MPIRUN_FLAG...]
"""
import os
import re
import subprocess
import sys
import time

DEADLINE = 3.0  # seconds
LATEST = 5 * DEADLINE + 30  # what starting MPI and ending a process take on a busy machine comes on top
RANKS = 2
NO_GPU, IO_FAILED, PEER_FAILED = 2, 4, 6

POLLED = {"ncclCommGetAsyncError", "cudaStreamQuery"}
# what goes wrong while things are given back is not reported
NOT_REPORTED = {"cudaFree", "ncclCommFinalize", "ncclCommDestroy", "cudaGetLastError"}
# before there is a phase
TAKES_A_GPU = {"cudaGetDeviceCount", "cudaDeviceGetPCIBusId", "cudaSetDevice"}


def run(mpirun: str, program: str, flags: list[str], nth: int) -> tuple[int, str, float]:
    begin = time.monotonic()
    command = [mpirun, "-n", str(RANKS), *flags, program, str(DEADLINE), str(nth)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, env=dict(os.environ, LC_ALL="C"), check=False)
    except subprocess.TimeoutExpired:
        sys.exit(f"call {nth}: hangs")
    return done.returncode, done.stdout + done.stderr, time.monotonic() - begin


def wrong_with_call(call: str, code: int, output: str) -> str:
    if call in NOT_REPORTED:
        return "" if code == 0 else "expected to go unnoticed"
    if call == "cudaSetDevice":
        return "" if code == NO_GPU and re.search(r"rank 1: GPU 1 cannot be used", output) else "expected: GPU 1 cannot be used"
    if call in TAKES_A_GPU:
        return "" if code == IO_FAILED and re.search(rf"rank 1: .*{call}", output) else f"expected rank and {call}"
    expected = PEER_FAILED if call.startswith("nccl") else IO_FAILED
    if code != expected:
        return f"expected exit code {expected}"
    return "" if re.search(rf"rank 1 in '[^']+': .*{call}", output) else f"expected rank, phase and {call}"


def main() -> None:
    mpirun, program, *flags = sys.argv[1:]
    code, output, _ = run(mpirun, program, flags, 0)
    calls = [line.split()[1] for line in output.splitlines() if re.fullmatch(r"call \w+", line)]
    calls = [call for call in calls if call not in POLLED]
    if code != 0 or len(calls) < 20:
        sys.exit(f"does not work: exit code {code}\n{output}")
    wrong = []
    for n, call in enumerate(calls, 1):
        if call in NOT_REPORTED and call in calls[:n - 1]:
            continue  # one of them is enough
        code, output, seconds = run(mpirun, program, flags, n)
        print(f"call {n:2} {call:24} exit code {code}, {seconds:.1f} s")
        if text := wrong_with_call(call, code, output) or ("took too long" if seconds > LATEST else ""):
            wrong.append(f"call {n}, {call}: {text}\n{output}")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
