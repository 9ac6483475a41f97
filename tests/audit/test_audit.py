"""The audit as a whole: what it returns, and that nothing stops it."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from febench.audit import CHECKS, audit, check, checks
from febench.audit.checks import EXAMPLES, Audited, Result
from febench.core.errors import UsageError
from tests.audit.sets import a_set, codes, noise, thirds

PAGE = Path(__file__).parents[2] / "docs" / "data-sets.md"


def test_a_sound_set_under_sound_folds_has_no_findings() -> None:
    data = a_set(subjects=tuple(f"p{i // 2}" for i in range(12)))
    assert audit(data, thirds(data)) == () and audit(data) == ()


def test_every_check_is_told_in_full() -> None:
    assert sorted(CHECKS) == [f"FEB{number:03}" for number in range(1, 24)]
    assert "It has twenty-three coded checks" in PAGE.read_text(encoding="utf-8")
    for one in CHECKS.values():
        assert one.severity in ("error", "warning", "info")
        assert all(re.fullmatch(r"[A-Z].*\S", text) for text in (one.title, one.detected, one.why, one.action))


def test_findings_are_in_the_order_of_their_codes_and_are_json() -> None:
    images = noise(12)
    images[[1, 2, 3]] = 7
    findings = audit(a_set(images=images, subjects=None, departures={"a\nb\udc80": 1}))
    assert [one.code for one in findings] == ["FEB004", "FEB007", "FEB008", "FEB012", "FEB014"]
    stored = json.loads(json.dumps([dataclasses.asdict(one) for one in findings]))
    assert stored[-1]["examples"] == ["a\nb\udc80"]


def test_many_examples_are_cut_and_all_are_counted() -> None:
    images = noise(60)
    images[30:] = images[:30]
    finding = codes(a_set(60, images=images))["FEB004"]
    assert finding.count == 30 and len(finding.examples) == EXAMPLES


def test_a_check_that_raises_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", dict(CHECKS))
    monkeypatch.setattr("febench.audit.CHECKS", checks.CHECKS)

    @check("FEB999", severity="error", title="Nothing", detected="", why="", action="")
    def broken(audited: Audited) -> Result | None:
        raise MemoryError("too large")

    finding = codes(a_set())["FEB999"]
    assert (finding.severity, finding.examples) == ("warning", ("MemoryError: too large",))
    assert finding.title == "This check could not be done: nothing"


def test_folds_of_another_set_are_refused() -> None:
    with pytest.raises(UsageError, match="whose images are not those of sound"):
        audit(a_set(12), thirds(a_set(10)))
