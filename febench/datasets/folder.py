"""`folder`: any images sorted into one folder for each class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.core.errors import DataError, UsageError, printable
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.files import Picture, count_suffixes, data_folder, kind_of, portable, walk
from febench.datasets.loading import make_dataset
from febench.datasets.notes import compare_labels, first_few, note_left_out, note_unread, one_value_each
from febench.datasets.source import name_sets_in
from febench.datasets.tables import has_columns, read_table
from febench.datasets.words import expression, part_of_split

SUBJECTS_FILE = "subjects.csv"
SUBJECT_COLUMNS = {"path": ("path",), "subject": ("subject",)}
LABEL_COLUMNS = {
    "path": ("path", "pth", "file", "filename", "file_name", "filepath", "image", "image_path", "image name", "name"),
    "label": ("label", "emotion", "expression", "class"),
}
LIST_SUFFIXES = (".csv", ".tsv", ".txt", ".lst")
MAX_LIST_LINES = 2_000_000
NAME_OF_LABELS = re.compile(r"label|annot|emotion|expression|class", re.IGNORECASE)
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
    """DIR/<class>/<image>, or DIR/{train,val,test}/<class>/<image>; people from subject_pattern or subjects.csv.

    Folders named by the usual words for an expression (`angry`, `Sad`, `happiness`) get the papers' class names. Where
    it is unclear which folder names the class, febench does not guess: `level` says it.

    Parameters
    ----------
    data_dir : Path
        DIR.
    path : str
        A folder in DIR to use instead.
    level : int
        Which folder on an image's path names its class, counted from DIR; 0: the first, or the second below parts.
    class_names : str
        Names of numbered folders, comma-separated, in the order of their numbers.
    size : int
        Height and width in pixels; 0 leaves images as they are, and then all must have one size.
    align, eyes, margin
        Whether faces are aligned by their eyes, and where the eyes then lie: see `febench.datasets.alignment.Frame`.
    subject_pattern : str
        Regular expression with one group, searched in the path from DIR on; the group is the person.
    """
    home = data_folder("folder", data_dir, f"looks like {EXAMPLE}") / path
    if not home.is_dir():
        raise _error(f"there is no folder {home}")
    if level < 0:
        raise UsageError(f"data set folder: level counts folders from 1, or is 0 to find the level, not {level}")
    files = {portable(file, home): file for file in walk(home)}
    kinds = {name: kind_of(file) for name, file in files.items()}
    images = {name: tuple(name.split("/")[:-1]) for name in sorted(files) if kinds[name] == "image"}
    unread = sorted(name for name in files if kinds[name] == "unknown")
    published = name_sets_in(home)
    level = level or _level_of_class(home, [name for name, folders in images.items() if folders], published)
    used = {name: folders for name, folders in images.items() if len(folders) >= level}
    if not used:
        readable = f" that can be read ({count_suffixes(unread)})" if unread else ""
        raise _error(
            f"there are no images{readable} in folders of {home}; it must look like {home}/<class>/<image>{published}"
        )

    class_folders = {name: folders[level - 1] for name, folders in used.items()}
    classes = _name_classes(sorted(set(class_folders.values())), class_names)
    labels = {name: classes[class_folders[name]] for name in used}
    if len(set(labels.values())) < 2:
        below = sorted({folders[level] for folders in used.values() if len(folders) > level})
        advice = f"; if {first_few(below)} are the classes, say level={level + 1}" if below else ""
        only = next(iter(labels.values()))
        raise _error(f"all images of {home} are of one class, {only!r}: there is nothing to compare{advice}{published}")
    parts = _parts(used, level)
    table = next((file for name, file in files.items() if name.casefold() == SUBJECTS_FILE), None)
    people, notes_on_people = _people(table, subject_pattern, used)
    pictures = [Picture(files[name], name, labels[name], people.get(name), part=parts[name]) for name in used]

    spellings = {name: sorted(word for word in classes if classes[word] == name) for name in classes.values()}
    nonempty = {name.split("/")[0] for name in [*images, *unread]}
    empty = {entry.name for entry in home.iterdir() if entry.is_dir() and not entry.name.startswith(".")} - nonempty
    without_part = sorted({"/".join(used[name][:level]) for name in used if parts[name] is None})
    notes = [f"the folders {first_few(words)} are one class, {name}" for name, words in spellings.items() if words[1:]]
    notes += note_left_out(sorted(set(images) - set(used)), "not in the folder of a class")
    notes += note_unread(unread)
    notes += note_left_out(sorted(empty), "a folder without images")
    if without_part and any(parts.values()):
        notes.append(f"of no part, so that there is no split: {first_few(without_part)}")
    notes += notes_on_people
    if published:
        notes.append(f"read as folders of classes{published} to have what else is known of the images")
    notes += _compare_lists(files, labels)
    return make_dataset("folder", pictures, size=size, align=align, eyes=eyes, margin=margin, notes=notes)


def _error(text: str) -> DataError:
    return DataError(f"data set folder: {text}")


def _parts(used: Mapping[str, Folders], level: int) -> dict[str, str | None]:
    """Return the part of each image, by a folder above its class, or by the one below if all images have one there."""
    above = {name: _first_part(folders[: level - 1]) for name, folders in used.items()}
    below = {name: _first_part(folders[level : level + 1]) for name, folders in used.items()}
    return below if not any(above.values()) and all(below.values()) else above


def _first_part(folders: Iterable[str]) -> str | None:
    return next(filter(None, map(part_of_split, folders)), None)


def _level_of_class(home: Path, names: Sequence[str], published: str) -> int:
    """Return which folder on the paths of images names the class: the first, or the second below the parts of a split.

    Parameters
    ----------
    home : Path
        The data folder.
    names : sequence of str
        Paths of images in it.
    published : str
        A clause that names the published sets whose files these are; empty if there are none.

    Raises
    ------
    DataError
        If another folder may name the class: only some top folders are parts of a split; words for expressions stand
        deeper or in file names; folders of one name stand below several folders that are not expressions; or the files
        are those of a published set, and no folder is named after an expression.
    """
    paths = {tuple(name.split("/")[:-1]) for name in names}
    if published and not paths:
        raise _error(f"all images lie in {home} itself, not in a folder for each class{published}")
    tops = {folders[0] for folders in paths}
    parts = {top for top in tops if part_of_split(top)}
    level = 2 if tops and tops == parts else 1
    advice = "say by level which folder on a path names the class, such as level={}"

    if tops != parts and any(folders[0] in parts and len(folders) > 1 for folders in paths):
        split = sorted({folders[0] for folders in paths if folders[0] in parts and len(folders) > 1})
        raise _error(
            f"in {home}, {first_few(split)} are parts of a split, but {first_few(sorted(tops - parts))} beside them is "
            f"none: move or rename it, or {advice.format(2)}{published}"
        )
    for folders in sorted(paths):
        for index in range(level, len(folders)):
            if expression(folders[index]) not in (None, expression(folders[level - 1])):
                raise _error(
                    f"in {home}, expressions lie deeper than the {'second' if level == 2 else 'first'} folder, such as "
                    f"{'/'.join(folders[: index + 1])}: {advice.format(index + 1)}{published}"
                )
    classes = sorted({folders[level - 1] for folders in paths if len(folders) >= level})
    if any(map(expression, classes)):
        _refuse_repeated_folders(home, paths, level, advice)
        return level
    if published:
        raise _error(
            f"in {home}, no folder is named after an expression, only {first_few(classes)}{published}, or "
            f"{advice.format(level)}"
        )
    named = [name for name in names if any(map(expression, re.split(r"[^A-Za-z]+", name.rsplit("/", 1)[-1])))]
    if 2 * len(named) > len(names):
        raise _error(
            f"in {home}, expressions stand in the names of files, such as {named[0]}: sort them into folders, "
            f"or, if {first_few(classes)} are the classes, say level={level}"
        )
    _refuse_repeated_folders(home, paths, level, advice)
    return level


def _refuse_repeated_folders(home: Path, paths: Iterable[Folders], level: int, advice: str) -> None:
    """Refuse folders of one name below several folders that are not expressions: either may be the classes."""
    parents: dict[str, set[str]] = {}
    for folders in paths:
        if len(folders) > level:
            parents.setdefault(folders[level], set()).add(folders[level - 1])
    for name in sorted(parents):
        above = sorted(parents[name])
        if len(above) > 1 and not any(map(expression, above)) and not part_of_split(name):
            raise _error(
                f"in {home}, folders of the same name, such as {name}, lie below {first_few(above)}, which are not "
                f"expressions: {advice.format(f'{level} for {above[0]} or level={level + 1} for {name}')}"
            )


def _name_classes(folders: list[str], class_names: str) -> dict[str, str]:
    """Return the class of each folder.

    Raises
    ------
    DataError
        If folders are numbered and no class names are given.
    UsageError
        If there are not as many class names as numbers, or no folder is numbered.
    """
    names = [name.strip() for name in class_names.split(",") if name.strip()]
    numbers = sorted((name for name in folders if name.strip().isdecimal()), key=int)
    if numbers and len(numbers) < len(folders):
        others = first_few([name for name in folders if name not in numbers])
        raise _error(
            f"the folders {first_few(numbers)} are numbers, but {others} are words: rename those that are numbers"
        )
    if not numbers and names:
        raise UsageError(f"data set folder: class names are for numbered folders, and {first_few(folders)} have names")
    if not numbers:
        return {name: expression(name) or printable(name) for name in folders}
    if not names:
        raise DataError(
            f"data set folder: its folders are the numbers {', '.join(numbers)}; nothing says which classes they mean",
            option="class_names",
        )
    if len(names) != len(numbers):
        raise UsageError(
            f"data set folder: there are {len(names)} class names for the {len(numbers)} folders {', '.join(numbers)}",
            option="class_names",
        )
    return {number: expression(name) or name for number, name in zip(numbers, names, strict=True)}


def _people(table: Path | None, pattern: str, names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return the person of each image, by the pattern or the table, and notes; empty if there is neither."""
    if pattern and table is not None:
        raise UsageError(f"data set folder: {table} and a subject pattern both name the people; give one")
    if pattern:
        return _people_by_pattern(pattern, names), []
    if table is None:
        return {}, []
    rows = []
    for line, row in read_table(table, SUBJECT_COLUMNS, _error):
        if not row["subject"]:
            raise _error(f"{table} line {line} gives no subject for {row['path']!r}")
        rows.append((_plain(row["path"]), row["subject"]))
    people = one_value_each(rows, table, _error)
    unknown = [name for name in names if name not in people]
    if unknown:
        raise _error(f"{table} does not say who {first_few(unknown)} is")
    absent = sorted(set(people) - set(names))
    return people, [
        f"{SUBJECTS_FILE} names {len(absent)} images that are not there: {first_few(absent)}"
    ] if absent else []


def _plain(path: str) -> str:
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


def _compare_lists(files: Mapping[str, Path], labels: Mapping[str, str]) -> list[str]:
    """Return a note on each table or list that labels images too, and on files that may label images but are not read.

    Raises
    ------
    DataError
        If a table or list contradicts the folders.
    """
    by_file_name: dict[str, list[str]] = {}
    for name in labels:
        by_file_name.setdefault(name.rsplit("/", 1)[-1], []).append(name)
    classes, notes = set(labels.values()), []
    for name, file in files.items():
        listed = {}
        for path, word in _listed_labels(file) if Path(name).suffix.lower() in LIST_SUFFIXES else ():
            path, label = _plain(path), expression(word) or word
            matches = [path] if path in labels else by_file_name.get(path.rsplit("/", 1)[-1], [])
            if len(matches) == 1 and label in classes:
                listed[matches[0]] = label
        if listed:
            notes.append(compare_labels(labels, listed, name, _error))
        elif kind_of(file) == "no image" and NAME_OF_LABELS.search(Path(name).stem):
            notes.append(f"{name} is not read, though by its name it may label images; the folders count")
    return notes


def _listed_labels(file: Path) -> Iterator[tuple[str, str]]:
    """Yield path and label of each row of a table, or of each line of a list with two words a line."""
    if has_columns(file, LABEL_COLUMNS):
        yield from ((row["path"], row["label"]) for _, row in read_table(file, LABEL_COLUMNS, _error))
        return
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            for line in islice(lines, MAX_LIST_LINES):
                words = re.split(r"[\s,;]+", line.strip())
                if len(words) == 2:
                    yield words[0], words[1]
    except OSError as error:
        raise _error(f"{file} cannot be read ({error.strerror})") from error
