"""Where a data set comes from, how its files are found in a folder, and what their names tell."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from febench.core.dataset import DATASETS
from febench.core.errors import DataError, FebenchError, printable
from febench.datasets.kinds import IMAGE, counted, kind
from febench.datasets.words import meaning

if TYPE_CHECKING:
    from febench.datasets.decoding import Box, Stored

T = TypeVar("T")

MOST_BYTES = 4096
GENERAL_FOLDERS = frozenset({"archive", "dataset", "basic"})
"""Folder names of published sets that archives of any set have: they do not show that a file is of such a set."""


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
    """An image file and what is known of it before it is opened; most fields are those of `Dataset`, of one image.

    `box` is the part of it to use: left, top, right and bottom.
    """

    path: Stored
    id: str
    label: str
    subject: str | None = None
    sequence: str | None = None
    part: str | None = None
    box: Box | None = None


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
    distinctive : re.Pattern or None
        What the end of a path looks like that no other set has. By default `pattern`. Where it is narrower, files that
        match only `pattern` (such as `train/angry/1.jpg`) count in a folder that goes by one of the set's names, or
        beside distinctive files, and not where another set claims them.
    """

    name: str
    folders: tuple[str, ...]
    pattern: re.Pattern[str]
    example: str
    terms: str
    distinctive: re.Pattern[str] | None = None

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
            raise self._not_found(root)
        others = other_sources(self.name)
        second = [str(path) for path in self._holding(root) if path not in (home, root)]
        files, strange, unread = [], [], []
        for path in walk(home):
            file = self._file(path, home, others)
            if file is not None:
                files.append(file)
            elif kind(path) == "image":
                strange.append(portable(path, home))
            elif kind(path) == "unknown":
                unread.append(portable(path, home))
        more = (f"not read: {some(second)}, for {home} is read and holds the set too",) if second else ()
        notes = (*more, *left_out(strange, f"not named as in {self.example}"), *not_read(unread))
        return sorted(files, key=lambda file: file.id), notes

    def find(self, data_dir: Path) -> Path | None:
        """Return the folder that holds the set's files, judged by names alone; None where there is none.

        A folder holds the set if one of its files has a distinctive name, or if it goes by one of the set's names, or
        holds a folder that does, and files there match the set's pattern and are not claimed by another set.

        Raises
        ------
        DataError
            If a folder cannot be read.
        """
        return next(self._holding(data_dir), None)

    def claims(self, path: str) -> bool:
        """Return whether a path ends as only this set's files do."""
        return (self.distinctive or self.pattern).search(path) is not None

    def _not_found(self, root: Path) -> DataError:
        """Return the error for a folder without the set; it names the sets that the folder holds instead."""
        inside = some([entry.name for entry in _entries(root)]) or "nothing"
        advice = looks_like(root)
        if not advice and (file := next(filter(self.pattern.search, _paths(root)), None)):
            advice = (
                f"; files such as {printable(file)} could be of any set: if they are of {self.name}, put them in a "
                f"folder named {self.folders[0]}, else load them as data set folder"
            )
        return self.error(
            f"found no file like {self.example} in {root} (which holds {inside}) nor in a folder "
            f"{' or '.join(self.folders)} of it{advice}; {self.terms}"
        )

    def _holding(self, data_dir: Path) -> Iterator[Path]:
        """Return the folders that hold the set: those that go by one of its names, then `data_dir`."""
        others = other_sources(self.name)
        named_so = [Path(entry) for entry in _entries(data_dir) if entry.is_dir() and self._is_named(entry.name)]
        for home in [*named_so, data_dir]:
            if any(self._shows(path, home, others) for path in walk(home, follow=True)):
                yield home

    def _is_named(self, folder: str) -> bool:
        return folder.casefold() in (name.casefold() for name in self.folders)

    def _shows(self, path: Path, home: Path, others: Sequence[Source]) -> bool:
        """Return whether a file shows that the set is there."""
        if not self._file(path, home, others):
            return False
        return self.claims(portable(path, home)) or any(map(self._is_named, _folders(path, home)))

    def _file(self, path: Path, home: Path, others: Sequence[Source]) -> SourceFile | None:
        """Return a file whose name matches the set's pattern; None if it does not, or another set claims the file."""
        inside = portable(path, home)
        match = self.pattern.search(inside)
        if match is None or not (self.claims(inside) or self._nearest(path, home, others)):
            return None
        return SourceFile(path, inside[match.start() :].lstrip("/"), match)

    def _nearest(self, path: Path, home: Path, others: Sequence[Source]) -> bool:
        """Return whether no other set claims a file, by its name or by the nearest folder that goes by a set's name."""
        if any(other.claims(portable(path, home)) for other in others):
            return False
        for folder in reversed(_folders(path, home)):
            if self._is_named(folder):
                return True
            if folder.casefold() not in GENERAL_FOLDERS and any(other._is_named(folder) for other in others):
                return False
        return True

    def pictures(self, files: Iterable[SourceFile], codes: Mapping[str, str]) -> list[Picture]:
        """Files whose names tell everything: groups `code`, `subject` and maybe `sequence` of the set's pattern.

        Raises
        ------
        DataError
            If a code is not among those that are given.
        """
        files = list(files)
        labels = self.labels([(file.path, file.match["code"]) for file in files], codes)
        self.refuse_copies(files)
        return [
            Picture(
                path=file.path,
                id=file.id,
                label=label,
                subject=file.match["subject"].upper(),
                sequence=file.match["sequence"].upper() if "sequence" in file.match.re.groupindex else None,
            )
            for file, label in zip(files, labels, strict=True)
        ]

    def labels(self, coded: Sequence[tuple[object, str]], codes: Mapping[str, str]) -> list[str]:
        """The classes that codes or words stand for, each given with where it was read.

        Raises
        ------
        DataError
            If some stand for none; the sentence names them all, and the codes there are.
        """
        names = [meaning(code, codes) for _, code in coded]
        unknown = [
            f"{where} has the unknown expression {code!r}"
            for (where, code), name in zip(coded, names, strict=True)
            if name is None
        ]
        if unknown:
            raise self.error(f"{some(unknown, '; ')}; known are {', '.join(codes)}")
        return [name for name in names if name is not None]

    def refuse_copies(self, files: Iterable[SourceFile], *groups: str) -> None:
        """Refuse one picture under two kinds of image file, or in two folders.

        Parameters
        ----------
        files : iterable of SourceFile
            The pictures.
        *groups : str
            Groups of the set's pattern that name a picture; by default all of its id names it.

        Raises
        ------
        DataError
            If there is one; the sentence names both files.
        """
        seen: dict[str, Path] = {}
        for file in files:
            name = " ".join(file.match[group] for group in groups) if groups else file.id
            name = re.sub(rf"{IMAGE}$", "", name, flags=re.IGNORECASE).casefold()
            other = seen.setdefault(name, file.path)
            if other != file.path:
                raise self.error(f"{file.id} is there twice: {other} and {file.path}; remove one")

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

    def error(self, text: str) -> DataError:
        """An error that names the data set."""
        return DataError(f"data set {self.name}: {text}")


def known_sources() -> list[Source]:
    """Return the sources of all registered data sets that are recognised by names of files."""
    sources = []
    for name in DATASETS.names:
        try:
            find = DATASETS.get(name).find
        except FebenchError:  # a plugin that cannot be loaded claims no file
            continue
        source = getattr(find, "__self__", None)
        if isinstance(source, Source):
            sources.append(source)
    return sources


def other_sources(name: str) -> list[Source]:
    """Return the sources of all other data sets."""
    return [source for source in known_sources() if source.name != name]


def looks_like(root: Path) -> str:
    """Return a clause that names the data sets whose files a folder holds; empty if there is none."""
    sources = known_sources()
    examples: dict[str, str] = {}
    for path in walk(root, follow=True):
        for source in sources:
            if source.name not in examples and source._shows(path, root, [one for one in sources if one != source]):
                examples[source.name] = printable(portable(path, root))
    if not examples:
        return ""
    named = " and ".join(f"{name} (such as {example})" for name, example in sorted(examples.items()))
    which = "load them as that data set" if len(examples) == 1 else "load one of these data sets"
    return f"; files there are named as those of {named}: {which}"


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


def walk(folder: Path, *, follow: bool = False) -> Iterator[Path]:
    """Every file below a folder, however deep, by name; hidden ones and what archivers add are passed over.

    Parameters
    ----------
    folder : Path
        Where to look.
    follow : bool
        Whether links out of the folder are taken rather than refused.

    Raises
    ------
    DataError
        If the folder cannot be read, or a link leads out of it or to a folder.
    """
    waiting = _entries(folder)[::-1]
    while waiting:
        entry = waiting.pop()
        path = Path(entry.path)
        if entry.is_symlink() and not follow:
            try:
                target = path.resolve(strict=True)
            except (OSError, RuntimeError) as error:
                raise DataError(f"{path} is a link that leads nowhere; remove it") from error
            if not target.is_relative_to(folder.resolve()):
                raise DataError(f"{path} is a link out of the data folder, to {target}; copy the file itself there")
            if target.is_dir():
                raise DataError(f"{path} is a link to a folder; put the folder itself there")
        if entry.is_dir(follow_symlinks=False):
            waiting += _entries(path)[::-1]
        elif entry.is_file():
            yield path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            seen = [entry for entry in entries if not entry.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise DataError(f"the folder {folder} cannot be read: {error.strerror}") from error
    return sorted(seen, key=lambda entry: entry.name)


def _folders(path: Path, home: Path) -> list[str]:
    """Return the folders of a file, from its data folder on, which may be given as `.`."""
    return [os.path.basename(os.path.abspath(home)), *path.relative_to(home).parts[:-1]]  # noqa: PTH100, PTH119


def _paths(home: Path) -> Iterator[str]:
    """Return the paths of all files in a folder, from it on."""
    return (portable(path, home) for path in walk(home, follow=True))


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


def some(names: Sequence[str], sign: str = ", ", shown: int = 5) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return sign.join(printable(name) for name in names[:shown]) + more


def left_out(names: list[str], why: str) -> tuple[str, ...]:
    """A note that names the files that are left out and why, if there are any."""
    return (f"left out as {why}: {some(names)}",) if names else ()


def not_read(names: list[str]) -> tuple[str, ...]:
    """A note that counts the files which may be images but are of kinds that are not read, if there are any."""
    return (f"not read, for their kinds are unknown: {counted(names)} ({some(names)})",) if names else ()


def absent_of(names: Sequence[str], where: str) -> dict[str, int]:
    """A sentence that names the images of a list that are not there, with their number; empty if none is missing."""
    return {f"{len(names)} images are {where} but absent: {some(names)}": len(names)} if names else {}


def each_once(rows: Iterable[tuple[str, T]], where: object, error: Callable[[str], DataError]) -> dict[str, T]:
    """What a list says of each name.

    Raises
    ------
    DataError
        If it says different things of some; the sentence names them.
    """
    known: dict[str, T] = {}
    two = {name: (known[name], value) for name, value in rows if known.setdefault(name, value) != value}
    if two:
        words = some([f"{name} is {one} and {other}" for name, (one, other) in two.items()], "; ")
        raise error(f"{where} contradicts itself on {len(two)} names: {words}")
    return known


def agreement(
    read: Mapping[str, str], other: Mapping[str, str], where: object, error: Callable[[str], DataError]
) -> str:
    """Compare a second source of labels with the first; returns a note that it is not used, and where it agrees.

    Parameters
    ----------
    read, other : mappings
        For names of images, their classes in the first and in the second source.
    where : object
        The second source.
    error : callable
        Makes an exception of a sentence.

    Raises
    ------
    DataError
        If they contradict each other; the sentence says how often.
    """
    both = [name for name in read if name in other]
    wrong = [f"{name} is {read[name]} here and {other[name]} there" for name in both if read[name] != other[name]]
    if wrong:
        raise error(
            f"the labels in {where} contradict those of {len(wrong)} of {len(both)} images: {some(wrong, '; ')}; "
            "remove whichever is wrong"
        )
    agrees = f"it agrees on the {len(both)} images that it has in common" if both else "it cannot be compared"
    return f"{where} is not used; {agrees} with what is read"
