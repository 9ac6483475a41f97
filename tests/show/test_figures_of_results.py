from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from febench.core.errors import UsageError, printable
from febench.core.manifest import Manifest
from febench.papers import overall_accuracy
from febench.papers import sensitivity as printed
from febench.results.metrics import METRICS
from febench.results.results import Results
from febench.results.store import CELLS, Store
from febench.show.compare import Comparison, compare, rank
from febench.show.figures import (
    accuracy,
    confusion,
    cost,
    critical_difference,
    differences,
    figure_svg,
    make_figure,
    save_figure,
    sensitivity,
)
from febench.show.figures.style import wrapped
from tests.made_results import made_cell, made_dataset, made_results

MARKUP = "<b>$x$ & \\y</b>"
OF_RESULTS: tuple[Callable[[Results], Figure], ...] = (accuracy, sensitivity, confusion, cost)


def write_cells(path: Path, store: Store, *cells: Any) -> Results:
    with (path / CELLS).open("a", encoding="utf-8") as file:
        for cell in cells:
            file.write(cell.to_line())
    return Results.of(Store(path))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One whole method of the papers, one of three runs, one of a single run with markup in its name, one of none."""
    path = tmp_path_factory.mktemp("figures")
    images = made_dataset(140, "faces700")
    store = made_results(path, {"resnet50": 0.9}, images)
    made_results(path, {"mine": 0.8}, images, runs=[1, 2, 3])
    made_results(path, {"odd": 0.7}, images, runs=[1], label=MARKUP)
    begun = [made_cell(store.manifest, "begun", 0.6, 1, fold) for fold in (1, 2)]
    lost = made_cell(store.manifest, "begun", 0.6, 1, 3, status="timeout", predictions=None, probabilities=None)
    return write_cells(path, store, *begun, lost)


def words(figure: Figure) -> str:
    """Everything that is written on a figure."""
    texts = [*figure.texts, *(text for axes in figure.axes for text in written(axes))]
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    title = figure.get_suptitle()
    return "\n".join([title, *(text.get_text() for text in texts if text.get_visible()), *legends])


def written(axes: Axes) -> list[Any]:
    return [axes.title, axes._left_title, *axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels()]  # type: ignore[attr-defined]


def row(results: Results, label: str) -> Any:
    return next(one for one in results.rows if one.label == label)


def test_every_run_is_a_dot_where_its_accuracy_is(results: Results) -> None:
    axes = accuracy(results).axes[0]
    dots = np.asarray(axes.collections[0].get_offsets())
    rows = sorted(results.rows, key=lambda row: -(row.summary().mean or 0))
    for index, one in enumerate(rows):
        here = dots[np.abs(dots[:, 1] - index) < 0.5]
        assert sorted(here[:, 0]) == pytest.approx(sorted(one.accuracies.values()))
    [printed_line] = [line for line in axes.containers if line.get_label() == "printed in the papers ± sd"]
    paper = overall_accuracy("resnet50")
    assert printed_line[0].get_xdata()[0] == pytest.approx(float(paper.mean[0]))  # type: ignore[index]


def test_means_are_marked_where_the_tables_have_them(results: Results) -> None:
    axes = accuracy(results).axes[0]
    [means] = [one for one in axes.collections if one.get_label() == "mean of runs"]
    drawn = sorted(float(path.vertices[0][0]) for path in means.get_paths())
    assert drawn == pytest.approx(sorted(one.summary().mean for one in results.rows if one.accuracies))


def test_confusions_are_summed_over_the_complete_runs(results: Results) -> None:
    figure = confusion(results)
    shown = {axes._left_title.get_text().split("\n")[0]: axes for axes in figure.axes}  # type: ignore[attr-defined]
    assert len(shown) == 3
    axes = shown["mine ‡"]
    total = sum(row(results, "mine").confusions.values())
    counts = [text.get_text() for text in axes.texts if text.get_va() == "bottom"]
    assert np.array_equal(np.asarray(counts, dtype=int).reshape(7, 7), total)
    assert total.sum() == 3 * 140
    percent = [text.get_text() for text in axes.texts if text.get_va() == "top"]
    wanted = 100 * total / total.sum(axis=1, keepdims=True)
    assert [float(p or 0) for p in percent] == pytest.approx(wanted.ravel(), abs=0.051)
    assert "H(r=3 of 10, g=10)" in words(figure) and "H(r=10, g=10)" in words(figure)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(results.manifest.classes)


def test_many_classes_have_room(tmp_path: Path) -> None:
    for n in (9, 12, 20):
        classes = tuple(f"class {i}" for i in range(n))
        found = Results.of(made_results(tmp_path / str(n), {"mine": 0.8}, made_dataset(n * 10, "m", classes), runs=[1]))
        assert len(confusion(found).axes[0].texts) == {9: 2 * 81, 12: 144, 20: 0}[n]
        assert len(sensitivity(found).axes[0].get_xticklabels()) == n


def test_sensitivities_stand_by_class_and_run(results: Results) -> None:
    axes = sensitivity(results).axes[0]
    ours = [line for line in axes.lines if line.get_marker() == "o"]
    theirs = [line for line in axes.lines if line.get_marker() == "D"]
    by_run = np.stack(list(row(results, "resnet50").sensitivities.values()))
    assert np.array_equal(np.stack([np.asarray(line.get_ydata()) for line in ours], axis=1), by_run)
    paper = np.asarray(printed("resnet50").runs, dtype=float)
    assert np.array_equal(np.stack([np.asarray(line.get_ydata()) for line in theirs], axis=1), paper)
    for place, line in enumerate(ours):
        assert np.all(np.abs(np.asarray(line.get_xdata()) - place) < 0.5) and np.all(np.diff(line.get_xdata()) > 0)


def test_a_class_without_images_is_left_empty(tmp_path: Path) -> None:
    dataset = dataclasses.replace(made_dataset(140), classes=(*made_dataset(140).classes, "contempt"))
    found = Results.of(made_results(tmp_path, {"resnet50": 0.9}, dataset, runs=[1, 2]))
    assert sensitivity(found).axes and confusion(found).axes


@pytest.mark.parametrize("draw", OF_RESULTS)
def test_what_is_not_whole_says_so(results: Results, draw: Callable[[Results], Figure]) -> None:
    told = words(draw(results))
    assert "3 of 10" in told and "1 of 10" in told
    assert "begun" in told and "1 cells failed" in told and "missing 3, 4" in told


@pytest.mark.parametrize("draw", OF_RESULTS)
def test_drawn_faces_and_audit_errors_are_told(results: Results, draw: Callable[[Results], Figure]) -> None:
    assert "synthetic" not in words(draw(results)) and "FEB001" not in words(draw(results))
    manifest = dataclasses.replace(results.manifest, content={**results.manifest.content, "synthetic": True})
    fault = {"code": "FEB001", "severity": "error", "title": "The same person", "count": 20}
    told = words(draw(dataclasses.replace(results, manifest=manifest, faults=(fault,))))
    assert "synthetic" in told and "FEB001 The same person (20)" in told


@pytest.mark.parametrize("draw", OF_RESULTS)
def test_markup_in_names_stays_text(results: Results, draw: Callable[[Results], Figure]) -> None:
    figure = draw(results)
    assert MARKUP in words(figure).replace("\n", " ")
    assert "<b>" not in figure_svg(figure)


@pytest.mark.parametrize("draw", OF_RESULTS)
@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_the_same_results_make_the_same_file(
    results: Results, draw: Callable[[Results], Figure], suffix: str, tmp_path: Path
) -> None:
    for name in "ab":
        save_figure(draw(results), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_panels_stand_at_the_same_places_each_time(results: Results) -> None:
    assert len({figure_svg(sensitivity(results)) for _ in range(12)}) == 1


@pytest.mark.parametrize("draw", OF_RESULTS)
def test_no_complete_run_is_no_figure(results: Results, draw: Callable[[Results], Figure]) -> None:
    only = dataclasses.replace(results, rows=tuple(one for one in results.rows if one.label == "begun"))
    with pytest.raises(UsageError, match="nothing to draw: no"):
        draw(only)


def test_times_of_two_hosts_are_not_mixed(tmp_path: Path) -> None:
    made_results(tmp_path, {"here": 0.9}, runs=[1, 2], environment="a", seconds={"fit": 2.0, "predict": 0.1})
    made_results(tmp_path, {"here": 0.9}, runs=[3], environment="b", seconds={"fit": 50.0, "predict": 0.1})
    made_results(tmp_path, {"there": 0.8}, runs=[1], environment="b", seconds={"fit": 9.0, "predict": 0.1})
    figure = cost(Results.of(Store(tmp_path)))
    [marks] = figure.axes[0].containers
    assert list(marks[0].get_xdata()) == [2.0]  # type: ignore[index]
    assert "20 cells of 1 other environments are left out" in words(figure)
    assert "not on this host: there" in words(figure).replace("\n   ", " ")


def test_bars_of_another_metric_are_not_called_accuracies(tmp_path: Path) -> None:
    images = dataclasses.replace(made_dataset(140), subjects=None)
    results = Results.of(made_results(tmp_path, {"mine": 0.8}, images))
    assert "the sample sd of the runs' accuracies" in words(cost(results))
    assert "the sample sd of the runs' log-loss" in words(cost(results, metric=METRICS["log-loss"]))


def test_bars_are_the_interval_over_people_where_people_are_known(results: Results) -> None:
    mine = row(results, "resnet50").summary()
    [bars] = [found for found in accuracy(results).axes[0].collections if "people" in str(found.get_label())]
    assert tuple(bars.get_segments()[0][:, 0]) == pytest.approx(mine.interval)  # type: ignore[attr-defined]
    for draw in (accuracy, cost):
        assert "95 % interval for other people of this kind" in words(draw(results)).replace("\n   ", " ")
    _, _, (_, upright) = cost(results).axes[0].containers[0].lines  # type: ignore[attr-defined]
    ends = [tuple(segment[:, 1]) for segment in upright.get_segments()]
    assert any(end == pytest.approx(mine.interval) for end in ends)


def test_rows_are_sorted_by_the_metric_the_best_on_top(results: Results) -> None:
    def names(metric: str) -> list[str]:
        ticks = accuracy(results, metric=METRICS[metric]).axes[0].get_yticklabels()
        return [tick.get_text().split()[0] for tick in ticks]

    assert names("oa") == ["resnet50", "mine", "<b>$x$", "begun"]
    means = {row.label: row.summary(METRICS["log-loss"]).mean for row in results.rows if row.runs}
    best_first = sorted(means, key=lambda label: means[label])
    assert names("log-loss")[:3] == [label.split()[0] for label in best_first]


def test_names_of_crowded_marks_do_not_meet(tmp_path: Path) -> None:
    methods = {f"method-{i:02d}": 0.6 + 0.015 * i for i in range(20)}
    axes = cost(Results.of(made_results(tmp_path, methods, runs=[1, 2]))).axes[0]
    boxes = [text.get_window_extent() for text in axes.texts if text.arrow_patch is None]  # type: ignore[attr-defined]
    assert len(axes.texts) == 20 and len(boxes) > 10
    assert all(not box.overlaps(other) for i, box in enumerate(boxes) for other in boxes[:i])


def test_cells_too_fast_for_the_clock_are_still_drawn(tmp_path: Path) -> None:
    found = made_results(tmp_path, {"mine": 0.9}, runs=[1], seconds={"fit": 0.0, "predict": 0.0})
    [marks] = cost(Results.of(found)).axes[0].containers
    assert list(marks[0].get_xdata()) == [1e-4]  # type: ignore[index]


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """The best, one as good, one much worse, and one with too few runs to say."""
    path = tmp_path_factory.mktemp("differences")
    made_results(path, {"best": 0.9, "rival": 0.89, "poor": 0.5})
    made_results(path, {"new": 0.88}, runs=[1])
    return compare(Results.of(Store(path)))


def test_differences_stand_where_the_tests_have_them(comparison: Comparison) -> None:
    figure = differences(comparison)
    axes = figure.axes[0]
    drawn = {
        float(line.get_ydata()[0]): float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1
    }  # type: ignore[arg-type,index]
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    ahead = {name.split()[0]: drawn[place] for place, name in enumerate(names)}
    means = {one.label: one.mean for one in comparison.standings}
    assert set(ahead) == set(means) - {comparison.best}
    for label in ("rival", "poor"):
        assert ahead[label] == pytest.approx(means[str(comparison.best)] - means[label])
    lines = [segment for one in axes.collections for segment in one.get_segments()]  # type: ignore[attr-defined]
    tested = [
        pair.evidence.test
        for pair in comparison.pairs
        if pair.evidence.test and comparison.best in (pair.first, pair.second)
    ]
    assert sorted(float(segment[0][0]) for segment in lines) == pytest.approx(sorted(test.low for test in tested))
    assert "new (n = 1)" in names and len(lines) == 2


def test_verdicts_have_marks_of_their_own(comparison: Comparison) -> None:
    figure = differences(comparison)
    told = words(figure)
    assert "better" in told and "too few runs" in told
    tested = sum(pair.p_holm is not None for pair in comparison.pairs)
    assert tested < len(comparison.pairs) and f"adjusted by Holm over {tested} pairs" in told
    assert "region of practical equivalence, ±1" in told
    markers = {line.get_label(): line.get_marker() for line in figure.axes[0].lines if not len(line.get_xdata())}  # type: ignore[arg-type]
    assert len(set(markers.values())) == len(markers) >= 2


def test_one_method_differs_from_nothing(comparison: Comparison) -> None:
    with pytest.raises(UsageError, match="no difference to draw"):
        differences(compare(comparison.results, ["best"]))


def test_ranks_over_data_sets_are_drawn_where_they_are(tmp_path: Path) -> None:
    methods = {"best": 0.9, "second": 0.8, MARKUP: 0.6, "poor": 0.4}
    found = [
        Results.of(made_results(tmp_path / str(i), methods, made_dataset(140, f"set{i}"), runs=[1, 2]))
        for i in range(5)
    ]
    ranking = rank([compare(one) for one in found])
    assert ranking is not None
    figure = critical_difference(ranking)
    ends = [float(line.get_xdata()[0]) for line in figure.axes[0].lines]  # type: ignore[arg-type,index]
    assert ends == pytest.approx(list(ranking.ranks))
    told = words(figure)
    assert f"critical difference {ranking.critical_difference:.2f}" in told and f"1.00  {MARKUP}" not in told
    assert all(name in told for name in ("best  1.00", MARKUP, "set0, set1, set2, set3, set4", "Nemenyi"))
    with pytest.raises(UsageError, match="five or more data sets"):
        make_figure("ranks", found[:2])
    with pytest.raises(UsageError, match="five or more data sets"):
        make_figure("ranks", [*found[:4], found[0]])
    new = Results.of(made_results(tmp_path / "new", methods, made_dataset(350, "set0"), "subject", runs=[1, 2]))
    with pytest.raises(UsageError, match="one protocol, and these results are of paper, subject: name the directories"):
        make_figure("ranks", [*found[:4], new])


@pytest.mark.parametrize("draw", OF_RESULTS)
def test_a_long_title_stays_on_the_page(results: Results, draw: Callable[[Results], Figure]) -> None:
    long = f"faces[{','.join(f'parameter{i}={i}' for i in range(9))}]"
    figure = draw(dataclasses.replace(results, manifest=Manifest({**results.manifest.content, "dataset": long})))
    figure.draw_without_rendering()
    assert figure.get_suptitle().replace("\n", "").count(long) == 1
    title = figure._suptitle.get_window_extent()  # type: ignore[attr-defined]
    assert title.x1 < figure.bbox.x1 and title.y1 <= figure.bbox.y1


def test_an_inline_svg_is_one_element_of_no_document(results: Results) -> None:
    svg = figure_svg(accuracy(results))
    assert svg.startswith("<svg") and svg.rstrip().endswith("</svg>") and svg.count("<svg") == 1
    assert "<?xml" not in svg and "DOCTYPE" not in svg


def test_a_users_own_style_changes_nothing(results: Results, tmp_path: Path) -> None:
    from matplotlib import rc_context

    save_figure(accuracy(results), tmp_path / "a.svg")
    with rc_context({"font.size": 20, "axes.facecolor": "black", "lines.linewidth": 9}):
        save_figure(accuracy(results), tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_notebook_is_shown_the_picture(results: Results) -> None:
    shown: bytes = accuracy(results)._repr_png_()  # type: ignore[attr-defined]
    assert shown.startswith(b"\x89PNG")


@given(st.text(max_size=200), st.integers(5, 60))
def test_wrapping_loses_nothing_and_keeps_the_width(name: str, width: int) -> None:
    lines = wrapped(name, width).split("\n")
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", printable(name))
    assert all(len(line) <= width for line in lines)
