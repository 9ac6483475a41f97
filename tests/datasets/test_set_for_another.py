"""No loader takes the files of another set for its own: each is tried on the layout of every other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from febench.core.dataset import DATASETS, load_dataset
from febench.core.errors import DataError
from febench.datasets.source import known_sources
from tests.datasets import layouts
from tests.datasets.files import picture
from tests.datasets.layouts import LAYOUTS, OTHER_FORMS, Layout

LOADERS = sorted(source.name for source in known_sources())
EVERY = (*LAYOUTS, *OTHER_FORMS)

every_layout = pytest.mark.parametrize("layout", EVERY, ids=lambda one: f"{one.name}:{one.image}")
Place = Callable[[Layout, Path], Path]


def above(layout: Layout, home: Path) -> Path:
    layout.write(home)
    return home


def itself(layout: Layout, home: Path) -> Path:
    layout.write(home)
    return home / layout.image.split("/")[0]


def deeper(layout: Layout, home: Path) -> Path:
    (home / "downloads").mkdir()
    layout.write(home / "downloads")
    return home


def renamed(layout: Layout, home: Path) -> Path:
    layout.write(home)
    return (home / layout.image.split("/")[0]).rename(home / "copy")


every_place = pytest.mark.parametrize("place", [above, itself, deeper, renamed], ids=lambda layout: layout.__name__)


def test_every_loader_of_named_files_takes_part() -> None:
    without_names = {"faces", "faces700", "folder", "parquet"}
    assert set(LOADERS) == {one.name for one in EVERY} == set(DATASETS.names) - without_names


@every_layout
@every_place
def test_a_loader_reads_its_own_set_and_refuses_every_other(layout: Layout, place: Place, tmp_path: Path) -> None:
    home = place(layout, tmp_path)
    for name in LOADERS:
        find = DATASETS.get(name).find
        assert find is not None and (find(home) is not None) == (name == layout.name), name
        if name != layout.name:
            with pytest.raises(
                DataError, match=rf"data set {name}: found no file like .*named like those of {layout.name} "
            ):
                load_dataset(name, home)
    assert len(load_dataset(layout.name, home)) == layout.length


@every_layout
def test_a_folder_without_words_for_expressions_is_not_read_as_classes(layout: Layout, tmp_path: Path) -> None:
    home = itself(layout, tmp_path)
    try:
        notes = load_dataset("folder[size=16]", home).notes
    except DataError as error:
        assert f"named like those of {layout.name} " in str(error)
    else:  # folders of expressions are classes for whoever asks for them so; the set that fits is named
        assert any(f"named like those of {layout.name} " in note for note in notes)
    with pytest.raises(DataError, match=rf"no \.parquet file .*named like those of {layout.name} "):
        load_dataset("parquet", home)


def test_one_folder_with_all_sets(tmp_path: Path) -> None:
    for layout in (*LAYOUTS, layouts.OTHER_FORMS[0], layouts.OTHER_FORMS[2], layouts.OTHER_FORMS[3]):
        layout.write(tmp_path)
    layouts.own_folders(tmp_path)
    for name in LOADERS:
        [layout] = [one for one in (*LAYOUTS, *OTHER_FORMS[:1], *OTHER_FORMS[2:4]) if one.name == name]
        find = DATASETS.get(name).find
        assert find is not None and find(tmp_path) == tmp_path / layout.image.split("/")[0]
        assert len(load_dataset(name, tmp_path)) == layout.length
    with pytest.raises(DataError, match=r"named like those of affectnet .* and yale .*: load one of these data sets"):
        load_dataset("folder", tmp_path)


def test_sets_in_one_folder_that_does_not_go_by_their_names(tmp_path: Path) -> None:
    for layout in EVERY[:-5]:  # one form a set
        layout.write(tmp_path / "a" / layout.name.replace("+", "p"))
    for layout in EVERY[:-5]:
        assert len(load_dataset(layout.name, tmp_path / "a")) == layout.length, layout.name


def test_own_images_are_taken_for_no_published_set(tmp_path: Path) -> None:
    layouts.own_folders(tmp_path)
    for name in LOADERS:
        find = DATASETS.get(name).find
        assert find is not None and find(tmp_path) is None and find(tmp_path / "mine") is None
        with pytest.raises(DataError, match="found no file like"):
            load_dataset(name, tmp_path)
    with pytest.raises(
        DataError, match=r"files such as mine/test/angry/anna_3\.png could belong to any set.*data set folder"
    ):
        load_dataset("affectnet", tmp_path)
    dataset = load_dataset("folder", tmp_path / "mine")
    assert len(dataset) == 6 and not [note for note in dataset.notes if "named like those" in note]


@pytest.mark.parametrize(("folder", "loader"), [("AffectNet", "affectnet"), ("fer2013", "fer2013"), ("SFEW_2", "sfew")])
def test_general_names_are_of_the_set_after_which_the_nearest_folder_is_named(
    folder: str, loader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("febench.datasets.fer2013.PUBLISHED", {"anger": 1, "happy": 1})
    for word, number in (("angry", 1), ("happy", 2)):
        picture(tmp_path / "archive" / folder / "train" / word / f"film_{number}.png", (48, 48))
    finds = {name: DATASETS.get(name).find for name in LOADERS}
    assert [name for name, find in finds.items() if find and find(tmp_path)] == [loader]
    assert [name for name, find in finds.items() if find and find(tmp_path / "archive" / folder)] == [loader]
    assert len(load_dataset(loader, tmp_path)) == 2
    notes = load_dataset("folder", tmp_path / "archive" / folder).notes
    assert any(f"named like those of {loader} " in note for note in notes)
