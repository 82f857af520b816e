#!/usr/bin/env python3
"""Takes LibTorch for the CPU out of wheels: headers, CMake files, libtorch_cpu, libc10, libgomp, and the CUDA runtime beside it.

    unpack_libtorch.py WHEELS OUT

OUT gets torch/{include,lib,share}, nvidia/ and licenses/. libtorch_cpu finds nvidia/ by its RPATH.
"""
import os
import pathlib
import shutil
import sys
import zipfile

TORCH_FOLDERS = ("torch/include/", "torch/share/")
TORCH_LIBRARIES = ("torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "torch/lib/libgomp.so.1")
NVIDIA_LIBRARIES = ("libcudart.so.", "libcupti.so.")


def wanted(name: str) -> bool:
    if name.startswith(TORCH_FOLDERS) or name in TORCH_LIBRARIES:
        return True
    # only what libtorch_cpu loads: cupti's further libraries are for its profilers
    return name.startswith("nvidia/") and "/lib/" in name and pathlib.PurePosixPath(name).name.startswith(NVIDIA_LIBRARIES)


def license_of(name: str) -> bool:
    parts = pathlib.PurePosixPath(name).parts
    return len(parts) > 1 and parts[0].endswith(".dist-info") and ("LICENSE" in name.upper() or parts[-1] in ("METADATA", "NOTICE"))


def main() -> None:
    wheels, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                if wanted(entry.filename):
                    target = out / entry.filename
                elif license_of(entry.filename):
                    target = out / "licenses" / entry.filename
                else:
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, open(target, "wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 22)
        os.remove(wheel)  # wheel and contents together would need the space twice
    missing = [name for name in (*TORCH_LIBRARIES, "torch/include/ATen/ATen.h") if not (out / name).is_file()]
    missing += [name + "*" for name in NVIDIA_LIBRARIES if not any(out.glob(f"nvidia/**/lib/{name}*"))]
    if missing:
        sys.exit(f"unpack_libtorch: the wheels hold no {', '.join(missing)}")


if __name__ == "__main__":
    main()
