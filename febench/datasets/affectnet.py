"""AffectNet: faces from the web, labelled by hand; both releases and two common copies of it."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from febench.core.dataset import Dataset, dataset
from febench.core.errors import DataError
from febench.datasets.alignment import EYES, MARGIN
from febench.datasets.decoding import in_threads
from febench.datasets.files import IMAGE, Picture
from febench.datasets.loading import choose, make_dataset
from febench.datasets.notes import compare_labels, count_absent, first_few, note_left_out, one_value_each, whole_number
from febench.datasets.source import Source, SourceFile, ending
from febench.datasets.tables import read_table
from febench.datasets.words import WORDS, expression, part_of_split

PARTS_OF_FOLDERS = "train|training|val|valid|validation|test|testing"
SOURCE = Source(
    name="affectnet",
    folders=("affectnet",),
    pattern=ending(
        rf"(?P<set>train|val)_set/(?:images/(?P<number>\d+){IMAGE}|annotations/(?P<annotated>\d+)_exp\.npy)|"
        r"(?P<old>(?:training|validation)\.csv)|(?P<table>labels\.csv)|(?P<names>data\.ya?ml)|"
        rf"(?P<split>train|valid|val|test)/(?:images/(?P<boxed>[^/]+){IMAGE}|labels/(?P<boxes>[^/]+)\.txt)|"
        rf"(?:(?P<part>{PARTS_OF_FOLDERS})(?:_?set)?/)?(?P<folder>{WORDS})/[^/]+{IMAGE}|"
        rf"[^/]+/(?P<hashed>[0-9a-f]{{20,}}){IMAGE}"
    ),
    example="AffectNet/train_set/images/123.jpg, AffectNet/anger/image0000006.jpg, train/labels/x.txt or training.csv",
    terms="get it from mohammadmahoor.com/pages/databases/affectnet (research only, on request)",
    distinctive=ending(
        rf"(?:train|val)_set/(?:images/\d+{IMAGE}|annotations/\d+_exp\.npy)|(?:{WORDS})/image\d{{7}}{IMAGE}|"
        rf"(?:Manually|Automatically)_Annotated[^/]*/(?:[^/]+/)*[0-9a-f]{{20,}}{IMAGE}"
    ),
)
CODES = {
    "0": "neutral", "1": "happy", "2": "sadness", "3": "surprise", "4": "fear", "5": "disgust", "6": "anger",
    "7": "contempt",
}  # fmt: skip
OTHER = {"8": "none", "9": "uncertain", "10": "no face"}
PARTS = {"train": "train", "val": "test", "training": "train", "validation": "test"}
VALIDATION_IS_TEST = "the validation part is the test part, as in the literature: there is no other"
OWN_TEST = "val_set is the test part, as in the literature: the labels of AffectNet's own test set are not published"
LABELS = {"pth": ("pth", "path", "image"), "label": ("label",)}
FIRST_RELEASE_COLUMNS = (
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks", "expression",
    "valence", "arousal",
)  # fmt: skip
FIRST_RELEASE = {
    name: (name.lower(),) for name in FIRST_RELEASE_COLUMNS if name not in ("facial_landmarks", "valence", "arousal")
}
FACE_PIXELS = 224  # size of faces that are cut out of photographs
LABEL_SOURCES = {"any": "any", "table": "table", "folders": "folders"}


@dataset("affectnet", cite="Mollahosseini, Hasani & Mahoor 2017", find=SOURCE.find)
def affectnet(
    data_dir: Path | None = None,
    labels: str = "any",
    size: int = 0,
    align: bool = False,
    eyes: float = EYES,
    margin: float = MARGIN,
) -> Dataset:
    """Colour faces of 224x224 pixels from the web, 8 expressions with contempt; train_set, and val_set for testing.

    AffectNet's own test set has no published labels; as in the literature, the validation set is the test part. Other
    forms are read too: folders of expressions, maybe below train and test, with or without `labels.csv`; YOLO's folders
    of images and labels with `data.yaml`; and the first release, `training.csv` and `validation.csv`, whose faces are
    cut out by their boxes.

    Parameters
    ----------
    data_dir : Path
        The folder that holds them.
    labels : str
        Which source counts if `labels.csv` and the folders contradict each other: `table` or `folders`; `any` refuses.
    size, align, eyes, margin
        As in `jaffe`.
    """
    choose("affectnet", "labels", labels, LABEL_SOURCES)
    files, notes = SOURCE.files(data_dir)
    frame: dict[str, Any] = {"size": size, "align": align, "eyes": eyes, "margin": margin}
    forms: dict[str, tuple[str, Callable[..., Dataset], dict[str, Any]]] = {
        "annotations of each image": ("set", _of_annotations, frame),
        "training.csv and validation.csv": ("old", _of_first_release, {**frame, "size": size or FACE_PIXELS}),
        "YOLO's files of labels": ("boxes", _of_yolo, frame),
        "folders of expressions": ("folder", partial(_of_folders, which=labels), frame),
    }
    present = [name for name, (group, _, _) in forms.items() if any(file.match[group] for file in files)]
    if not present:
        raise SOURCE.error(f"found {first_few([file.id for file in files])}, but nothing that labels images")
    _, read, frame_of_form = forms[present[0]]
    unused = (f"{', '.join(present[1:])} are not used, since there are {present[0]}",) if present[1:] else ()
    return read(files, (*notes, *unused), frame_of_form)


def _of_annotations(files: Sequence[SourceFile], notes: Sequence[str], frame: Mapping[str, Any]) -> Dataset:
    """Read the release with 8 expressions, in which a small array labels each image."""
    images = {_key(file): file for file in files if file.match["number"]}
    annotations = {_key(file): file for file in files if file.match["annotated"]}
    SOURCE.refuse_copies(file for file in files if file.match["number"] or file.match["annotated"])
    if not annotations:
        raise SOURCE.error("found images but no annotation like train_set/annotations/123_exp.npy")
    codes = list(in_threads(_code, list(annotations.values()), "affectnet: reading labels"))
    errors = [_phrase(code) for code in codes if isinstance(code, DataError)]
    if errors:
        raise SOURCE.error(first_few(errors, "; "))
    coded = [(file.path, str(code)) for file, code in zip(annotations.values(), codes, strict=True)]
    labels = dict(zip(annotations, SOURCE.labels(coded, {**CODES, **OTHER}), strict=True))
    pictures = [
        Picture(file.path, file.id, labels[key], part=PARTS[key[0]])
        for key, file in images.items()
        if key in labels and labels[key] not in OTHER.values()
    ]
    absent = [f"{part}_set/images/{number}" for part, number in labels if (part, number) not in images]
    about = (
        *_without_expression([label for key, label in labels.items() if key in images]),
        *note_left_out([file.id for key, file in images.items() if key not in labels], "without an annotation"),
        OWN_TEST,
    )
    return make_dataset(
        "affectnet", pictures, absent=count_absent(absent, "annotated"), notes=(*notes, *about), **frame
    )


def _of_first_release(files: Sequence[SourceFile], notes: Sequence[str], frame: Mapping[str, Any]) -> Dataset:
    """Read the first release: a table for each part, and photographs from which faces are cut out."""
    images = {"/".join(file.path.parts[-2:]).lower(): file for file in files if file.match["hashed"]}
    rows = [
        (PARTS[table.path.stem.lower()], f"{table.path} line {line}", row)
        for table in files
        if table.match["old"]
        for line, row in read_table(table.path, FIRST_RELEASE, SOURCE.error, without_header=FIRST_RELEASE_COLUMNS)
    ]
    labels = SOURCE.labels([(where, row["expression"]) for _, where, row in rows], {**CODES, **OTHER})
    pictures, absent, others = [], [], []
    for (part, where, row), label in zip(rows, labels, strict=True):
        name = "/".join(row["subDirectory_filePath"].replace("\\", "/").split("/")[-2:])
        box = [row[side] for side in ("face_x", "face_y", "face_width", "face_height")]
        if not all(side.isdecimal() for side in box):
            raise SOURCE.error(f"{where}: {', '.join(box)} is not the box of a face")
        left, top, width, height = map(int, box)
        if name.lower() not in images:
            absent.append(name)
        elif label in OTHER.values():
            others.append(label)
        else:
            whole = (left, top, left + width, top + height)
            pictures.append(Picture(images[name.lower()].path, name, label, part=part, box=whole))
    about = (*_without_expression(others), "validation.csv is the test part, as in the literature")
    return make_dataset(
        "affectnet", pictures, absent=count_absent(absent, "in the tables"), notes=(*notes, *about), **frame
    )


def _of_yolo(files: Sequence[SourceFile], notes: Sequence[str], frame: Mapping[str, Any]) -> Dataset:
    """Read YOLO's layout: for each image a file of lines with the number of a class and a box; names in `data.yaml`."""
    tables = [file.path for file in files if file.match["names"]]
    names = _names_in(tables[0]) if tables else []
    if not names:
        raise SOURCE.error("found train/labels/*.txt but no data.yaml with the names of their classes beside train")
    images = {(file.match["split"].lower(), file.match["boxed"]): file for file in files if file.match["boxed"]}
    numbers = {(f.match["split"].lower(), f.match["boxes"]): _numbers(f.path) for f in files if f.match["boxes"]}
    known = {str(number): expression(name) or name.lower() for number, name in enumerate(names)}
    single = {key: min(codes) for key, codes in numbers.items() if len(codes) == 1}
    coded = [(f"{split}/labels/{name}.txt", code) for (split, name), code in single.items()]
    labels = dict(zip(single, SOURCE.labels(coded, known), strict=True))
    splits = {split for split, _ in images}
    parts = {"train": "train", "test": "test", "val": "validation", "valid": "validation"}
    parts = parts if "test" in splits else {**parts, "val": "test", "valid": "test"}
    pictures = [
        Picture(file.path, file.id, labels[key], part=parts[key[0]]) for key, file in images.items() if key in labels
    ]
    absent = [f"{split}/images/{name}" for split, name in numbers if (split, name) not in images]
    about = (
        *note_left_out([file.id for key, file in images.items() if key not in numbers], "without a file of labels"),
        *note_left_out([images[key].id for key in images if len(numbers.get(key, ())) > 1], "of several classes"),
        *note_left_out([images[key].id for key in images if key in numbers and not numbers[key]], "of no class"),
    )
    return make_dataset("affectnet", pictures, absent=count_absent(absent, "labelled"), notes=(*notes, *about), **frame)


def _of_folders(files: Sequence[SourceFile], notes: Sequence[str], frame: Mapping[str, Any], which: str) -> Dataset:
    """Read folders of expressions, maybe below parts, and `labels.csv` (`pth,label,relFCs`) beside them."""
    images = {file.id: file for file in files if file.match["folder"]}
    SOURCE.refuse_copies(images.values())
    folders = {name: expression(file.match["folder"]) or "" for name, file in images.items()}
    tables = [file.path for file in files if file.match["table"]]
    labels, absent = folders, list[str]()
    about: list[str] = []
    if tables:
        listed, absent = _listed(tables, images)
        try:
            about = [compare_labels(folders, listed, tables[0], SOURCE.error)]
        except DataError as error:
            if which == "any":
                raise SOURCE.error(
                    f"{_phrase(error)}, or say which counts: affectnet[labels=table] or affectnet[labels=folders]"
                ) from error
            about = [f"the labels of the {which} are read, which the other source contradicts"]
        labels = folders if which == "folders" else listed
        about += note_left_out([name for name in images if name not in labels], f"not in {tables[0].name}")
    parts = [part_of_split(images[name].match["part"] or "") for name in labels]
    if any(parts) and not all(parts):
        without_part = [name for name, part in zip(labels, parts, strict=True) if not part]
        about.append(f"of no part, so that there is no split: {first_few(without_part)}")
    elif "validation" in parts and "test" not in parts:
        parts = ["test" if part == "validation" else part for part in parts]
        about.append(VALIDATION_IS_TEST)
    pictures = [
        Picture(images[name].path, name, labels[name], part=part) for name, part in zip(labels, parts, strict=True)
    ]
    return make_dataset(
        "affectnet", pictures, absent=count_absent(absent, "in labels.csv"), notes=(*notes, *about), **frame
    )


def _listed(tables: Sequence[Path], images: Mapping[str, SourceFile]) -> tuple[dict[str, str], list[str]]:
    """Return the class that tables give each image, in the order of the images, and the names of absent images."""
    by_path: dict[str, list[str]] = {}
    for name, file in images.items():
        by_path.setdefault(f"{file.match['folder']}/{file.path.name}".lower(), []).append(name)
    if ambiguous := [path for path, names in by_path.items() if len(names) > 1]:
        raise SOURCE.error(f"{tables[0]} does not tell in which part its images are: {first_few(ambiguous)}")
    rows: list[tuple[str, str]] = []
    for table in tables:
        lines = list(read_table(table, LABELS, SOURCE.error))
        classes = SOURCE.labels([(f"{table} line {line}", row["label"]) for line, row in lines], CODES)
        paths = ["/".join(row["pth"].replace("\\", "/").lower().split("/")[-2:]) for _, row in lines]
        rows += zip(paths, classes, strict=True)
    listed = one_value_each(rows, " and ".join(map(str, tables)), SOURCE.error)
    absent = sorted(set(listed) - set(by_path))
    return {names[0]: listed[path] for path, names in by_path.items() if path in listed}, absent


def _without_expression(labels: Sequence[str]) -> list[str]:
    """Return a note that counts the images labelled with no expression; nothing if there are none."""
    others = Counter(label for label in labels if label in OTHER.values())
    counts = ", ".join(f"{label} {count}" for label, count in others.items())
    return [f"left out as labelled with no expression: {counts}"] if others else []


def _phrase(error: DataError) -> str:
    """Return a message without the name of the data set before it."""
    return str(error).removeprefix(str(SOURCE.error("")))


def _key(file: SourceFile) -> tuple[str, str]:
    """Return the folder and number that an image and its annotation share."""
    return file.match["set"].lower(), file.match["number"] or file.match["annotated"]


def _code(file: SourceFile) -> str | DataError:
    """Return the code in an annotation. It is read as an array, never as a pickle, which could run a program."""
    try:
        content = SOURCE.read(file.path)
        return whole_number(str(np.lib.format.read_array(io.BytesIO(content), allow_pickle=False).item()))
    except DataError as error:
        return error
    except Exception as error:
        return SOURCE.error(f"{file.path} is not one number in a NumPy array ({error})")


def _numbers(path: Path) -> set[str]:
    """Return the different class numbers in a file of labels, each line of which begins with one."""
    lines = SOURCE.read(path).decode("ascii", "replace").split("\n")
    return {whole_number(line.split()[0]) for line in lines if line.strip()}


def _names_in(path: Path) -> list[str]:
    """Return the class names in a `data.yaml`: `names: [a, b]`, or lines `- a` or `0: a` below `names:`."""
    text = SOURCE.read(path, 2**16).decode("utf-8-sig", "replace")
    inline = re.search(r"^names:\s*[\[{](.*?)[\]}]", text, re.MULTILINE | re.DOTALL)
    lines = re.search(r"^names:[ \t]*\n((?:[ \t]*(?:-|\d+[ \t]*:).*\n?)+)", text, re.MULTILINE)
    entries = inline[1].split(",") if inline else lines[1].splitlines() if lines else []
    return [re.sub(r"^[ \t]*(?:-|\d+[ \t]*:)", "", entry).strip().strip("'\"") for entry in entries if entry.strip()]
