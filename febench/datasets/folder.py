"""`folder`: any images sorted into a folder a class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.core.errors import DataError, UsageError, printable
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.kinds import counted, kind
from febench.datasets.loading import make_dataset
from febench.datasets.source import (
    Picture,
    agreement,
    data_folder,
    each_once,
    left_out,
    looks_like,
    not_read,
    portable,
    some,
    walk,
)
from febench.datasets.tables import has_columns, read_table
from febench.datasets.words import expression

SUBJECTS = "subjects.csv"
PEOPLE_COLUMNS = {"path": ("path",), "subject": ("subject",)}
LABEL_COLUMNS = {
    "path": ("path", "pth", "file", "filename", "file_name", "filepath", "image", "image_path", "image name", "name"),
    "label": ("label", "emotion", "expression", "class"),
}
PARTS = {
    "train": "train", "training": "train", "trn": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "publictest": "validation", "test": "test", "testing": "test", "tst": "test", "eval": "test", "evaluation": "test",
    "privatetest": "test",
}  # fmt: skip
OF_PARTS = re.compile(r"(?:images?|faces?|data|set|split|part)$")
LISTS = (".csv", ".tsv", ".txt", ".lst")
MOST_LINES = 2_000_000
MAY_LABEL = re.compile(r"label|annot|emotion|expression|class", re.IGNORECASE)
EXAMPLE = "DIR/<class>/<image>"

Folders = tuple[str, ...]


@dataset("folder")
def folder(
    data_dir: Path | None = None,
    path: str = "",
    level: int = 0,
    class_names: str = "",
    size: int = 0,
    align: bool = False,
    eyes: float = EYES,
    margin: float = MARGIN,
    subject_pattern: str = "",
) -> Dataset:
    """DIR/<class>/<image>, or DIR/{train,val,test}/<class>/<image>; who is who from subject_pattern or subjects.csv.

    Folders with the usual words for an expression (`angry`, `Sad`, `happiness`) get the papers' names. Where the folder
    that names the class cannot be told, nothing is guessed: `level` says it.

    Parameters
    ----------
    data_dir : Path
        DIR.
    path : str
        A folder in it to use instead.
    level : int
        Which folder on an image's path names its class, counted from DIR; 0: the first, or the second below parts.
    class_names : str
        Names of numbered folders, comma-separated, in the order of their numbers.
    size : int
        Height and width in pixels; 0 leaves images as they are, and then all must be of one size.
    align, eyes, margin
        Whether faces are aligned by their eyes, and where these then lie: see `febench.datasets.alignment.Frame`.
    subject_pattern : str
        Regular expression whose one group, searched in the path from DIR on, is the person.
    """
    home = data_folder("folder", data_dir, f"looks like {EXAMPLE}") / path
    if not home.is_dir():
        raise _error(f"there is no folder {home}")
    if level < 0:
        raise UsageError(f"data set folder: level counts folders from 1, or is 0 to find it, not {level}")
    every = {portable(file, home): file for file in walk(home)}
    kinds = {name: kind(file) for name, file in every.items()}
    images = {name: tuple(name.split("/")[:-1]) for name in sorted(every) if kinds[name] == "image"}
    unread = sorted(name for name in every if kinds[name] == "unknown")
    published = looks_like(home)
    level = level or _level_of_class(home, [name for name, folders in images.items() if folders], published)
    used = {name: folders for name, folders in images.items() if len(folders) >= level}
    if not used:
        there = f" that can be read ({counted(unread)})" if unread else ""
        raise _error(
            f"there are no images{there} in folders of {home}; it must look like {home}/<class>/<image>{published}"
        )

    words = {name: folders[level - 1] for name, folders in used.items()}
    names = _names_of_classes(sorted(set(words.values())), class_names)
    parts = _parts(used, level)
    tables = [file for name, file in every.items() if name.casefold() == SUBJECTS]
    people, about_people = _people(tables[0] if tables else None, subject_pattern, used)
    pictures = [Picture(every[name], name, names[words[name]], people.get(name), part=parts[name]) for name in used]
    if len(set(names.values())) < 2:
        below = sorted({folders[level] for folders in used.values() if len(folders) > level})
        more = f"; if {some(below)} are the classes, say level={level + 1}" if below else ""
        only = pictures[0].label
        raise _error(
            f"all images of {home} are of one class, {only!r}: there is nothing to tell apart{more}{published}"
        )

    alike = {name: sorted(word for word in names if names[word] == name) for name in names.values()}
    holding = {name.split("/")[0] for name in [*images, *unread]}
    empty = {entry.name for entry in home.iterdir() if entry.is_dir() and not entry.name.startswith(".")} - holding
    partless = sorted({"/".join(used[name][:level]) for name in used if parts[name] is None})
    labels = {picture.id: picture.label for picture in pictures}
    notes = (
        *(f"the folders {some(those)} are one class, {name}" for name, those in alike.items() if len(those) > 1),
        *left_out(sorted(set(images) - set(used)), "not in the folder of a class"),
        *not_read(unread),
        *left_out(sorted(empty), "a folder without images"),
        *([f"of no part, so that there is no split: {some(partless)}"] if partless and any(parts.values()) else []),
        *about_people,
        *([f"read as folders of classes{published}, to have what else it knows of its images"] if published else []),
        *_second_labels(home, every, labels),
    )  # fmt: skip
    return make_dataset("folder", pictures, size=size, align=align, eyes=eyes, margin=margin, notes=notes)


def _error(text: str) -> DataError:
    return DataError(f"data set folder: {text}")


def _part(folders: Iterable[str]) -> str | None:
    """The part that one of some folders is named after: `train`, `Training_set` and `images-train` are `train`."""
    for name in folders:
        plain = re.sub(r"[^a-z]", "", name.casefold())
        for word in (plain, OF_PARTS.sub("", plain), re.sub(r"^(?:images?|faces?|data|set)", "", plain)):
            if word in PARTS:
                return PARTS[word]
    return None


def _parts(used: Mapping[str, Folders], level: int) -> dict[str, str | None]:
    """The part of each image: by a folder above its class, or else by the one below, if all images have one there."""
    above = {name: _part(folders[: level - 1]) for name, folders in used.items()}
    below = {name: _part(folders[level : level + 1]) for name, folders in used.items()}
    return below if not any(above.values()) and all(below.values()) else above


def _level_of_class(home: Path, names: Sequence[str], published: str) -> int:
    """Which folder on the paths of images names the class: the first, or below parts the second.

    Parameters
    ----------
    home : Path
        The data folder.
    names : sequence of str
        Paths of images in it.
    published : str
        A clause that names the published sets whose files these are; empty if they are of none.

    Raises
    ------
    DataError
        If another one may be meant: parts stand beside what is none, expressions lie deeper or stand in names of
        files, folders of the same name lie below several that are no expressions, or the files are a published set's
        and no folder is named after an expression.
    """
    every = {tuple(name.split("/")[:-1]) for name in names}
    tops = {one[0] for one in every}
    parts = {top for top in tops if _part([top])}
    level = 2 if tops and tops == parts else 1
    asked = "say by level which folder on a path names the class, such as level={}"

    deeper = [
        (place, "/".join(one[: place + 1]))
        for one in sorted(every)
        for place in range(level, len(one))
        if expression(one[place]) not in (None, expression(one[level - 1]))
    ]
    mixed = {one[0] for one in every if one[0] in parts and len(one) > 1} if tops != parts else set()
    if mixed:
        raise _error(
            f"in {home}, {some(sorted(mixed))} are parts of a split, but {some(sorted(tops - parts))} beside them is "
            f"none: move or rename it, or {asked.format(2)}{published}"
        )
    if deeper:
        place, example = deeper[0]
        raise _error(
            f"in {home}, expressions lie deeper than the {'second' if level == 2 else 'first'} folder, such as "
            f"{example}: {asked.format(place + 1)}{published}"
        )
    below: dict[str, set[str]] = {}
    for one in every:
        if len(one) > level:
            below.setdefault(one[level], set()).add(one[level - 1])
    classes = {one[level - 1] for one in every if len(one) >= level}
    if published and not any(map(expression, classes)):
        raise _error(
            f"in {home}, no folder is named after an expression, only {some(sorted(classes))}{published}, or "
            f"{asked.format(level)}"
        )
    spoken = [name for name in names if any(map(expression, re.split(r"[^A-Za-z]+", name.rsplit("/", 1)[-1])))]
    if 2 * len(spoken) > len(names) and not any(map(expression, classes)):
        raise _error(
            f"in {home}, expressions stand in the names of files, such as {spoken[0]}: sort them into folders, "
            f"or, if {some(sorted(classes))} are the classes, say level={level}"
        )
    again = sorted(
        name
        for name, above in below.items()
        if len(above) > 1 and not any(map(expression, above)) and not _part([name])
    )
    if again:
        above = sorted(below[again[0]])
        raise _error(
            f"in {home}, folders of the same name, such as {again[0]}, lie below {some(above)}, which are no words for "
            f"expressions: {asked.format(f'{level} for {above[0]} or level={level + 1} for {again[0]}')}"
        )
    return level


def _names_of_classes(folders: list[str], class_names: str) -> dict[str, str]:
    """The name of the class of each folder.

    Raises
    ------
    DataError
        If folders are numbered and nothing says what the numbers mean.
    UsageError
        If there are not as many names as numbers, or nothing is numbered.
    """
    given = [name.strip() for name in class_names.split(",") if name.strip()]
    numbers = sorted((name for name in folders if name.strip().isdecimal()), key=int)
    numbered = len(numbers) == len(folders)
    if numbers and not numbered:
        others = some([name for name in folders if name not in numbers])
        raise _error(f"the folders {some(numbers)} are numbers, but {others} are words: rename those that are numbers")
    if not numbered and given:
        raise UsageError(f"data set folder: class names are for numbered folders, and {some(folders)} have names")
    if not numbered:
        return {name: expression(name) or printable(name) for name in folders}
    if not given:
        raise DataError(
            f"data set folder: its folders are the numbers {', '.join(numbers)}; nothing says which classes they mean",
            option="class_names",
        )
    if len(given) != len(numbers):
        raise UsageError(
            f"data set folder: there are {len(given)} class names for the {len(numbers)} folders {', '.join(numbers)}",
            option="class_names",
        )
    return {number: expression(name) or name for number, name in zip(numbers, given, strict=True)}


def _people(table: Path | None, pattern: str, names: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The person of each image, by the pattern or the table, empty where there is neither; and notes for the user."""
    if pattern and table is not None:
        raise UsageError(f"data set folder: {table} and a subject pattern both say who is who; give one")
    if pattern:
        return _people_by_pattern(pattern, names), ()
    if table is None:
        return {}, ()
    rows = []
    for line, row in read_table(table, PEOPLE_COLUMNS, _error):
        if not row["subject"]:
            raise _error(f"{table} line {line} gives no subject for {row['path']!r}")
        rows.append((_portable(row["path"]), row["subject"]))
    people = each_once(rows, table, _error)
    unknown = [name for name in names if name not in people]
    if unknown:
        raise _error(f"{table} does not say who {some(unknown)} is")
    absent = sorted(set(people) - set(names))
    return people, ((f"{SUBJECTS} names {len(absent)} images that are not there: {some(absent)}",) if absent else ())


def _portable(path: str) -> str:
    return path.replace("\\", "/").removeprefix("./")


def _people_by_pattern(pattern: str, names: Iterable[str]) -> dict[str, str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"the subject pattern {pattern!r} is not a regular expression: {error}") from error
    if compiled.groups != 1:
        raise UsageError(f"the subject pattern {pattern!r} has {compiled.groups} groups; it must have one, the person")
    people = {}
    for name in names:
        match = compiled.search(name)
        if not match or not match[1]:
            raise _error(f"the subject pattern {pattern!r} finds nobody in {name}")
        people[name] = match[1]
    return people


def _second_labels(home: Path, every: Mapping[str, Path], labels: Mapping[str, str]) -> list[str]:
    """A note of each table or list that labels images too, and of files that may do so in a way that is not read.

    Raises
    ------
    DataError
        If one contradicts the folders.
    """
    short: dict[str, list[str]] = {}
    for name in labels:
        short.setdefault(name.rsplit("/", 1)[-1], []).append(name)
    classes, notes = set(labels.values()), []
    for name, file in every.items():
        suffix = Path(name).suffix.lower()
        other = {}
        for path, word in _labelled(file) if suffix in LISTS else ():
            path, label = _portable(path), expression(word) or word
            meant = [path] if path in labels else short.get(path.rsplit("/", 1)[-1], [])
            if len(meant) == 1 and label in classes:
                other[meant[0]] = label
        if other:
            notes.append(agreement(labels, other, name, _error))
        elif kind(file) == "no image" and MAY_LABEL.search(Path(name).stem):
            notes.append(f"{name} is not read, though by its name it may label images; the folders count")
    return notes


def _labelled(file: Path) -> Iterator[tuple[str, str]]:
    """Path and label of each row of a table with such columns, or of each line of a list of two words a line."""
    if has_columns(file, LABEL_COLUMNS):
        yield from ((row["path"], row["label"]) for _, row in read_table(file, LABEL_COLUMNS, _error))
        return
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            for line in islice(lines, MOST_LINES):
                words = re.split(r"[\s,;]+", line.strip())
                if len(words) == 2:
                    yield words[0], words[1]
    except OSError as error:
        raise _error(f"{file} cannot be read ({error.strerror})") from error
