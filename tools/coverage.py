"""Measure how often 95 % intervals over people cover the mean that a method has on other people, trained and tested.

The built-in face model draws each person from a random stream of their own. `simulate` draws a pool of 1,050 people,
cuts it into sets of 10, 20 and 70, deals each set's folds by febench's own protocols, trains every classifier on every
fold, and stores the accuracy of each tested person and of each fold. `table` reads these accuracies and prints how
often the interval of each rule holds the mean over all sets. It takes seconds: a rule is tried without new training.

Use::

    python tools/coverage.py simulate FOLDER [--classifiers coarse,ridge,kernel,nearest,random,bbo] [--people 10,20,70]
                                             [--draws 200]
    python tools/coverage.py table FOLDER [-o TABLE.csv]

`simulate` can be interrupted and started again: what is stored is not computed again. Set OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import solve
from scipy.spatial.distance import cdist
from scipy.special import stdtrit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from baselines.features import gradient_histograms, wavelet_entropy
from baselines.network import SwarmNetwork
from baselines.search import Biogeography
from febench.core.dataset import Dataset
from febench.core.manifest import Manifest, draw
from febench.datasets.faces import CLASSES, draw_pictures
from febench.datasets.faces.identity import sample_person
from febench.stats.intervals import TRAINING_WEIGHT

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Predict = Callable[[Indices, Indices, Indices, int], Indices]
"""Predict a fold's test images: (train, validation, test, seed) to class indices of the test images."""

POOL_SEED, SHOTS, IMAGE_SIZE = 2901, 5, 64
PEOPLE_PER_FILE, POOL_FILES = 50, 21
"""The first file's people fix the scale of the features; the others are drawn into sets."""
POOL_PEOPLE = PEOPLE_PER_FILE * (POOL_FILES - 1)
DRAWS_PER_FILE = 10
N_CLASSES = len(CLASSES)
IMAGES_PER_PERSON = N_CLASSES * SHOTS
PROTOCOLS = {"paper": "paper[runs=3]", "subject": "subject[runs=3]", "loso": "loso[runs=1]"}
SWARM_RUNS = 1
SWARM_EVALUATIONS, MAX_SWARM_FOLDS = 1_000, 10
SIZES = (10, 20, 70)
MERGED = np.array([0, 0, 0, 1, 0, 0, 2])
"""What `coarse` tells apart: happiness, surprise, and all others."""
FOURIER_FEATURES, RANDOM_NEURONS, SWARM_NEURONS = 200, 12, 10


def make_pool(folder: Path) -> None:
    """Draw the pool's pictures and store their features, a file for every 50 people."""
    for number in range(POOL_FILES):
        path = folder / f"pool-{number:02d}.npz"
        if not path.exists():
            images = np.stack(list(draw_pictures(PEOPLE_PER_FILE, SHOTS, IMAGE_SIZE, POOL_SEED + number)))
            hog = gradient_histograms(images, size=IMAGE_SIZE, cell=16)
            write(path, hog=hog, entropy=wavelet_entropy(images, size=IMAGE_SIZE))
            print(path, flush=True)


def read_pool(folder: Path) -> dict[str, Floats]:
    """Features of the pool, standardised by the people of the first file, shape (people, images, features) each."""
    files = [np.load(folder / f"pool-{number:02d}.npz") for number in range(POOL_FILES)]
    rng = np.random.default_rng(0)
    pool = {}
    for name in ("hog", "entropy"):
        scale, *rest = (np.asarray(file[name], dtype=np.float64) for file in files)
        standard = (np.concatenate(rest) - scale.mean(axis=0)) / (scale.std(axis=0) + 1e-9)
        pool[name] = standard.reshape(POOL_PEOPLE, IMAGES_PER_PERSON, -1)
    weights = rng.standard_normal((pool["entropy"].shape[-1], FOURIER_FEATURES)) / np.sqrt(pool["entropy"].shape[-1])
    pool["fourier"] = np.cos(pool["entropy"] @ weights + rng.uniform(0, 2 * np.pi, FOURIER_FEATURES))
    return pool


def people_of_draw(n_people: int, number: int) -> Indices:
    """The people of one set, half of them women, as the face model has it.

    The pool is shuffled and cut into disjoint sets; when it is used up it is shuffled again.
    """
    per_shuffle = POOL_PEOPLE // n_people
    shuffle, position = divmod(number, per_shuffle)
    rng = np.random.default_rng([n_people, shuffle])
    women, men = (rng.permutation(np.flatnonzero(sex_of_pool() == sex)) for sex in (0, 1))
    people = np.column_stack([women, men]).ravel()
    return people[position * n_people : (position + 1) * n_people]


@cache
def sex_of_pool() -> Indices:
    """1 for each man of the pool, 0 for each woman; both are equally many."""
    numbers = [(POOL_SEED + file, person) for file in range(1, POOL_FILES) for person in range(PEOPLE_PER_FILE)]
    return np.array([int(sample_person(seed, person).masculine) for seed, person in numbers])


def light_dataset(n_people: int, number: int) -> Dataset:
    """A data set with labels and people and no pictures, which is all that protocols look at."""
    n = n_people * IMAGES_PER_PERSON
    return Dataset(
        name=f"draw-{n_people}-{number}",
        images=np.zeros((n, 1, 1), dtype=np.uint8),
        labels=labels_of(n_people),
        classes=CLASSES,
        ids=tuple(map(str, range(n))),
        subjects=tuple(f"p{person:03d}" for person in range(n_people) for _ in range(IMAGES_PER_PERSON)),
        synthetic=True,
    )


def labels_of(n_people: int) -> Indices:
    """Class index of each image of a set."""
    return np.tile(np.repeat(np.arange(N_CLASSES), SHOTS), n_people).astype(np.int64)


def ridge(inputs: Floats, labels: Indices, penalty: float) -> Predict:
    """Least squares on one-hot targets; sums of products are taken once a set, and the test images' ones subtracted."""
    inputs = np.column_stack([inputs, np.ones(len(inputs))]).astype(np.float32)
    targets = np.eye(N_CLASSES, dtype=np.float32)[labels]
    gram, moment = inputs.T @ inputs, inputs.T @ targets

    def predict(train: Indices, validation: Indices, test: Indices, seed: int) -> Indices:
        left_out = np.concatenate([validation, test])
        some = inputs[left_out]
        left = gram - some.T @ some + penalty * np.eye(len(gram), dtype=np.float32)
        weights = solve(left, moment - some.T @ targets[left_out], assume_a="pos", check_finite=False)
        return np.asarray((inputs[test] @ weights).argmax(axis=1))

    return predict


def nearest(inputs: Floats, labels: Indices) -> Predict:
    """The label of the nearest training image."""
    distances = cdist(inputs.astype(np.float32), inputs.astype(np.float32)).astype(np.float32)

    def predict(train: Indices, validation: Indices, test: Indices, seed: int) -> Indices:
        return np.asarray(labels[train[distances[np.ix_(test, train)].argmin(axis=1)]])

    return predict


def random_network(inputs: Floats, labels: Indices) -> Predict:
    """A few random neurons, drawn anew in each fold, and least squares: as noisy as a short search, and cheap."""
    targets = np.eye(N_CLASSES, dtype=np.float32)[labels]

    def predict(train: Indices, validation: Indices, test: Indices, seed: int) -> Indices:
        rng = np.random.default_rng(seed)
        weights = rng.standard_normal((inputs.shape[1], RANDOM_NEURONS)) / 2
        hidden = np.column_stack([np.tanh(inputs @ weights), np.ones(len(inputs))])
        solution = np.linalg.lstsq(hidden[train], targets[train], rcond=None)[0]
        return np.asarray((hidden[test] @ solution).argmax(axis=1))

    return predict


def swarm(inputs: Floats, labels: Indices) -> Predict:
    """The network of `bbo` with a small budget; the validation group chooses among its final population."""
    single = inputs.astype(np.float32)

    def predict(train: Indices, validation: Indices, test: Indices, seed: int) -> Indices:
        search = Biogeography(population=20, mutation=0.005, elites=2)
        network = SwarmNetwork(search, SWARM_EVALUATIONS, hidden=SWARM_NEURONS, bound=2.0, random_state=seed)
        network.fit(single[train], labels[train], single[validation], labels[validation])
        return np.asarray(network.predict(single[test]))

    return predict


CLASSIFIERS: dict[str, Callable[[dict[str, Floats], Indices], Predict]] = {
    "coarse": lambda features, labels: ridge(features["hog"], labels, penalty=300.0),
    "ridge": lambda features, labels: ridge(features["hog"], labels, penalty=300.0),
    "kernel": lambda features, labels: ridge(features["fourier"], labels, penalty=0.1),
    "nearest": lambda features, labels: nearest(features["entropy"], labels),
    "random": lambda features, labels: random_network(features["entropy"], labels),
    "bbo": lambda features, labels: swarm(features["entropy"], labels),
}
"""`coarse` and `ridge` see HOG; the first is to tell the classes of `MERGED` apart only. The others see 16 wavelet
entropies: a kernel machine (random Fourier features), the nearest neighbour, a random network, the project's swarm."""


def wanted(classifier: str, labels: Indices) -> Indices:
    """What a classifier is to answer for each image."""
    return MERGED[labels] if classifier == "coarse" else labels


def accuracies(
    manifest: Manifest, runs: int, labels: Indices, n_people: int, predict: Predict
) -> tuple[Floats, Floats]:
    """Accuracy in % of each person in each run, shape (runs, people), and of each fold, shape (runs, folds)."""
    correct = np.zeros((runs, len(labels)))
    by_fold = np.zeros((runs, manifest.n_folds))
    for run in range(runs):
        for fold in range(manifest.n_folds):
            parts = manifest.fold(run + 1, fold + 1)
            seed = manifest.cell_seed("method", run + 1, fold + 1)
            hits = predict(parts.train, parts.validation, parts.test, seed) == labels[parts.test]
            correct[run, parts.test] = hits
            by_fold[run, fold] = hits.mean()
    return 100 * correct.reshape(runs, n_people, -1).mean(axis=2), 100 * by_fold


def simulate(folder: Path, classifiers: list[str], sizes: list[int], n_draws: int) -> None:
    """Store the accuracies of all draws that are not stored yet, ten draws a file."""
    make_pool(folder)
    pool = read_pool(folder)
    for start in range(0, n_draws, DRAWS_PER_FILE):
        for n_people in sizes:
            paths = {name: folder / f"draws-{n_people}-{name}-{start:03d}.npz" for name in classifiers}
            missing = {name: path for name, path in paths.items() if not path.exists()}
            results: dict[str, dict[str, list[Any]]] = {name: {} for name in missing}
            for number in range(start, start + DRAWS_PER_FILE) if missing else ():
                labels, people = labels_of(n_people), people_of_draw(n_people, number)
                features = {name: array[people].reshape(len(labels), -1) for name, array in pool.items()}
                predictors = {name: CLASSIFIERS[name](features, wanted(name, labels)) for name in missing}
                dataset = light_dataset(n_people, number)
                for protocol, selector in PROTOCOLS.items():
                    manifest = draw(dataset, selector)
                    for name, predict in predictors.items():
                        runs = SWARM_RUNS if name == "bbo" else manifest.n_runs
                        if name == "bbo" and len(manifest.roles) > MAX_SWARM_FOLDS:
                            continue
                        of_people, of_folds = accuracies(manifest, runs, wanted(name, labels), n_people, predict)
                        results[name].setdefault(f"{protocol}_people", []).append(of_people.astype(np.float32))
                        results[name].setdefault(f"{protocol}_folds", []).append(of_folds.astype(np.float32))
            for name, arrays in results.items():
                write(missing[name], **{key: np.stack(values) for key, values in arrays.items()})
                print(missing[name], flush=True)


def write(path: Path, **arrays: NDArray[Any]) -> None:
    """Write arrays into a file that has its name only when it is whole."""
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    partial.replace(path)


def read_draws(folder: Path, classifier: str, n_people: int) -> dict[str, Floats]:
    """All stored accuracies of a classifier, the draws along the first axis; empty if there are none."""
    files = [np.load(path) for path in sorted(folder.glob(f"draws-{n_people}-{classifier}-*.npz"))]
    keys = files[0].files if files else []
    return {key: np.concatenate([file[key] for file in files]).astype(np.float64) for key in keys}


@dataclass(frozen=True)
class Setting:
    """The values of all draws of one setting.

    Attributes
    ----------
    kind : str
        `mean`, `difference` or `drop`.
    what, protocol : str
        The classifiers and the protocols.
    n_people, runs : int
        People of a draw, and runs that are averaged.
    people : array, shape (draws, people)
        A value for each tested person.
    folds : array, shape (draws, folds of all runs)
        A value for each fold; of use for differences.
    truth : float
        The mean over all draws and all runs.
    """

    kind: str
    what: str
    protocol: str
    n_people: int
    runs: int
    people: Floats
    folds: Floats
    truth: float

    @property
    def training_people(self) -> float:
        """People in the training part of a fold."""
        return {"paper": 1.0, "loso": 1 - 2 / self.n_people}.get(self.protocol, 0.8) * self.n_people

    @property
    def deviations(self) -> Floats:
        """The draws' means minus the truth, without the loss of spread that comes of a pool of finite size."""
        return np.asarray((self.people.mean(axis=1) - self.truth) / np.sqrt(1 - self.n_people / POOL_PEOPLE))

    def coverage(self, low: Floats, high: Floats) -> float:
        """Share of the draws, in %, whose interval holds the truth; ends are given relative to the draw's mean."""
        return float(100 * np.mean((low <= -self.deviations) & (-self.deviations <= high)))

    def coverages(self) -> dict[str, float]:
        """Coverage of each rule."""
        n = self.n_people
        rules = {"t": 0.0, "chosen": TRAINING_WEIGHT, "Nadeau-Bengio": 1.0}
        spread = self.people.std(axis=1, ddof=1) * stdtrit(n - 1, 0.975)
        reaches = {name: spread * np.sqrt(1 / n + weight / self.training_people) for name, weight in rules.items()}
        if self.kind == "difference":
            m = self.folds.shape[1]
            ratio = 1 / (n - 2) if self.protocol == "loso" else 1 / 8
            spread = self.folds.std(axis=1, ddof=1) * stdtrit(m - 1, 0.975)
            reaches |= {"folds": spread * np.sqrt(1 / m + ratio), "folds, plain": spread * np.sqrt(1 / m)}
        shares = {name: self.coverage(-reach, reach) for name, reach in reaches.items()}
        if self.kind != "difference":
            shares["bootstrap"] = self.coverage(*bootstrap_ends(self.people))
        return shares


def bootstrap_ends(people: Floats) -> tuple[Floats, Floats]:
    """Ends of the percentile bootstrap over people, relative to each draw's mean, two arrays of shape (draws,)."""
    n = people.shape[1]
    times_drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=2000) / n
    ends = np.quantile((people - people.mean(axis=1, keepdims=True)) @ times_drawn.T, [0.025, 0.975], axis=1)
    return ends[0], ends[1]


def settings(folder: Path) -> Iterator[Setting]:
    """Every setting of which draws are stored."""
    for n_people in SIZES:
        stored = {name: read_draws(folder, name, n_people) for name in CLASSIFIERS}
        stored = {name: arrays for name, arrays in stored.items() if arrays}
        for name, arrays in stored.items():
            for protocol in PROTOCOLS:
                if f"{protocol}_people" in arrays:
                    yield from settings_of("mean", name, protocol, n_people, *of_protocol(arrays, protocol))
            yield from settings_of(
                "drop",
                name,
                "subject - paper",
                n_people,
                *minus(of_protocol(arrays, "subject"), of_protocol(arrays, "paper")),
            )
        for (first, a), (second, b) in combinations(stored.items(), 2):
            for protocol in PROTOCOLS:
                if f"{protocol}_people" in a and f"{protocol}_people" in b:
                    difference = minus(of_protocol(a, protocol), of_protocol(b, protocol))
                    yield from settings_of("difference", f"{first} - {second}", protocol, n_people, *difference)


def of_protocol(arrays: dict[str, Floats], protocol: str) -> tuple[Floats, Floats]:
    """Values of people and of folds under a protocol."""
    return arrays[f"{protocol}_people"], arrays[f"{protocol}_folds"]


def minus(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Differences of values of people and of folds, of the draws and runs that both have."""
    draws, runs = (min(first[0].shape[axis], second[0].shape[axis]) for axis in (0, 1))
    (a, c), (b, d) = ([array[:draws, :runs] for array in arrays] for arrays in (first, second))
    return a - b, c - d


def settings_of(kind: str, what: str, protocol: str, n_people: int, people: Floats, folds: Floats) -> Iterator[Setting]:
    """The settings of 1 run and of all runs."""
    for runs in sorted({1, people.shape[1]}):
        values = people[:, :runs].mean(axis=1), folds[:, :runs].reshape(len(folds), -1)
        yield Setting(kind, what, protocol, n_people, runs, *values, float(people.mean()))


def table(folder: Path) -> pd.DataFrame:
    """Coverage in % of each rule in each setting, and its standard error at 95 %."""
    rows = []
    for setting in settings(folder):
        deviations, n = setting.deviations, setting.n_people
        rows.append(
            {
                "kind": setting.kind,
                "what": setting.what,
                "protocol": setting.protocol,
                "people": n,
                "runs": setting.runs,
                "draws": len(deviations),
                "truth": setting.truth,
                "sd_ratio": np.sqrt(np.mean(deviations**2) / np.mean(setting.people.var(axis=1, ddof=1) / n)),
                **setting.coverages(),
                "se_at_95": 100 * np.sqrt(0.95 * 0.05 / len(deviations)),
            }
        )
    return pd.DataFrame(rows)


def summary(coverage: pd.DataFrame) -> str:
    """The tables of docs/statistics.md, in Markdown."""
    lines = ["| interval of | people | protocol | runs | draws | " + " | ".join(CLASSIFIERS) + " |"]
    lines.append("|" + "---|" * (5 + len(CLASSIFIERS)))
    figures = coverage[coverage["kind"] != "difference"]
    for setting, rows in figures.groupby(["kind", "people", "protocol", "runs"]):
        kind, people, protocol, runs = setting
        by_name = rows.set_index("what")
        cells = [
            f"{by_name['bootstrap'][name]:.0f} → {by_name['chosen'][name]:.0f}" if name in by_name.index else ""
            for name in CLASSIFIERS
        ]
        draws = sorted({int(n) for n in rows["draws"]}, reverse=True)
        first = [kind, people, protocol, runs, ", ".join(map(str, draws)), *cells]
        lines.append("| " + " | ".join(map(str, first)) + " |")
    lines += ["", "| people | protocol | runs | pairs | folds, plain t | folds, corrected t | people, chosen |"]
    lines.append("|" + "---|" * 7)
    for setting, rows in coverage[coverage["kind"] == "difference"].groupby(["people", "protocol", "runs"]):
        ranges = [
            f"{rows[rule].mean():.0f} ({rows[rule].min():.0f} to {rows[rule].max():.0f})"
            for rule in ("folds, plain", "folds", "chosen")
        ]
        lines.append("| " + " | ".join(map(str, [*setting, len(rows), *ranges])) + " |")
    lines += [
        "",
        "Average coverage by rule",
        "",
        "| interval of | people | bootstrap | t | chosen | Nadeau-Bengio |",
        "|---|---|---|---|---|---|",
    ]
    for (kind, people), rows in coverage.groupby(["kind", "people"]):
        averages = [f"{rows[rule].mean():.1f}" for rule in ("bootstrap", "t", "chosen", "Nadeau-Bengio")]
        lines.append("| " + " | ".join([kind, str(people), *averages]).replace("nan", "") + " |")
    lines += ["", "Outside of 93 to 97 % by more than two standard errors", ""]
    margin = 2 * coverage["se_at_95"]
    outside = coverage[(coverage["chosen"] < 93 - margin) | (coverage["chosen"] > 97 + margin)]
    for _, row in outside.iterrows():
        lines.append(
            f"- {row['kind']} {row['what']}, {row['protocol']}, {row['people']} people, runs {row['runs']}: "
            f"{row['chosen']:.0f} % of {row['draws']} draws"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["simulate", "table"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--classifiers", default="coarse,ridge,kernel,nearest,random")
    parser.add_argument("--people", default="10,20,70")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    sizes = [int(size) for size in options.people.split(",")]
    if options.what == "simulate":
        simulate(options.folder, options.classifiers.split(","), sizes, options.draws)
        return
    coverage = table(options.folder).round(2)
    if options.output:
        coverage.to_csv(options.output, index=False)
    print(summary(coverage))


if __name__ == "__main__":
    main()
