"""What is left when faces are new."""

from __future__ import annotations

from collections.abc import Sequence

from febench.show.report.sources import Source
from febench.show.report.words import points

ASK = "febench run --dataset NAME --protocol subject measures it"


def when_faces_are_new(source: Source, siblings: Sequence[Source]) -> str:
    """What one protocol says of new faces, with those of the same images beside it."""
    if source.faces == "new":
        return "This is on new faces: nobody tested was trained on."
    if source.faces == "not known":
        return "Nobody can say: the data set does not tell its people apart."
    new = next((one for one in siblings if one.faces == "new"), None)
    if new is None:
        return f"Not measured here: every accuracy above is on people who were also trained on ({ASK})."
    return _fall(source.comparison.best, source, new)


def the_drop(sources: Sequence[Source]) -> str:
    """The best on seen faces and the best on new ones, each under both; empty where there is no such pair."""
    seen = next((one for one in sources if one.faces == "seen"), None)
    new = next((one for one in sources if one.faces == "new"), None)
    if seen is None or new is None:
        return ""
    best = dict.fromkeys(one.comparison.best for one in (seen, new) if one.comparison.best is not None)
    return " ".join(_fall(label, seen, new) for label in best)


def _fall(label: str | None, seen: Source, new: Source) -> str:
    before, after = _mean(seen, label), _mean(new, label)
    if before is None or after is None:
        protocols = " and ".join(one.results.manifest.protocol for one in (seen, new))
        return f"{label or 'No method'} has not a complete run under each of {protocols}."
    verb = "falls" if after < before else "goes"
    return f"{label} {verb} from {before:.2f} % to {after:.2f} %: {points(after - before)}."


def _mean(source: Source, label: str | None) -> float | None:
    row = source.results.row(label) if label is not None else None
    return row.mean_and_sd[0] if row else None
