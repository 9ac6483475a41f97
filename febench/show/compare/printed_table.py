"""What the papers' printed figures can bear, as a table and as data."""

from __future__ import annotations

from febench.papers.significance import CAVEAT, RUNS, PrintedPair, printed_pairs
from febench.show.compare.verdicts import span
from febench.show.tables import Difference, Document, Table, Value
from febench.stats import p_value


def papers_document() -> Document:
    """Welch's t of each pair of the papers' own comparison."""
    pairs = printed_pairs()
    table = Table(
        title=f"What the papers' printed means and sds can bear, n = {RUNS}, points of overall accuracy",
        columns=("Verdict", "difference", "95 % interval", "Welch's t", "p (Holm)"),
        rows=tuple(map(_row, pairs)),
        notes=(CAVEAT,),
        key=("papers",),
    )
    return Document((table,), {"runs": RUNS, "caveat": CAVEAT, "pairs": [vars(pair) for pair in pairs]})


def _row(pair: PrintedPair) -> tuple[Value, ...]:
    return pair.verdict, Difference(pair.difference), span(pair), pair.t, p_value(pair.p_holm)
