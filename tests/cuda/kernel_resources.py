"""A kernel that spills fails the build; one that does not compiles; and no kernel of ours spills or has a stack.

    kernel_resources.py KERNEL.PY NVCC REPORT...
"""
import pathlib
import re
import subprocess
import sys
import tempfile

# 1024 threads a block leave 64 registers each: 160 live values do not fit
SPILLING = """
namespace {{
__global__ void __launch_bounds__({threads}) many_values(const float* in, float* out) {{
  float value[160];
#pragma unroll
  for (int k = 0; k < 160; ++k) value[k] = in[k * 1024 + threadIdx.x];
  __syncthreads();
#pragma unroll
  for (int k = 0; k < 160; ++k) out[k * 1024 + threadIdx.x] = value[159 - k] * value[k];
}}
}}
void run(const float* in, float* out) {{ many_values<<<1, {threads}>>>(in, out); }}
"""


def compiles(kernel_py: str, nvcc: str, folder: pathlib.Path, threads: int, *options: str) -> tuple[bool, str]:
    source = folder / "many_values.cu"
    source.write_text(SPILLING.format(threads=threads), encoding="utf-8")
    report = folder / "report"
    run = subprocess.run([sys.executable, kernel_py, "compile", str(report), nvcc, "-std=c++20", "-arch=sm_80", "-Xptxas", "-v", *options, "-c",
                          str(source), "-o", str(folder / "many_values.o")], capture_output=True, text=True, check=False)
    return run.returncode == 0 and report.exists(), run.stdout + run.stderr


def main() -> None:
    kernel_py, nvcc, *reports = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        fits, said = compiles(kernel_py, nvcc, folder, 128)
        if not fits:
            sys.exit(f"a kernel that fits its registers does not compile:\n{said}")
        spills, said = compiles(kernel_py, nvcc, folder, 1024)
        if spills or "many_values (sm_80)" not in said:
            sys.exit(f"a kernel that spills has passed:\n{said}")
    table = subprocess.run([sys.executable, kernel_py, "table", *reports], capture_output=True, text=True, check=True).stdout
    print(table)
    rows = [line.split() for line in table.splitlines()[1:]]
    if not rows:
        sys.exit("no kernel has a report")
    for row in rows:
        if not re.fullmatch(r"[1-9]\d*", row[-4]) or row[-3:-1] != ["0", "0"]:
            sys.exit(f"spills, a stack, or no registers: {' '.join(row)}")


if __name__ == "__main__":
    main()
