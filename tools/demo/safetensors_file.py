"""The safetensors format, as far as the demo folders need it: a JSON header (8 bytes of length in front), then the raw tensors."""
import json
import pathlib
import struct
import sys

import numpy as np

_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "U8": 1, "I8": 1, "BOOL": 1}


def write_safetensors(path: pathlib.Path, tensors: dict[str, np.ndarray]) -> None:
    """Float32 tensors, by name; transformers 4.32 refuses a file without the metadata {"format": "pt"}."""
    header: dict = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name in sorted(tensors):
        if tensors[name].dtype != np.float32:
            sys.exit(f"write_safetensors: {name} is {tensors[name].dtype}, not float32")
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + tensors[name].nbytes]}
        offset += tensors[name].nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors start at a multiple of 8 bytes
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            file.write(np.ascontiguousarray(tensors[name]).astype("<f4", copy=False).data)


def check_safetensors(path: pathlib.Path) -> dict[str, list[int]]:
    """Shapes by name; ends the program unless the header is sound and its tensors fill the file without a gap."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
    if header.pop("__metadata__", {}).get("format") != "pt":
        sys.exit(f"{path}: the header's metadata has no format 'pt'")
    end = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, stop = entry["data_offsets"]
        if begin != end or stop - begin != _BYTES[entry["dtype"]] * int(np.prod(entry["shape"])):
            sys.exit(f"{path}: tensor {name} does not fit its bytes {begin}..{stop}")
        end = stop
    if path.stat().st_size != 8 + length + end:
        sys.exit(f"{path}: {path.stat().st_size} bytes, but the header describes {8 + length + end}")
    return {name: entry["shape"] for name, entry in header.items()}
