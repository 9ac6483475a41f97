"""Tests of the papers' printed figures: Welch's t from mean, sd and n, for each pair of their comparison."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from febench.papers import Published, comparison, tabulated
from febench.stats import holm

RUNS = 10
"""Behind each printed mean, as the papers say."""
ALPHA = 0.05
CAVEAT = (
    "Welch's t takes the ten runs of each method as independent; they are runs over the same photographs, whose "
    "training groups overlap, so the true uncertainty is larger: this is the most favourable reading, and what is not "
    "significant here is not shown at all"
)


@dataclass(frozen=True)
class PrintedPair:
    """Two printed overall accuracies.

    Attributes
    ----------
    first, second : str
        The methods; the first has the higher mean.
    difference : float
        Of the means, in points.
    low, high : float
        Its 95 % confidence interval.
    t, df, p : float
        Welch's statistic, its degrees of freedom, and two-sided p.
    p_holm : float
        p adjusted by Holm over all pairs.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    t: float
    df: float
    p: float
    p_holm: float

    @property
    def significant(self) -> bool:
        """Whether the adjusted p is at most 0.05."""
        return self.p_holm <= ALPHA

    @property
    def verdict(self) -> str:
        """A sentence on whether the figures show that the first is better."""
        bear = "bear" if self.significant else "do not bear"
        return f"the printed figures {bear} that {self.first} is better than {self.second}"


def printed_pairs() -> tuple[PrintedPair, ...]:
    """Every pair of the papers' Table 3, from printed mean and sd: ten, of five methods, in falling order of means."""
    printed = sorted((comparison()[method] for method in tabulated()), key=lambda one: -one.mean)
    two = list(combinations(printed, 2))
    tests = [welch(a, b) for a, b in two]
    adjusted = holm([test[-1] for test in tests])
    return tuple(
        PrintedPair(a.method, b.method, *test, p_holm=float(p))
        for (a, b), test, p in zip(two, tests, adjusted, strict=True)
    )


def welch(first: Published, second: Published) -> tuple[float, float, float, float, float, float]:
    """Welch's t test (1947, Biometrika 34:28-35) of two printed accuracies: difference, low, high, t, df, p."""
    from scipy.stats import t, ttest_ind_from_stats

    a, b = (float(one.sd) ** 2 / RUNS for one in (first, second))
    difference, scale = float(first.mean - second.mean), (a + b) ** 0.5
    df = (a + b) ** 2 * (RUNS - 1) / (a * a + b * b)
    test = ttest_ind_from_stats(
        float(first.mean), float(first.sd), RUNS, float(second.mean), float(second.sd), RUNS, equal_var=False
    )
    reach = float(t.ppf(0.975, df)) * scale
    return difference, difference - reach, difference + reach, float(test.statistic), df, float(test.pvalue)
