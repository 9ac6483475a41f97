"""`folder`: any images sorted into a folder a class."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from febench.core.dataset import Dataset, dataset
from febench.core.errors import DataError, UsageError, printable
from febench.datasets.loading import expression, make_dataset
from febench.datasets.source import IMAGE_SUFFIXES, Picture, data_folder, left_out, portable, some, walk

SUBJECTS = "subjects.csv"
PARTS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip


@dataset("folder")
def folder(
    data_dir: Path | None = None,
    path: str = "",
    size: int = 0,
    crop: str = "none",
    margin: float = 0.2,
    subject_pattern: str = "",
) -> Dataset:
    """DIR/<class>/<image>, or DIR/{train,val,test}/<class>/<image>; who is who from subject_pattern or subjects.csv.

    Folders with the usual words for an expression (`angry`, `Sad`, `happiness`) get the papers' names.

    Parameters
    ----------
    data_dir : Path
        DIR.
    path : str
        A folder in it to use instead.
    size : int
        Height and width in pixels; 0 leaves images as they are, and then all must be of one size.
    crop : str
        `face` cuts each image to the face in it.
    margin : float
        What to leave round a face, as a share of its width.
    subject_pattern : str
        Regular expression whose one group, searched in the path from DIR on, is the person.
    """
    home = data_folder("folder", data_dir, "looks like DIR/<class>/<image>") / path
    if not home.is_dir():
        raise _error(f"there is no folder {home}")
    files = {portable(file, home): file for file in walk(home) if file.suffix.lower() in IMAGE_SUFFIXES}
    tops = {name.split("/")[0].casefold() for name in files if "/" in name}
    has_parts = bool(tops) and tops <= set(PARTS)
    depth = 2 if has_parts else 1
    used = [name for name in sorted(files) if name.count("/") >= depth]
    if not used:
        raise _error(f"there are no images in folders of {home}; it must look like {home}/<class>/<image>")
    people = _people(home / SUBJECTS, subject_pattern, used)
    pictures = []
    words: dict[str, set[str]] = {}
    for name in used:
        word = name.split("/")[depth - 1]
        label = expression(word) or printable(word)
        words.setdefault(label, set()).add(word)
        part = PARTS[name.split("/")[0].casefold()] if has_parts else None
        pictures.append(Picture(files[name], name, label, people.get(name), part=part))
    if len(words) < 2:
        raise _error(f"all images of {home} are of one class, {pictures[0].label!r}: there is nothing to tell apart")
    folders = {entry.name for entry in home.iterdir() if entry.is_dir() and not entry.name.startswith(".")}
    notes = (
        *(f"the folders {some(sorted(those))} are one class" for those in words.values() if len(those) > 1),
        *left_out(sorted(set(files) - set(used)), "not in the folder of a class"),
        *left_out(sorted(folders - {name.split("/")[0] for name in used}), "a folder without images"),
    )
    return make_dataset("folder", pictures, size=size, crop=crop, margin=margin, notes=notes)


def _error(text: str) -> DataError:
    return DataError(f"data set folder: {text}")


def _people(table: Path, pattern: str, names: list[str]) -> dict[str, str]:
    """The person of each image: by the pattern, or by the table where it is there; of nobody where neither is."""
    if pattern and table.exists():
        raise UsageError(f"data set folder: {table} and a subject pattern both say who is who; give one")
    if pattern:
        return _people_by_pattern(pattern, names)
    if not table.exists():
        return {}
    people = _people_of_table(table)
    unknown = next((name for name in names if name not in people), None)
    if unknown is not None:
        raise _error(f"{table} does not say who {unknown} is")
    return people


def _people_by_pattern(pattern: str, names: list[str]) -> dict[str, str]:
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


def _people_of_table(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if not {"path", "subject"} <= set(reader.fieldnames or ()):
                raise _error(f"{path} must have the columns path and subject")
            rows = [(row["path"] or "", row["subject"] or "") for row in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        raise _error(f"{path} cannot be read as CSV in UTF-8: {error}") from error
    nobody = next((name for name, person in rows if not person.strip()), None)
    if nobody is not None:
        raise _error(f"{path} gives no subject for {nobody!r}")
    return {name.replace("\\", "/").removeprefix("./"): person.strip() for name, person in rows}
