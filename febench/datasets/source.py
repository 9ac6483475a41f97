"""Where a data set comes from, how its files are found in a folder, and what their names tell."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from febench.core.errors import DataError, printable

SHOWN = 5
MOST_BYTES = 4096
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".pgm", ".ppm")


@dataclass(frozen=True)
class SourceFile:
    """A file of a data set.

    Attributes
    ----------
    path : Path
        The file.
    id : str
        The part of its path that the data set's publisher gave it; the image's id.
    match : re.Match
        What the name tells.
    """

    path: Path
    id: str
    match: re.Match[str]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file and what is known of it before it is opened; the fields are those of `Dataset`, of one image."""

    path: Path
    id: str
    label: str
    subject: str | None = None
    sequence: str | None = None
    part: str | None = None


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

    def files(self, data_dir: Path | None) -> tuple[list[SourceFile], tuple[str, ...]]:
        """The set's files in the order of their ids, and a note of the image files that are not named as its are.

        They lie in a folder of `data_dir` that goes by one of the set's names, or in `data_dir` itself.

        Raises
        ------
        DataError
            If no file there is named as the set's files are, or a link leads out of their folder.
        """
        root = data_folder(self.name, data_dir, f"looks like {self.example}; {self.terms}")
        home = self.find(root)
        if home is None:
            inside = some([entry.name for entry in _entries(root)]) or "nothing"
            raise self.error(
                f"found no file like {self.example} in {root} (which holds {inside}) nor in a folder "
                f"{' or '.join(self.folders)} of it; {self.terms}"
            )
        files, strange = [], []
        for path in walk(home):
            file = self._file(path, home)
            if file is not None:
                files.append(file)
            elif path.suffix.lower() in IMAGE_SUFFIXES:
                strange.append(portable(path, home))
        return sorted(files, key=lambda file: file.id), left_out(strange, f"not named as in {self.example}")

    def find(self, data_dir: Path) -> Path | None:
        """The folder that holds the set's files, judged by the first of them; None where there is none.

        Raises
        ------
        DataError
            If a folder cannot be read.
        """
        names = [name.casefold() for name in self.folders]
        named_so = [Path(entry) for entry in _entries(data_dir) if entry.is_dir() and entry.name.casefold() in names]
        holding = (home for home in [*named_so, data_dir] if any(self._file(p, home) for p in walk(home, follow=True)))
        return next(holding, None)

    def _file(self, path: Path, home: Path) -> SourceFile | None:
        inside = portable(path, home)
        match = self.pattern.search(inside)
        return SourceFile(path, inside[match.start() :].lstrip("/"), match) if match else None

    def pictures(self, files: Iterable[SourceFile], codes: Mapping[str, str]) -> list[Picture]:
        """Files whose names tell everything: groups `code`, `subject` and maybe `sequence` of the set's pattern.

        Raises
        ------
        DataError
            If a code is not among those that are given.
        """
        return [
            Picture(
                path=file.path,
                id=file.id,
                label=self.look_up(file, file.match["code"], codes),
                subject=file.match["subject"].upper(),
                sequence=file.match["sequence"].upper() if "sequence" in file.match.re.groupindex else None,
            )
            for file in files
        ]

    def look_up(self, file: SourceFile, code: str, codes: Mapping[str, str]) -> str:
        """The class that a code in a file or in its name stands for.

        Raises
        ------
        DataError
            If the code stands for none; the sentence names the file and the codes there are.
        """
        name = codes.get(code.upper(), codes.get(code.lower()))
        if name is None:
            raise self.error(f"{file.path} has the unknown expression {code!r}; known are {', '.join(codes)}")
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

    def csv_rows(self, path: Path, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """Line number and fields of each row of a CSV file, its header included.

        Raises
        ------
        DataError
            Where it is not CSV; the sentence names the line.
        """
        reader = csv.reader(lines, strict=True)
        try:
            for row in reader:
                yield reader.line_num, row
        except csv.Error as error:
            raise self.error(f"{path} line {reader.line_num} is not CSV: {error}") from error

    def error(self, text: str) -> DataError:
        """An error that names the data set."""
        return DataError(f"data set {self.name}: {text}")


def ending(pattern: str) -> re.Pattern[str]:
    """A pattern for the end of a path, small or capital letters alike."""
    return re.compile(rf"(?:^|/)(?:{pattern})$", re.IGNORECASE)


def data_folder(name: str, data_dir: Path | None, expected: str) -> Path:
    """The folder a user named, checked.

    Raises
    ------
    DataError
        If none was named or there is no such folder; the sentence ends with what was expected.
    """
    if data_dir is None:
        raise DataError(f"data set {name}: nothing says where its folder is ({expected})", option="data_dir")
    if not data_dir.is_dir():
        raise DataError(f"data set {name}: there is no folder {data_dir} ({expected})")
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
            try:
                target = path.resolve(strict=True)
            except (OSError, RuntimeError) as error:
                raise DataError(f"{path} is a link that leads nowhere; remove it") from error
            if not target.is_relative_to(root.resolve()):
                raise DataError(f"{path} is a link out of the data folder, to {target}; copy the file itself there")
            if target.is_dir():
                raise DataError(f"{path} is a link to a folder; put the folder itself there")
        if entry.is_dir(follow_symlinks=False):
            yield from walk(path, root=root, follow=follow)
        elif entry.is_file():
            yield path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            seen = [entry for entry in entries if not entry.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise DataError(f"the folder {folder} cannot be read: {error.strerror}") from error
    return sorted(seen, key=lambda entry: entry.name)


def portable(path: Path, root: Path) -> str:
    """The path from a folder on, with `/`; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")


def whole_number(text: str) -> str:
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
