"""A contact sheet: a row a class, as many images as there are and are asked for."""

from __future__ import annotations

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
