"""A row's numbers beside the papers' own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from febench.papers import DETAILED, comparison, sensitivity
from febench.results.metrics import mean_and_sd
from febench.results.results import RowResults
from febench.show.tables.table import Difference, PlusMinus, Value


def spread(row: RowResults) -> PlusMinus | None:
    """Overall accuracy over complete runs; None where there is none."""
    mean, sd = row.mean_and_sd
    return None if mean is None else PlusMinus(mean, sd)


def printed_accuracy(method: str) -> PlusMinus | None:
    """The overall accuracy that the papers print; None where they print none."""
    printed = comparison().get(method)
    return PlusMinus(float(printed.mean), float(printed.sd)) if printed else None


def difference(ours: Value, other: Value) -> Difference | None:
    """Ours minus the other, in points; None where one is missing."""
    if isinstance(ours, PlusMinus) and isinstance(other, PlusMinus):
        return Difference(ours.mean - other.mean)
    return None


def class_spreads(row: RowResults) -> dict[str, PlusMinus | None]:
    """Sensitivity of each class over complete runs."""
    runs = np.asarray(list(row.sensitivities.values())).reshape(-1, len(row.manifest.classes))
    spreads = [mean_and_sd(column[~np.isnan(column)]) for column in runs.T]
    return {
        name: None if mean is None else PlusMinus(mean, sd)
        for name, (mean, sd) in zip(row.manifest.classes, spreads, strict=True)
    }


def printed_sensitivities(row: RowResults) -> dict[str, PlusMinus]:
    """Printed mean and sd of each class, for the methods of which the papers print it."""
    if row.method not in DETAILED:
        return {}
    printed = sensitivity(row.method)
    pairs: zip[tuple[Decimal, Decimal]] = zip(printed.mean, printed.sd, strict=True)
    return {name: PlusMinus(float(m), float(s)) for name, (m, s) in zip(printed.columns, pairs, strict=True)}


def summary_data(row: RowResults) -> dict[str, Any]:
    """Number of complete runs, mean and sd of a row."""
    mean, sd = row.mean_and_sd
    return {"runs": len(row.accuracies), "mean": mean, "sd": sd}


def comparison_data(row: RowResults) -> dict[str, Any]:
    """A row's summary, the papers' numbers and the difference."""
    printed = printed_accuracy(row.method)
    return {
        **summary_data(row),
        "published": vars(printed) if printed else None,
        "difference": difference(spread(row), printed),
    }
