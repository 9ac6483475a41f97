"""`febench audit`: what is wrong with a data set and its folds, for people or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from febench.audit import Finding, audit
from febench.core.dataset import PARTS, Dataset, load_dataset
from febench.core.errors import printable
from febench.core.manifest import Manifest, draw
from febench.show.formats import to_json

SHOWN = 5


def show_audit(
    selector: str, protocol: str | None, data_dir: Path | None, seed: int, weights: Path | None, as_json: bool
) -> None:
    """Audit a data set, under a protocol if one is given, and print what was found."""
    dataset = load_dataset(selector, data_dir)
    manifest = draw(dataset, protocol, seed) if protocol else None
    findings = audit(dataset, manifest, weights)
    print(_document(dataset, manifest, findings) if as_json else "\n".join(_lines(dataset, manifest, findings)))


def _document(dataset: Dataset, manifest: Manifest | None, findings: Sequence[Finding]) -> str:
    document = {
        "dataset": dataset.name,
        "protocol": manifest.protocol if manifest else None,
        "images": len(dataset),
        "classes": list(dataset.classes),
        "people": len(set(dataset.subjects)) if dataset.subjects else None,
        "parts": Counter(dataset.parts) if dataset.parts else None,
        "findings": [asdict(finding) for finding in findings],
    }
    return to_json([document])


def _lines(dataset: Dataset, manifest: Manifest | None, findings: Sequence[Finding]) -> Iterable[str]:
    yield printable(_head(dataset, manifest))
    for finding in findings:
        yield ""
        yield from map(printable, _about(finding))
    counts = Counter(finding.severity for finding in findings)
    yield ""
    yield ", ".join(f"{count} {severity}{'s' * (count > 1)}" for severity, count in counts.items()) or "no findings"


def _head(dataset: Dataset, manifest: Manifest | None) -> str:
    people = f"{len(set(dataset.subjects))} people" if dataset.subjects else "people unknown"
    counts = Counter(dataset.parts or ())
    parts = ", ".join(f"{part} {counts[part]}" for part in PARTS if counts[part])
    words = [f"{len(dataset)} images", f"{len(dataset.classes)} classes", people]
    words.append(f"its own split ({parts})" if parts else "no split of its own")
    folds = f"protocol {manifest.protocol}, runs {manifest.n_runs}, folds {manifest.n_folds}" if manifest else ""
    return f"{dataset.name}: {', '.join(words)}; {folds or 'no protocol asked for'}"


def _about(finding: Finding) -> Iterable[str]:
    yield f"{finding.severity} {finding.code} {finding.title} ({finding.count})"
    yield from (f"    {example}" for example in finding.examples[:SHOWN])
    if finding.count > SHOWN:
        yield f"    and {finding.count - min(SHOWN, len(finding.examples))} more"
    if finding.detail:
        yield f"  also: {finding.detail}"
    yield f"  why:  {finding.why}"
    yield f"  do:   {finding.action}"
