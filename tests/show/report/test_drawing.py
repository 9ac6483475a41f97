"""Figures as SVG that a strict page shows."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest

from febench.show.figures import accuracy, confusion, cost, sensitivity
from febench.show.report.blocks import figure_block
from febench.show.report.drawing import Drawings
from tests.show.compare.made import about, made, of_protocol

RESULTS = made(of_protocol(), **{"a": about(5), "<b>&\"'": about(20, seed=1)})


@pytest.mark.parametrize("draw", [accuracy, sensitivity, confusion])
def test_no_style_no_foreign_reference_and_every_id_is_there(draw: object) -> None:
    drawings = Drawings()
    svg = drawings.add(draw(RESULTS))  # type: ignore[operator]
    root, shared = ElementTree.fromstring(svg), ElementTree.fromstring(drawings.shared)
    every = [*root.iter(), *shared.iter()]
    assert not [one for one in every if "style" in one.attrib or one.tag == "style"]
    ids = {one.get("id") for one in every if one.get("id")}
    references = {one.get("href", "") for one in every if one.get("href")}
    assert {name[1:] for name in references if name.startswith("#")} <= ids
    assert all(name.startswith(("#", "data:image/png")) for name in references)
    assert set(re.findall(r"url\(#([^)]*)\)", svg)) <= ids


def test_ids_of_two_figures_do_not_meet() -> None:
    drawings = Drawings()
    page = drawings.add(accuracy(RESULTS)) + drawings.add(accuracy(RESULTS)) + drawings.shared
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_names_are_drawn_and_are_no_text() -> None:
    drawings = Drawings()
    svg = drawings.add(accuracy(RESULTS))
    assert "<b>" not in svg
    assert "<text" not in svg
    assert "<!--" not in svg


def test_shapes_stay_where_they_are() -> None:
    figure = plt.figure(figsize=(2, 1))
    figure.text(0.5, 0.5, "x", fontsize=7.5)
    svg = Drawings().add(figure)
    plt.close(figure)
    assert "scale(0.075 -0.075)" in svg


def test_nothing_to_draw_is_said() -> None:
    block = figure_block(Drawings(), "Cost", lambda: cost(RESULTS))
    assert "No figure: there is nothing to draw" in block
