"""The images that most methods get wrong, with known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from febench.core.dataset import DATASETS, Dataset, dataset
from febench.results.record import Record
from febench.results.results import Results
from febench.show.report.mistakes import UnshownError, hardest, pictures, png_uri
from tests.show.compare.made import about, made, of_protocol

MANIFEST = of_protocol()


def record(method: str, run: int, fold: int, wrong: dict[int, int]) -> Record:
    """A cell that is right but for some images, which it takes for another class."""
    test = MANIFEST.fold(run, fold).test
    predictions = [wrong.get(int(i), int(MANIFEST.labels[i])) for i in test]
    return Record(f"{method} {run}.{fold}", method, {}, "1", method, run, fold, 0, "ok", predictions)


def results_of(**wrong: dict[int, int]) -> Results:
    """Methods that take some images for another class in all of two runs."""
    return Results.from_records(
        MANIFEST,
        [record(name, run, fold, what) for name, what in wrong.items() for run in (1, 2) for fold in range(1, 11)],
    )


def test_only_what_more_than_half_of_the_methods_get_wrong() -> None:
    found = hardest(results_of(a={0: 3, 1: 2}, b={0: 3, 2: 4}, c={0: 5, 1: 2}, d={}))
    assert [(one.index, one.wrong, one.methods) for one in found] == [(0, 3, 4)]
    first = found[0]
    assert (first.id, first.true, first.share) == ("i0", "a", 75.0)
    assert [(answer.name, answer.methods, answer.right) for answer in first.answers] == [
        ("d", ("a", "b"), False),
        ("a", ("d",), True),
        ("f", ("c",), False),
    ]


def test_the_worst_comes_first_and_no_more_than_asked() -> None:
    found = hardest(results_of(a={0: 3, 1: 2}, b={0: 3, 1: 2}, c={1: 2}), max_shown=1)
    assert [one.index for one in found] == [1]


def test_a_tie_between_runs_counts_as_right() -> None:
    records = [record("a", 1, fold, {0: 3}) for fold in range(1, 11)] + [record("a", 2, f, {}) for f in range(1, 11)]
    assert hardest(Results.from_records(MANIFEST, records)) == []


def test_what_was_never_tested_or_never_mistaken_is_not_shown() -> None:
    assert hardest(Results.from_records(MANIFEST, [])) == []
    assert hardest(results_of(a={})) == []
    partial = Results.from_records(MANIFEST, [record("a", 1, 1, {int(MANIFEST.fold(1, 1).test[0]): 99 % 7})])
    assert len(hardest(partial)) == 1


def test_methods_of_the_answers_add_up() -> None:
    for image in hardest(made(MANIFEST, a=about(30), b=about(30, seed=1), c=about(30, seed=2))):
        assert sum(len(answer.methods) for answer in image.answers) == image.methods == 3
        assert sum(len(answer.methods) for answer in image.answers if not answer.right) == image.wrong > 1


def registered(name: str, found: Dataset) -> None:
    @dataset(name)
    def load() -> Dataset:
        return found

    assert name in DATASETS.names


def drawn(toy: Dataset, synthetic: bool) -> Results:
    from dataclasses import replace

    from febench.core.manifest import draw

    made_set = replace(toy, synthetic=synthetic)
    registered("toy", made_set)
    return Results.from_records(draw(made_set, "paper"), [])


def test_pictures_of_synthetic_faces_are_shown(toy: Dataset) -> None:
    manifest = drawn(toy, synthetic=True).manifest
    assert all(uri.startswith("data:image/png;base64,") for uri in pictures(manifest, [0, 1], allowed=False))


def test_pictures_of_people_need_leave(toy: Dataset) -> None:
    manifest = drawn(toy, synthetic=False).manifest
    with pytest.raises(UnshownError, match="show_images"):
        pictures(manifest, [0], allowed=False)
    assert len(pictures(manifest, [0], allowed=True)) == 1


def test_results_that_call_people_synthetic_do_not_show_them(toy: Dataset) -> None:
    manifest = drawn(toy, synthetic=True).manifest
    del DATASETS._registered["toy"]
    registered("toy", toy)
    with pytest.raises(UnshownError, match="not synthetic"):
        pictures(manifest, [0], allowed=False)


def test_pictures_of_another_data_set_are_not_shown(toy: Dataset) -> None:
    from dataclasses import replace

    manifest = drawn(toy, synthetic=True).manifest
    del DATASETS._registered["toy"]
    registered("toy", replace(toy, images=toy.images[::-1].copy(), synthetic=True))
    with pytest.raises(UnshownError, match="not the one of the results"):
        pictures(manifest, [0], allowed=False)


def test_a_data_set_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(UnshownError, match="cannot be loaded"):
        pictures(MANIFEST, [0], allowed=True, data_dir=tmp_path)


@pytest.mark.parametrize("shape", [(8, 8), (300, 200), (64, 64, 3)])
def test_pictures_are_small(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert len(png_uri(image)) < 20_000
