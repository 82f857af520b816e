"""A call of NCCL or the CUDA runtime that fails on one rank, whichever it is, ends the job in time with a line that names rank, phase and call. On
the fakes of both libraries.

    nccl_call_faults.py MPIRUN FAIL_A_NCCL_CALL [MPIRUN_FLAG...]
"""
import concurrent.futures
import dataclasses
import os
import re
import subprocess
import sys
import time

DEADLINE = 3.0  # seconds
LATEST = 5 * DEADLINE + 30  # what starting MPI and ending a process take on a busy machine comes on top
JOBS = 3  # at once: nearly all of their time they wait
NO_GPU, IO_FAILED, PEER_FAILED = 2, 4, 6

POLLED = {"ncclCommGetAsyncError", "cudaStreamQuery"}
# what goes wrong while things are given back is not reported
NOT_REPORTED = {"cudaFree", "ncclCommFinalize", "ncclCommDestroy", "cudaStreamDestroy", "cudaGetLastError"}
# as often as memory is asked for, and as often again
COPIES = {"cudaMemcpyAsync", "cudaStreamSynchronize"}
# before there is a phase
TAKES_A_GPU = {"cudaGetDeviceCount", "cudaDeviceGetPCIBusId", "cudaSetDevice"}


@dataclasses.dataclass
class Job:
    """So many ranks, of which one fails."""
    command: list[str]
    fails: int

    def run(self, nth: int) -> tuple[int, str, float]:
        begin = time.monotonic()
        try:
            done = subprocess.run([*self.command, str(DEADLINE), str(self.fails), str(nth)], capture_output=True, text=True, timeout=90,
                                  env=dict(os.environ, LC_ALL="C"), check=False)
        except subprocess.TimeoutExpired:
            sys.exit(f"call {nth}: hangs")
        return done.returncode, done.stdout + done.stderr, time.monotonic() - begin

    def calls(self) -> list[str]:
        """Those of the rank that is to fail, when none fails."""
        code, output, _ = self.run(0)
        calls = [line.split()[1] for line in output.splitlines() if re.fullmatch(r"call \w+", line)]
        calls = [call for call in calls if call not in POLLED]
        if code != 0 or len(calls) < 20:
            sys.exit(f"does not work: exit code {code}\n{output}")
        return calls

    def wrong_with_call(self, call: str, code: int, output: str) -> str:
        if call in NOT_REPORTED:
            return "" if code == 0 else "expected to go unnoticed"
        rank = f"rank {self.fails}"
        if call == "cudaSetDevice":
            said = rf"GPU {self.fails} cannot be used"
            return "" if code == NO_GPU and re.search(said, output) else f"expected: {said}"
        if call in TAKES_A_GPU:
            return "" if code == IO_FAILED and re.search(rf"{rank}: .*{call}", output) else f"expected rank and {call}"
        expected = PEER_FAILED if call.startswith("nccl") else IO_FAILED
        if code != expected:
            return f"expected exit code {expected}"
        return "" if re.search(rf"{rank} in '[^']+': .*{call}", output) else f"expected rank, phase and {call}"

    def wrong_with(self, n: int, call: str) -> str:
        code, output, seconds = self.run(n)
        print(f"rank {self.fails}, call {n:2} {call:24} exit code {code}, {seconds:.1f} s", flush=True)
        text = self.wrong_with_call(call, code, output) or ("took too long" if seconds > LATEST else "")
        return text and f"rank {self.fails}, call {n}, {call}: {text}\n{output}"


def main() -> None:
    mpirun, program, *flags = sys.argv[1:]
    wrong = []
    # all calls of one of two; of three, those of rank 0 alone, and memory wherever it is asked for
    for ranks, fails, chosen in ((2, 1, ""), (3, 0, "ncclGetUniqueId"), (3, 2, "cudaMalloc")):
        job = Job([mpirun, "-n", str(ranks), *flags, program], fails)
        calls, chosen_calls = job.calls(), []
        for n, call in enumerate(calls, 1):
            enough = 1 if call in NOT_REPORTED else 2 if call in COPIES else len(calls)
            if calls[:n - 1].count(call) >= enough or not call.startswith(chosen):
                continue
            chosen_calls.append((n, call))
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            wrong += pool.map(lambda chosen_call, job=job: job.wrong_with(*chosen_call), chosen_calls)
    if any(wrong):
        sys.exit("\n".join(text for text in wrong if text))


if __name__ == "__main__":
    main()
