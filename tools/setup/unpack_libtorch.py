#!/usr/bin/env python3
"""Takes LibTorch out of wheels.

    unpack_libtorch.py cpu WHEELS OUT    headers, CMake files, libtorch_cpu, libc10, libgomp, and the CUDA runtime that libtorch_cpu wants
    unpack_libtorch.py cuda WHEELS OUT   what a program for CUDA needs besides: libtorch_cuda, and NVIDIA's libraries with NCCL's headers

OUT gets torch/, nvidia/ and licenses/. Torch's libraries find nvidia/ by their RPATH.
"""
import os
import pathlib
import shutil
import sys
import zipfile

TORCH_FOLDERS = ("torch/include/", "torch/share/")
TORCH_LIBRARIES = ("torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "torch/lib/libgomp.so.1")
CUDA_LIBRARIES = ("torch/lib/libtorch_cuda.so", "torch/lib/libc10_cuda.so", "torch/lib/libtorch_nvshmem.so", "torch/lib/libtorch_cuda_linalg.so")
NVIDIA_LIBRARIES = ("libcudart.so.", "libcupti.so.")


def wanted_for_cuda(name: str) -> bool:
    if name in CUDA_LIBRARIES or name.startswith("nvidia/nccl/include/"):
        return True
    return name.startswith("nvidia/") and "/lib/" in name and ".so." in name


def wanted(name: str) -> bool:
    if name.startswith(TORCH_FOLDERS) or name in TORCH_LIBRARIES:
        return True
    # only what libtorch_cpu loads: cupti's further libraries are for its profilers
    return name.startswith("nvidia/") and "/lib/" in name and pathlib.PurePosixPath(name).name.startswith(NVIDIA_LIBRARIES)


def license_of(name: str) -> bool:
    parts = pathlib.PurePosixPath(name).parts
    return len(parts) > 1 and parts[0].endswith(".dist-info") and ("LICENSE" in name.upper() or parts[-1] in ("METADATA", "NOTICE"))


def main() -> None:
    for_cuda, wheels, out = sys.argv[1] == "cuda", pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                if (wanted_for_cuda if for_cuda else wanted)(entry.filename):
                    target = out / entry.filename
                elif license_of(entry.filename):
                    target = out / "licenses" / entry.filename
                else:
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, open(target, "wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 22)
        os.remove(wheel)  # wheel and contents together would need the space twice
    files = (*CUDA_LIBRARIES, "nvidia/nccl/include/nccl.h") if for_cuda else (*TORCH_LIBRARIES, "torch/include/ATen/ATen.h")
    missing = [name for name in files if not (out / name).is_file()]
    missing += [name + "*" for name in NVIDIA_LIBRARIES if not any(out.glob(f"nvidia/**/lib/{name}*"))]
    if missing:
        sys.exit(f"unpack_libtorch: the wheels hold no {', '.join(missing)}")


if __name__ == "__main__":
    main()
