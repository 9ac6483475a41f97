"""What the audit found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from febench.show.report.sections import Part, Section, fill, note
from febench.show.report.sources import Source

INTRO = "Leaks, duplicates and faults of the folds that make numbers mislead, as found when the results were computed."
SHOWN = 5


def findings_section(sources: Sequence[Source]) -> Section:
    """Every finding, errors first."""
    return Section("audit", "Audit", INTRO, tuple(map(_part, sources)))


def _part(source: Source) -> Part:
    found = source.audit
    if found is None:
        return Part(source.name, (note("No audit of these folds is stored: nobody looked. febench audit does."),))
    if not found:
        return Part(source.name, (note("The audit found nothing."),))
    return Part(source.name, (fill("findings.html", findings=[_finding(one) for one in sorted(found, key=_severity)]),))


def _severity(finding: dict[str, Any]) -> int:
    order = ("error", "warning", "info")
    return order.index(finding["severity"]) if finding["severity"] in order else len(order)


def _finding(stored: dict[str, Any]) -> dict[str, Any]:
    """What is shown of a finding; all but four parts may be missing in what is stored."""
    examples = [str(one) for one in stored.get("examples") or ()]
    told = {part: str(stored.get(part) or "") for part in ("code", "severity", "title", "detail", "why", "action")}
    count = stored["count"]
    return {**told, "count": count, "examples": examples[:SHOWN], "more": max(0, count - len(examples[:SHOWN]))}
