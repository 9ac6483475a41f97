"""A contact sheet has a row for each class or person, with names under the images."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from febench.core.errors import UsageError
from febench.show.sheet import draw_sheet, save_sheet
from tests.conftest import make_dataset


def test_each_class_has_a_row(tmp_path: Path) -> None:
    data = make_dataset([0, 0, 0, 1], classes=3)
    assert draw_sheet(data, 5).height == draw_sheet(data, 1).height
    assert np.asarray(draw_sheet(data, 5)).shape[1] > np.asarray(draw_sheet(data, 1)).shape[1]
    save_sheet(data, tmp_path / "sheet.png", 2)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG" and sheet.size == draw_sheet(data, 2).size


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    data = make_dataset([0, 1])
    with pytest.raises(UsageError, match="at least 1 column, not 0"):
        draw_sheet(data, 0)
    with pytest.raises(UsageError, match=r"a sheet must end in \.png or \.jpg"):
        save_sheet(data, tmp_path / "sheet.pdf")


def test_each_person_has_a_row_with_images_of_every_class() -> None:
    data = make_dataset([0, 1, 0, 1, 0, 1], ["ann", "ann", "bob", "bob", "ann", "ann"], classes=2)
    by_class, by_person = draw_sheet(data, 2), draw_sheet(data, 2, by="person")
    assert by_class.size == by_person.size  # two classes, two people
    three = dataclasses.replace(data, subjects=("ann", "cat", "bob", "bob", "ann", "ann"))
    assert draw_sheet(three, 2, by="person").height > by_person.height


def test_the_name_of_an_image_and_its_person_stand_below_it() -> None:
    data = make_dataset([0, 1], subjects=["ann", "bob"])
    renamed = dataclasses.replace(data, ids=("x/y.png", data.ids[1]))
    other_person = dataclasses.replace(data, subjects=("eve", "bob"))
    sheets = [np.asarray(draw_sheet(changed, 1)) for changed in (data, renamed, other_person)]
    name_line, person_line = 8 + 14 + 96, 8 + 14 + 96 + 14
    assert (sheets[0][name_line : name_line + 14] != sheets[1][name_line : name_line + 14]).any()
    assert (sheets[0][person_line : person_line + 14] != sheets[2][person_line : person_line + 14]).any()
    assert (sheets[0][:name_line] == sheets[1][:name_line]).all()


def test_people_who_are_not_known_or_too_many_are_not_passed_over_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="does not say which images show the same person"):
        draw_sheet(make_dataset([0, 1]), by="person")
    with pytest.raises(UsageError, match="by class or person, not 'people'"):
        draw_sheet(make_dataset([0, 1]), by="people")
    data = make_dataset([0, 1, 0], ["ann", "bob", "cat"])
    whole = draw_sheet(data, by="person")
    monkeypatch.setattr("febench.show.sheet.MAX_ROWS", 2)
    cut = draw_sheet(data, by="person")
    assert cut.height < whole.height and (np.asarray(cut)[-14:] != 255).any()  # "and 1 more"
