"""What the best method costs, and the quickest of those that it is not better than; of one host only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from febench.results.costs import Cost, Host, hosts
from febench.results.results import Results
from febench.show.formats.values import significant
from febench.show.report.lead import Lead
from febench.show.report.rivals import NOT_BETTER, labels
from febench.show.report.words import seconds, times


def what_it_costs(results: Results, best: str | None, lead: Lead) -> str:
    """Training and prediction time of the best, beside the quickest of its equals and of all."""
    every = hosts(results)
    mine = _of(every[0], [best]) if every and best is not None else []
    if not mine:
        return "Not known: no times are stored" + (f" of {best} on the host of most cells." if every else ".")
    cost = max(mine, key=lambda one: one.cells)
    return " ".join([_told(cost, every[0]), *_equals(cost, every[0], lead), *_others(every)])


def _of(host: Host, wanted: Sequence[str | None]) -> list[Cost]:
    return [cost for cost in host.costs if cost.row.label in wanted]


def _fit(cost: Cost) -> float:
    return float(np.median(cost.fit))


def _told(cost: Cost, host: Host) -> str:
    predict = significant(float(np.median(cost.predict)))
    told = (
        f"{seconds(_fit(cost))} to train {cost.row.label} on a fold ({cost.device}), {predict} ms to predict an image"
    )
    return f"{told}{_quickest(cost, host)}."


def _quickest(cost: Cost, host: Host) -> str:
    """How it stands to the quickest of all."""
    found = min(host.costs, key=_fit)
    if found is cost:
        return "; no other method trains faster" if len(host.costs) > 1 else ""
    if found.row.label == cost.row.label or not _fit(found):
        return ""
    return f"; {times(_fit(cost) / _fit(found))} the training time of {found.row.label}, the quickest"


def _equals(cost: Cost, host: Host, lead: Lead) -> list[str]:
    """The quickest method that the best is not better than."""
    rivals = _of(host, labels(lead.rivals, *NOT_BETTER))
    quicker = min((one for one in rivals if _fit(one) < _fit(cost)), key=_fit, default=None)
    return [f"{quicker.row.label}, not shown to be worse, takes {seconds(_fit(quicker))}."] if quicker else []


def _others(every: Sequence[Host]) -> list[str]:
    more = len(every) - 1
    return [f"Times of {more} other environment{'s' * (more > 1)} stand in tables of their own."] if more else []
