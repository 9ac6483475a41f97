"""Recognise the files of published data sets in a folder, and read what their names tell.

Each loader of a published set has a `Source`: the pattern of its file names, and the names of its folder. `Source.find`
locates the files, `Source.files` lists them, and `name_sets_in` names the sets that a folder holds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from febench.core.dataset import DATASETS
from febench.core.errors import DataError, FebenchError, printable
from febench.datasets.files import IMAGE, Picture, data_folder, kind_of, list_entries, portable, walk
from febench.datasets.notes import first_few, note_left_out, note_unread
from febench.datasets.words import meaning

MAX_NOTE_BYTES = 4096  # of a small text file that says something about one image
GENERAL_FOLDERS = frozenset({"archive", "dataset", "basic"})
"""Folder names of published sets that archives of any set may have; they do not identify a set."""

BY_FOLDER = "taken for {} by the name of its folder alone; no file has a name that only this set has"


@dataclass(frozen=True)
class SourceFile:
    """A file of a data set.

    Attributes
    ----------
    path : Path
        The file.
    id : str
        The end of its path, as the publisher named it; the image's id.
    match : re.Match
        The match of the set's pattern; its groups hold label, subject and so on.
    """

    path: Path
    id: str
    match: re.Match[str]


@dataclass(frozen=True)
class Source:
    """A published data set: how its files are recognised and where to get it.

    Attributes
    ----------
    name : str
        The data set's name.
    folders : tuple of str
        Names that its folder may have, in any case.
    pattern : re.Pattern
        Matches the end of the path of each of its files, from the set's folder on.
    example : str
        Such a path, for messages.
    terms : str
        Where to get it and on which terms.
    distinctive : re.Pattern or None
        Matches paths that only this set has; by default `pattern`. Files that match only `pattern`, such as
        `train/angry/1.jpg`, belong to the set in a folder with one of its names, or beside distinctive files, unless
        another set claims them.
    """

    name: str
    folders: tuple[str, ...]
    pattern: re.Pattern[str]
    example: str
    terms: str
    distinctive: re.Pattern[str] | None = None

    def files(self, data_dir: Path | None) -> tuple[list[SourceFile], tuple[str, ...]]:
        """Return the set's files, sorted by id, and notes on files that are not read.

        They are in a folder of `data_dir` that has one of the set's names, or in `data_dir` itself.

        Raises
        ------
        DataError
            If no file there is named like the set's, or a link leads out of their folder; the message names the sets
            that the folder holds instead.
        """
        root = data_folder(self.name, data_dir, f"looks like {self.example}; {self.terms}")
        home = self.find(root)
        if home is None:
            raise self._not_found(root)
        others = other_sources(self.name)
        further = [str(path) for path in self._holding(root) if path not in (home, root)]
        files, other_names, unread, claimed = [], [], [], False
        for path in walk(home):
            file = self._file(path, home, others)
            if file is not None:
                files.append(file)
                claimed = claimed or self.claims(portable(path, home))
            elif kind_of(path) == "image":
                other_names.append(portable(path, home))
            elif kind_of(path) == "unknown":
                unread.append(portable(path, home))
        notes = (
            *([f"not read: {first_few(further)}; the set is read from {home}"] if further else []),
            *([] if claimed else [BY_FOLDER.format(self.name)]),
            *note_left_out(other_names, f"not named as in {self.example}"),
            *note_unread(unread),
        )
        return sorted(files, key=lambda file: file.id), notes

    def find(self, data_dir: Path) -> Path | None:
        """Return the folder that holds the set's files, judged by names alone; None where there is none.

        A folder holds the set if one of its files has a distinctive name, or if the folder or one below it has one of
        the set's names and files there match its pattern and are not claimed by another set.

        Raises
        ------
        DataError
            If a folder cannot be read.
        """
        return next(self._holding(data_dir), None)

    def claims(self, path: str) -> bool:
        """Return whether only this set has files with such a path."""
        return (self.distinctive or self.pattern).search(path) is not None

    def _not_found(self, root: Path) -> DataError:
        """Return the error for a folder without the set; it names the sets that the folder holds instead."""
        entries = first_few([entry.name for entry in list_entries(root)]) or "nothing"
        advice = name_sets_in(root)
        terms = "" if advice else f"; {self.terms}"
        if not advice and (file := next(filter(self.pattern.search, _paths(root)), None)):
            advice = (
                f"; files such as {printable(file)} could belong to any set: if they are from {self.name}, put them in "
                f"a folder named {self.folders[0]}, otherwise load them as data set folder"
            )
        return self.error(
            f"found no file like {self.example} in {root} (which holds {entries}) nor in a folder "
            f"{' or '.join(self.folders)} of it{advice}{terms}"
        )

    def _holding(self, data_dir: Path) -> Iterator[Path]:
        """Yield the folders that hold the set: first those with one of its names, then `data_dir`."""
        others = other_sources(self.name)
        named = [Path(entry) for entry in list_entries(data_dir) if entry.is_dir() and self._is_named(entry.name)]
        for home in [*named, data_dir]:
            if any(self._shows(path, home, others) for path in walk(home, follow=True)):
                yield home

    def _is_named(self, folder: str) -> bool:
        return folder.casefold() in (name.casefold() for name in self.folders)

    def _shows(self, path: Path, home: Path, others: Sequence[Source]) -> bool:
        """Return whether a file proves that the set is there."""
        if not self._file(path, home, others):
            return False
        return self.claims(portable(path, home)) or any(map(self._is_named, _folders(path, home)))

    def _file(self, path: Path, home: Path, others: Sequence[Source]) -> SourceFile | None:
        """Return a file that matches the set's pattern; None if it does not, or if another set claims it."""
        name = portable(path, home)
        match = self.pattern.search(name)
        if match is None or not (self.claims(name) or self._unclaimed(path, home, others)):
            return None
        return SourceFile(path, name[match.start() :].lstrip("/"), match)

    def _unclaimed(self, path: Path, home: Path, others: Sequence[Source]) -> bool:
        """Return whether no other set claims a file, by its name or by its nearest folder with the name of a set."""
        if any(other.claims(portable(path, home)) for other in others):
            return False
        for folder in reversed(_folders(path, home)):
            if self._is_named(folder):
                return True
            if folder.casefold() not in GENERAL_FOLDERS and any(other._is_named(folder) for other in others):
                return False
        return True

    def pictures(self, files: Iterable[SourceFile], codes: Mapping[str, str]) -> list[Picture]:
        """Return pictures of files whose names tell all: groups `code`, `subject` and maybe `sequence` of the pattern.

        Raises
        ------
        DataError
            If a code is not among `codes`, or a picture is there twice.
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
        """Return the classes of codes or words, each given with the place where it was read.

        Raises
        ------
        DataError
            If some are unknown; the message names them and the known codes.
        """
        names = [meaning(code, codes) for _, code in coded]
        unknown = [
            f"{where} has the unknown expression {code!r}"
            for (where, code), name in zip(coded, names, strict=True)
            if name is None
        ]
        if unknown:
            raise self.error(f"{first_few(unknown, '; ')}; known are {', '.join(codes)}")
        return [name for name in names if name is not None]

    def refuse_copies(self, files: Iterable[SourceFile], *groups: str) -> None:
        """Refuse a picture that is there in two image formats or in two folders.

        Parameters
        ----------
        files : iterable of SourceFile
            The pictures.
        *groups : str
            Groups of the set's pattern that identify a picture; by default its id does.

        Raises
        ------
        DataError
            If there is one; the message names both files.
        """
        seen: dict[str, Path] = {}
        for file in files:
            name = " ".join(file.match[group] for group in groups) if groups else file.id
            name = re.sub(rf"{IMAGE}$", "", name, flags=re.IGNORECASE).casefold()
            other = seen.setdefault(name, file.path)
            if other != file.path:
                raise self.error(f"{file.id} is there twice: {other} and {file.path}; remove one")

    def read(self, path: Path, max_bytes: int = MAX_NOTE_BYTES) -> bytes:
        """Return the content of a small file about images.

        Raises
        ------
        DataError
            If it cannot be read, or is larger than such files are.
        """
        try:
            with path.open("rb") as file:
                content = file.read(max_bytes + 1)
        except OSError as error:
            raise self.error(f"{path} cannot be read ({error.strerror})") from error
        if len(content) > max_bytes:
            raise self.error(f"{path} is larger than {max_bytes} bytes, so it is not what its name says")
        return content

    def error(self, text: str) -> DataError:
        """Return an error that names the data set."""
        return DataError(f"data set {self.name}: {text}")


def known_sources() -> list[Source]:
    """Return the sources of all registered data sets that are recognised by file names."""
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


def name_sets_in(root: Path) -> str:
    """Return a clause that names the data sets whose files a folder holds; empty if there is none."""
    examples = sets_in(root)
    if not examples:
        return ""
    named = " and ".join(f"{name} (such as {example})" for name, example in examples.items())
    advice = f"load them as data set {next(iter(examples))}" if len(examples) == 1 else "load one of these data sets"
    return f"; files there are named like those of {named}: {advice}"


def sets_in(root: Path) -> dict[str, str]:
    """Return the data sets whose files a folder holds, by name, with an example of these files."""
    sources = known_sources()
    examples: dict[str, str] = {}
    for path in walk(root, follow=True):
        for source in sources:
            if source.name not in examples and source._shows(
                path, root, [other for other in sources if other != source]
            ):
                examples[source.name] = printable(portable(path, root))
    return dict(sorted(examples.items()))


def ending(pattern: str) -> re.Pattern[str]:
    """Compile a pattern for the end of a path, in any case."""
    return re.compile(rf"(?:^|/)(?:{pattern})$", re.IGNORECASE)


def _folders(path: Path, home: Path) -> list[str]:
    """Return the folders of a file, from its data folder on, which may be given as `.`."""
    return [os.path.basename(os.path.abspath(home)), *path.relative_to(home).parts[:-1]]  # noqa: PTH100, PTH119


def _paths(home: Path) -> Iterator[str]:
    """Return the paths of all files in a folder, from it on."""
    return (portable(path, home) for path in walk(home, follow=True))
