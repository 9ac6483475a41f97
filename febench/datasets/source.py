"""Where a data set comes from, and how its files are found in a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from febench.core.errors import DataError, printable

SHOWN = 5
MOST_BYTES = 4096
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".pgm", ".ppm")


@dataclass(frozen=True)
class Found:
    """A file of a data set.

    Attributes
    ----------
    path : Path
        The file.
    id : str
        The part of its path that the data set's publisher gave it; the image's id.
    named : re.Match
        What the name tells.
    """

    path: Path
    id: str
    named: re.Match[str]


@dataclass(frozen=True)
class Source:
    """A published data set: how its folder is recognised, and where it comes from.

    Attributes
    ----------
    name : str
        The data set's name.
    folders : tuple of str
        Names its folder goes by, small or capital.
    pattern : re.Pattern
        What the end of the path of one of its files looks like, from the set's folder on.
    example : str
        Such a path, for messages.
    terms : str
        Where it can be had and on which terms.
    """

    name: str
    folders: tuple[str, ...]
    pattern: re.Pattern[str]
    example: str
    terms: str

    def error(self, text: str) -> DataError:
        """An error that names the data set."""
        return DataError(f"data set {self.name}: {text}")

    def home(self, data_dir: Path | None) -> Path:
        """The folder of the data set: `data_dir` itself, or one in it that goes by one of its names.

        Raises
        ------
        DataError
            If no file there is named as the set's files are.
        """
        root = data_folder(self.name, data_dir, f"looks like {self.example}; {self.terms}")
        for candidate in [*_children(root, self.folders), root]:
            if any(self._named(path, candidate) for path in walk(candidate, follow=True)):
                return candidate
        raise self.error(
            f"found no file like {self.example} in {root} (which holds {_inside(root)}) nor in a folder "
            f"{' or '.join(self.folders)} of it; {self.terms}"
        )

    def files(self, home: Path) -> tuple[list[Found], tuple[str, ...]]:
        """The set's files in the order of their ids, and a note of the image files that are not named as its are.

        Raises
        ------
        DataError
            If a link leads out of the folder.
        """
        found, strange = [], []
        for path in walk(home):
            file = self._named(path, home)
            if file is not None:
                found.append(file)
            elif path.suffix.lower() in IMAGE_SUFFIXES:
                strange.append(portable(path, home))
        return sorted(found, key=lambda file: file.id), left_out(strange, f"not named as in {self.example}")

    def look_up(self, found: Found, code: str, table: Mapping[str, str]) -> str:
        """The class that a code in a file's name stands for.

        Raises
        ------
        DataError
            If the code stands for none; the sentence names the file and the codes there are.
        """
        name = table.get(code.upper(), table.get(code.lower()))
        if name is None:
            raise self.error(f"{found.path} has the unknown expression {code!r}; known are {', '.join(table)}")
        return name

    def read(self, path: Path, most: int = MOST_BYTES) -> bytes:
        """What is in a small file that tells about images.

        Raises
        ------
        DataError
            If it cannot be read, or is larger than such a file ever is.
        """
        try:
            with path.open("rb") as file:
                content = file.read(most + 1)
        except OSError as error:
            raise self.error(f"{path} cannot be read ({error.strerror})") from error
        if len(content) > most:
            raise self.error(f"{path} is larger than {most} bytes and so is not what its name says")
        return content

    def _named(self, path: Path, home: Path) -> Found | None:
        inside = portable(path, home)
        named = self.pattern.search(inside)
        return Found(path, inside[named.start() :].lstrip("/"), named) if named else None


def ending(pattern: str) -> re.Pattern[str]:
    """A pattern for the end of a path, small or capital letters alike."""
    return re.compile(rf"(?:^|/)(?:{pattern})$", re.IGNORECASE)


def data_folder(name: str, data_dir: Path | None, wanted: str) -> Path:
    """The folder a user named, checked.

    Raises
    ------
    DataError
        If none was named or there is no such folder; the sentence ends with what was wanted.
    """
    if data_dir is None:
        raise DataError(f"data set {name}: say with --data-dir or FEBENCH_DATA where its folder is ({wanted})")
    if not data_dir.is_dir():
        raise DataError(f"data set {name}: there is no folder {data_dir} ({wanted})")
    return data_dir


def walk(folder: Path, *, root: Path | None = None, follow: bool = False) -> Iterator[Path]:
    """Every file below a folder, by name; hidden ones and what archivers add are passed over.

    Parameters
    ----------
    folder : Path
        Where to look.
    root : Path, optional
        What a link must not lead out of; the folder by default.
    follow : bool
        Whether links out of the root are taken rather than refused.

    Raises
    ------
    DataError
        If the folder cannot be read, or a link leads out of the root or to a folder.
    """
    root = root or folder
    for entry in _entries(folder):
        path = Path(entry.path)
        if entry.is_symlink() and not follow:
            _check_link(path, root)
        if entry.is_dir(follow_symlinks=False):
            yield from walk(path, root=root, follow=follow)
        elif entry.is_file():
            yield path


def portable(path: Path, root: Path) -> str:
    """The path from a folder on, with `/`; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")


def whole(text: str) -> str:
    """A code that is written as a number, such as `3`, `3.0` or `3.0000000e+00`, as `3`; any other text as it is."""
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def some(names: list[str]) -> str:
    """A few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(printable(name) for name in names[:SHOWN]) + more


def left_out(names: list[str], why: str) -> tuple[str, ...]:
    """A note that names the files that are left out and why, if there are any."""
    return (f"left out as {why}: {some(names)}",) if names else ()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            seen = [entry for entry in entries if not entry.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise DataError(f"the folder {folder} cannot be read: {error.strerror}") from error
    return sorted(seen, key=lambda entry: entry.name)


def _check_link(path: Path, root: Path) -> None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise DataError(f"{path} is a link that leads nowhere; remove it") from error
    if not target.is_relative_to(root.resolve()):
        raise DataError(f"{path} is a link out of the data folder, to {target}; copy the file itself there")
    if target.is_dir():
        raise DataError(f"{path} is a link to a folder; put the folder itself there")


def _children(root: Path, names: tuple[str, ...]) -> list[Path]:
    wanted = [name.casefold() for name in names]
    return [Path(entry.path) for entry in _entries(root) if entry.is_dir() and entry.name.casefold() in wanted]


def _inside(root: Path) -> str:
    return some([entry.name for entry in _entries(root)]) or "nothing"
