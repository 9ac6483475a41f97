"""Print the best value of each search beside mealpy's class of the same name, at equal evaluations.

Use: ``python tools/compare_searches.py [--seeds 20] [--evaluations 20000] [--population 50]``; needs mealpy.
Sphere, Rosenbrock and Rastrigin have 30 dimensions in [-5.12, 5.12]; the network is the papers' (16 inputs, 20 hidden
neurons, 7 classes, weights in [-1, 1]) on 560 points of seven overlapping clouds. Medians over seeds; small is good.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from baselines import Double
from baselines.perceptron import Layout, MeanSquaredError
from baselines.search import Box, Objective, PopulationSearch, named_search

PAIRS = {
    "cat-swarm": "mealpy:CSO.OriginalCSO",
    "biogeography": "mealpy:BBO.OriginalBBO",
    "jaya": "mealpy:JA.OriginalJA",
    "tvac-pso": "mealpy:PSO.OriginalPSO",
}


def sphere(x: Double) -> Double:
    """Sum of squares."""
    return np.asarray(np.square(x).sum(axis=1))


def rosenbrock(x: Double) -> Double:
    """The banana-shaped valley."""
    return np.asarray((100 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1 - x[:, :-1]) ** 2).sum(axis=1))


def rastrigin(x: Double) -> Double:
    """A bowl full of dents."""
    return np.asarray((x**2 - 10 * np.cos(2 * np.pi * x) + 10).sum(axis=1))


def network() -> tuple[Objective, Box]:
    """The papers' network on seven overlapping clouds."""
    layout = Layout(16, 20, 7)
    rng = np.random.default_rng(0)
    labels = np.resize(np.arange(7), 560)
    points = rng.normal(size=(7, 16))[labels] + rng.normal(size=(560, 16))
    return MeanSquaredError(points, np.eye(7)[labels], layout), Box(layout.size, -1.0, 1.0)


def problems() -> dict[str, tuple[Objective, Box]]:
    """Objective and box of each problem."""
    box = Box(30, -5.12, 5.12)
    return {
        "sphere": (sphere, box),
        "Rosenbrock": (rosenbrock, box),
        "Rastrigin": (rastrigin, box),
        "network": network(),
    }


def median(make: Callable[[], PopulationSearch], objective: Objective, box: Box, evaluations: int, seeds: int) -> float:
    """Median over seeds of the best value found."""
    values = [
        make().minimise(objective, box, evaluations=evaluations, rng=np.random.default_rng(seed)).value
        for seed in range(seeds)
    ]
    return float(np.median(values))


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("seeds", 20), ("evaluations", 20_000), ("population", 50)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    print("| search | " + " | ".join(problems()) + " |")
    print("|---" * (1 + len(problems())) + "|")
    for own, theirs in PAIRS.items():
        for name in (own, theirs):
            values = [
                median(lambda: named_search(name, options.population), *problem, options.evaluations, options.seeds)  # noqa: B023
                for problem in problems().values()
            ]
            print(f"| {name} | " + " | ".join(f"{value:.4g}" for value in values) + " |", flush=True)


if __name__ == "__main__":
    main()
