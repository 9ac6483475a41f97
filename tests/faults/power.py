"""A disk that forgets what was not synced: for every moment of some work, what a power cut would leave."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Disk:
    """Records calls of `os.fsync` and `os.replace` below a folder.

    Attributes
    ----------
    root : Path
        The folder.
    done : int
        What the work has been told is safe; it counts itself.
    images : list of pairs
        `done`, and the files as a power cut at that moment leaves them: path below the root to bytes.
    """

    root: Path
    done: int = 0
    images: list[tuple[int, dict[str, bytes]]] = field(default_factory=list)
    _data: dict[int, bytes] = field(default_factory=dict)
    _names: dict[str, int] = field(default_factory=dict)

    def record(self, patch: pytest.MonkeyPatch) -> None:
        """Begin."""
        sync, replace = os.fsync, os.replace

        def fsync(file: int) -> None:
            self._cut()
            sync(file)
            about = os.fstat(file)
            if stat.S_ISDIR(about.st_mode):
                folder = next(path for path in (self.root, *self._paths()) if path.stat().st_ino == about.st_ino)
                here = {str(path.relative_to(self.root)): path.stat().st_ino for path in folder.iterdir()}
                gone = [name for name in self._names if (self.root / name).parent == folder and name not in here]
                self._names = {name: inode for name, inode in self._names.items() if name not in gone} | here
            else:
                self._data[about.st_ino] = next(
                    p for p in self._paths() if p.stat().st_ino == about.st_ino
                ).read_bytes()
            self._cut()

        def replaced(*args: Any) -> None:
            replace(*args)
            self._cut()

        patch.setattr(os, "fsync", fsync)
        patch.setattr(os, "replace", replaced)

    def _paths(self) -> Iterator[Path]:
        return (path for path in self.root.rglob("*") if path.name != ".lock")

    def _cut(self) -> None:
        """Two disks: one that keeps names only when folders are synced, one that keeps them at once and half a tail."""
        names = {
            name: inode
            for name, inode in self._names.items()
            if all(str(above) in self._names for above in list(Path(name).parents)[:-1])
        }
        late = {name: self._data.get(inode, b"") for name, inode in names.items() if not (self.root / name).is_dir()}
        early = {}
        for path in self._paths():
            if path.is_file():
                safe, now = self._data.get(path.stat().st_ino, b""), path.read_bytes()
                torn = now[: len(safe) + (len(now) - len(safe)) // 2] if safe else b""
                early[str(path.relative_to(self.root))] = torn
        self.images += [(self.done, late), (self.done, early)]


def write(image: dict[str, bytes], folder: Path) -> Path:
    """The files that a power cut left."""
    folder.mkdir()
    for name, content in image.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
