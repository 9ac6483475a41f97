from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from febench.core.dataset import Dataset
from febench.core.environment import environment_id
from febench.core.errors import UsageError
from febench.core.manifest import Manifest, draw
from febench.core.method import METHODS, method
from febench.core.registry import load_plugin
from febench.results.record import Record
from febench.running.executors.base import TIME_LIMIT_ERROR
from febench.running.plan import Cell, Estimate, Plan, Row, Trial, make_row, members_of, select_rows, wanted_cells
from tests.conftest import make_dataset


@pytest.fixture(autouse=True)
def own_methods(plugin: Path) -> None:
    load_plugin(plugin)

    @method("slow", sets=["extended"], version="1", presets={"quick": {"steps": 10}})
    def slow(steps: int = 100, lr: float = 0.1) -> None: ...


@pytest.fixture
def manifest(toy: Dataset) -> Manifest:
    return draw(toy, "paper")


def a_record(cell: Cell, fit: float = 1.0, status: str = "ok") -> Record:
    row = cell.row
    return Record(
        cell.key, row.method.name, row.params, row.method.version, row.label, cell.run, cell.fold, cell.seed, status,
        seconds={"fit": fit}, environment=environment_id(),
    )  # fmt: skip


def make_plan(
    rows: list[Row],
    manifest: Manifest,
    records: list[Record],
    runs: int | None = None,
    jobs: int = 1,
    retry_failed: bool = False,
) -> Plan:
    return Plan(tuple(rows), wanted_cells(rows, manifest, runs), tuple(records), jobs, retry_failed)


def rows_of(*names: str, preset: str = "full") -> list[Row]:
    return [make_row(name, preset, {}) for name in names]


def test_all_is_the_five_methods_and_every_plugin_but_not_the_extended() -> None:
    assert members_of("all") == (["bbo", "cso", "hwt", "resnet18", "resnet50", "pixel-svm"], {})
    assert members_of("classical") == (["bbo", "cso", "hwt"], {})
    assert members_of("deep") == (["resnet18", "resnet50"], {})
    assert "lottery" in members_of("extended")[0]
    assert members_of("hwt") == ([], {})


def test_a_broken_package_is_left_out_of_all_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("broken", "no_such_module_anywhere", "febench.methods")
    monkeypatch.setitem(METHODS._offered, "broken", broken)
    rows, absent = select_rows("all")
    assert "pixel-svm" in [row.label for row in rows]
    assert any("broken is left out" in word and "no_such_module_anywhere" in word for word in absent)
    assert select_rows("lottery,extended")[1] == (
        "needy is left out: it needs no_such_package: pip install 'febench[deep]'",
    )


def test_names_and_sets_mix_without_doubles() -> None:
    rows, _ = select_rows("classical,lottery,hwt,hwt[hidden=30]")
    assert [row.label for row in rows] == ["bbo", "cso", "hwt", "lottery", "hwt[hidden=30]"]


def test_presets_change_what_they_name_and_say_so() -> None:
    assert [r.label for r in rows_of("slow", "lottery", preset="quick")] == ["slow (quick)", "lottery"]
    assert make_row("slow[lr=0.2]", "quick", {}).label == "slow (quick)[lr=0.2]"
    assert make_row("slow", "quick", {"slow": {"steps": "20"}}).label == "slow (quick)[steps=20]"
    assert make_row("slow", "paper", {"slow": {"steps": "20"}}).params == {"steps": 20, "lr": 0.1}


@pytest.mark.parametrize(
    ("methods", "preset", "settings", "words"),
    [
        ("nope", "paper", {}, "there is no method 'nope'"),
        ("", "paper", {}, "no method is named"),
        (
            "hwt",
            "paper",
            {"cso": {"hidden": "3"}},
            "parameters are set for method cso, which is not among",
        ),
        ("needy", "paper", {}, r"needy cannot run here: it needs no_such_package: pip install 'febench\[deep\]'"),
    ],
)
def test_what_cannot_be_asked_for(methods: str, preset: str, settings: dict[str, dict[str, str]], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        select_rows(methods, preset, settings)


def test_a_member_of_a_set_that_cannot_run_is_named_not_hidden() -> None:
    rows, absent = select_rows("extended")
    assert "needy" not in [row.method.name for row in rows]
    assert absent == ("needy is left out: it needs no_such_package: pip install 'febench[deep]'",)


def test_breadth_first(manifest: Manifest) -> None:
    plan = make_plan(rows_of("lottery", "slow"), manifest, [], runs=2)
    order = [(cell.run, cell.row.label) for cell in plan.cells[::10]]
    assert order == [(1, "lottery"), (1, "slow"), (2, "lottery"), (2, "slow")]
    assert [cell.fold for cell in plan.cells[:10]] == list(range(1, 11))


@pytest.mark.parametrize("runs", [0, -1, 11])
def test_runs_are_those_of_the_protocol(manifest: Manifest, runs: int) -> None:
    with pytest.raises(UsageError, match="protocol paper has 1 to 10 runs to choose"):
        make_plan(rows_of("lottery"), manifest, [], runs=runs)


def test_stored_cells_are_not_missing_and_failed_ones_only_on_request(manifest: Manifest) -> None:
    rows = rows_of("lottery")
    cells = make_plan(rows, manifest, [], runs=1).cells
    records = [a_record(cells[0]), a_record(cells[1], status="failed")]
    assert len(make_plan(rows, manifest, records, runs=1).missing) == 8
    assert len(make_plan(rows, manifest, records, runs=1, retry_failed=True).missing) == 9


def test_keys_and_seeds_depend_on_what_the_cell_is_and_nothing_else(manifest: Manifest, toy: Dataset) -> None:
    alone = make_plan(rows_of("lottery"), manifest, [], runs=1).cells
    beside = [c for c in make_plan(rows_of("slow", "lottery"), manifest, []).cells if c.row.label == "lottery"][:10]
    assert [(c.key, c.seed) for c in alone] == [(c.key, c.seed) for c in beside]
    everything = make_plan(rows_of("slow", "slow[lr=0.2]", "lottery"), manifest, []).cells
    assert len({cell.key for cell in everything}) == 300
    assert len({cell.seed for cell in everything}) == 200
    elsewhere = make_plan(rows_of("lottery"), draw(toy, "paper", seed=1), [], runs=1).cells
    assert not {c.key for c in alone} & {c.key for c in elsewhere}


def test_a_changed_version_is_another_key(manifest: Manifest) -> None:
    row = rows_of("lottery")[0]
    newer = replace(row, method=replace(row.method, version="2"))
    assert Cell(row, manifest, 1, 1).key != Cell(newer, manifest, 1, 1).key


def test_estimates_are_measured_or_tried_or_unknown(manifest: Manifest) -> None:
    slow, quick = *rows_of("slow"), *rows_of("slow", preset="quick")
    plan = make_plan([slow, quick], manifest, [], runs=1)
    assert plan.estimate(slow) == Estimate(None, "unknown")
    plan = replace(plan, trials={"slow": Trial(None, 0.0, 9.0), "slow (quick)": Trial(None, 0.0, None)})
    assert plan.estimate(slow) == Estimate(9.0, "tried")
    assert plan.estimate(quick) == Estimate(None, "unknown")
    records = [a_record(Cell(slow, manifest, 1, fold), fit=float(fold)) for fold in (1, 2, 3)]
    assert plan.estimate(slow, records) == Estimate(2.0, "measured")
    assert plan.estimate(quick, records) == Estimate(None, "unknown")


def test_estimates_follow_the_latest_cells(manifest: Manifest) -> None:
    slow = rows_of("slow")[0]
    cells = make_plan([slow], manifest, []).cells
    before, now = [a_record(cell, fit=9.0) for cell in cells[:50]], [a_record(cell, fit=3.0) for cell in cells[50:80]]
    plan = make_plan([slow], manifest, before)
    assert plan.estimate(slow) == Estimate(9.0, "measured")
    assert plan.estimate(slow, now) == Estimate(3.0, "measured")
    assert plan.estimate(rows_of("slow", preset="quick")[0]) == Estimate(None, "unknown")


def test_the_remaining_time_is_shared_by_the_workers_and_unknown_until_all_is_known(manifest: Manifest) -> None:
    plan = make_plan(rows_of("slow"), manifest, [], runs=1, jobs=2)
    assert plan.remaining() is None
    plan = replace(plan, trials={"slow": Trial(Path("features"), 5.0, 6.0)})
    assert plan.remaining() == 10 * 6.0 / 2 + 5.0 / 2
    made = [a_record(cell, fit=4.0) for cell in plan.cells[:6]]
    assert plan.remaining(made) == 4 * 4.0 / 2
    assert plan.remaining(made, busy=[3.0, 1.0]) == 2 * 4.0 - 1.0
    assert plan.remaining([a_record(cell, fit=4.0) for cell in plan.cells[:9]], busy=[1.0, 3.0]) == 4.0 - 3.0
    assert make_plan(rows_of("slow", "lottery"), manifest, []).remaining(made) is None


def test_gpus_get_packs_of_a_run_after_all_else_and_their_time_is_known_by_what_came_in(manifest: Manifest) -> None:
    rows = rows_of("slow", "lottery")
    plan = replace(make_plan(rows, manifest, [], runs=2, jobs=2), on_gpus=frozenset({"slow"}), gpus=1, pack=8)
    assert [[(cell.run, cell.fold) for cell in pack] for pack in plan.packs] == [
        [(run, fold) for fold in folds] for run in (1, 2) for folds in (range(1, 9), range(9, 11))
    ]
    assert plan.workers_in_words == "2 workers and 1 GPU"
    assert replace(plan, rows=(rows[0],), cells=tuple(plan.of(rows[0])), gpus=3).workers_in_words == "3 GPUs"
    plan = replace(plan, trials={"slow": Trial(None, 0.0, 1.0), "lottery": Trial(None, 0.0, 4.0)})
    assert plan.remaining() is None
    assert plan.remaining(paces={"slow": 3.0}) == 20 * 4.0 / 2 + 20 * 3.0
    made = [a_record(cell) for cell in (*plan.of(rows[1]), *plan.packs[0])]
    assert plan.remaining(made, busy=[9.0, 9.0], paces={"slow": 3.0}) == 12 * 3.0


@settings(max_examples=25)
@given(n_shards=st.integers(1, 30), runs=st.integers(1, 4), n_rows=st.integers(1, 3))
def test_shards_share_out_the_cells_of_each_row_evenly(n_shards: int, runs: int, n_rows: int) -> None:
    names = ("majority", "hwt", "bbo")[:n_rows]
    rows = rows_of(*names)
    manifest = draw(make_dataset([i % 7 for i in range(70)]), "paper")
    shards = [wanted_cells(rows, manifest, runs, (number, n_shards)) for number in range(1, n_shards + 1)]
    assert sorted(cell.key for shard in shards for cell in shard) == sorted(
        cell.key for cell in wanted_cells(rows, manifest, runs)
    )
    for row in rows:
        sizes = [sum(cell.row is row for cell in shard) for shard in shards]
        assert max(sizes) - min(sizes) <= 1


def test_features_that_rows_share_take_their_time_once(manifest: Manifest) -> None:
    slow, quick = *rows_of("slow"), *rows_of("slow", preset="quick")
    plan = make_plan([slow, quick], manifest, [], runs=1)
    trial = Trial(Path("features"), 7.0, 1.0)
    assert replace(plan, trials={slow.label: trial, quick.label: trial}).remaining() == 20 + 7.0


def test_one_cell_of_each_row_whose_time_is_unknown_goes_first(manifest: Manifest) -> None:
    slow, quick, lottery = *rows_of("slow"), *rows_of("slow", preset="quick"), *rows_of("lottery")
    plan = make_plan([slow, quick, lottery], manifest, [], runs=1)
    plan = replace(plan, trials={slow.label: Trial(None, 0.0, 1.0)})
    order = [cell.row.label for cell in plan.missing]
    assert order == ["slow (quick)", "lottery", *["slow"] * 10, *["slow (quick)"] * 9, *["lottery"] * 9]


@pytest.mark.parametrize(("timeout", "again"), [(5.0, False), (4.0, False), (5.1, True), (None, True)])
def test_a_cell_stopped_at_a_shorter_time_limit_is_wanted_again(
    toy: Dataset, timeout: float | None, again: bool
) -> None:
    rows, manifest = rows_of("hwt"), draw(toy, "paper")
    failed = a_record(wanted_cells(rows, manifest, 1)[0], status="timeout")
    stopped = replace(failed, predictions=None, error=TIME_LIMIT_ERROR.format(5.0))
    plan = Plan(tuple(rows), wanted_cells(rows, manifest, 1), (stopped,), timeout=timeout)
    assert (len(plan.missing) == 10) is again


def test_cells_that_will_not_end_in_time_are_named_before_they_begin(toy: Dataset) -> None:
    rows, manifest = rows_of("hwt"), draw(toy, "paper")
    cells = wanted_cells(rows, manifest, 1)
    trials = {"hwt": Trial(None, 0.0, 1980.0)}
    [sentence] = Plan(tuple(rows), cells, timeout=1800.0, trials=trials).over_limit()
    assert sentence.startswith("hwt: a cell is expected to take 33 min, more than the time limit of 30 min")
    assert Plan(tuple(rows), cells, timeout=3600.0, trials=trials).over_limit() == []
    assert Plan(tuple(rows), cells, timeout=None, trials=trials).over_limit() == []
