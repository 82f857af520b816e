"""What has been found good, by content, so that an unchanged file costs nothing: empty files named by hash under the cache folder."""
import os
import pathlib
import time

from project import ROOT

KEPT_SECONDS = 30 * 24 * 3600


class Marks:
    def __init__(self, kind: str) -> None:
        self._folder = pathlib.Path(os.environ.get("GORACS_CACHE_DIR") or ROOT / ".cache") / "tidy" / kind
        self._folder.mkdir(parents=True, exist_ok=True)
        for mark in self._folder.iterdir():
            if time.time() - mark.stat().st_mtime > KEPT_SECONDS:
                mark.unlink(missing_ok=True)

    def has(self, content_hash: str) -> bool:
        mark = self._folder / content_hash
        if mark.exists():
            mark.touch()
        return mark.exists()

    def add(self, content_hash: str) -> None:
        (self._folder / content_hash).touch()
