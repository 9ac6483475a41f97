"""Compare rules that select a method's open parameters, on small sets of many kinds.

``record`` fits, once for each cell, every candidate of a method on the inner folds of three repeated cross-validations
and on the whole training part, and stores what each predicts. ``judge`` applies rules to these records, in seconds.

A synthetic set has 8 to 12 people who train, further shots of them (tested under `paper`) and 12 people more (tested
under `loso`), so that a test accuracy rests on about 170 images and not on 20. Sets come in two halves: a rule is
chosen on the first and judged on the second. Each half also has photographs: FER2013's Training part in the first and
in the second (other images), Yale in the second.

Use: ``python tools/selection_rules.py record OUT --methods hwt,lbp-svm [--data-dir DIR]``, then
``python tools/selection_rules.py judge OUT``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.special import softmax
from sklearn.base import clone

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from baselines.calibration import decisions, temperature
from baselines.classifiers import LinearSVM
from baselines.inner_folds import inner_folds
from baselines.network import GradientNetwork
from febench.core.dataset import Dataset, load_dataset
from febench.core.manifest import draw
from febench.running.plan import make_row

Array = np.ndarray
LARGEST_LINEAR_C = 2.0
"""Largest C of a linear machine that is recorded: above it small sets are separated already."""
METHODS = "lbp-knn,bwe-fsvm,lbp-svm,hog-svm,hwt,hog-mlp,hos-svm"
REPEATS, NETWORK_REPEATS = 3, 1
"""Repeated inner cross-validations of a cell, fewer for networks; the first is what `baselines.selection` does."""
NEW_PEOPLE, NEW_SHOTS = 12, 2
"""People whom no cell trains on, and the shots of each expression that are tested, of them and of the others."""
BT601 = (0.299, 0.587, 0.114)
HALVES = {"choosing": 400, "judging": 500}


# --- sets ------------------------------------------------------------------------------------------------------------


def _grey(image: Array) -> Array:
    return image @ np.array(BT601)


def _lit(image: Array, rng: np.random.Generator) -> Array:
    """Make a photograph grey, with a gamma and a ramp of light of its own."""
    grey = _grey(image) / 255
    down, across = np.mgrid[-1 : 1 : 1j * grey.shape[0], -1 : 1 : 1j * grey.shape[1]]
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.5)
    return 255 * grey ** np.exp(rng.uniform(-0.6, 0.6)) * (1 + depth * (np.cos(angle) * across + np.sin(angle) * down))


def _turned(image: Array, rng: np.random.Generator) -> Array:
    """Turn a face in the image plane by up to 25 degrees, narrow it and move it."""
    angle, width = np.deg2rad(rng.uniform(-25, 25)), rng.uniform(1.0, 1.3)
    cos, sin, middle = np.cos(angle), np.sin(angle), image.shape[0] / 2
    shift = middle + rng.uniform(-8, 8, 2)
    matrix = (width * cos, width * sin, 0, -sin, cos, 0)
    x = middle - matrix[0] * shift[0] - matrix[1] * shift[1]
    y = middle - matrix[3] * shift[0] - matrix[4] * shift[1]
    coefficients = (matrix[0], matrix[1], x, matrix[3], matrix[4], y)
    picture = Image.fromarray(image)
    corner = tuple(int(v) for v in image[0, 0])
    turned = picture.transform(
        picture.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR, fillcolor=corner
    )
    return _grey(np.asarray(turned, dtype=np.float64))


def _blurred(image: Array, rng: np.random.Generator) -> Array:
    return gaussian_filter(_grey(image), rng.uniform(0.5, 3)) + rng.normal(0, 12, image.shape[:2])


def _small(image: Array, rng: np.random.Generator) -> Array:
    return _grey(np.asarray(Image.fromarray(image).resize((48, 48), Image.Resampling.BOX), dtype=np.float64))


@dataclass(frozen=True)
class Kind:
    """People and shots of each expression that train, and what is done to an image."""

    people: int
    shots: int
    change: Callable[[Array, np.random.Generator], Array] = lambda image, rng: image


KINDS = {
    "plain": Kind(10, 3),
    "light": Kind(10, 3, _lit),
    "turned": Kind(10, 3, _turned),
    "blurred": Kind(12, 3, _blurred),
    "small": Kind(10, 3, _small),
    "few": Kind(12, 2),
    "eight": Kind(8, 2, _lit),
}


@dataclass(frozen=True)
class Study:
    """A small set (`dataset`, at the indices `own` of `images`) and, by protocol, indices of further test images."""

    dataset: Dataset
    own: Array
    images: Array
    labels: Array
    tested: dict[str, Array]
    folds: dict[str, list[int]]


def synthetic(kind: Kind, seed: int) -> Study:
    """Return a set of drawn faces, changed as its kind says."""
    faces = load_dataset(f"faces[subjects={kind.people + NEW_PEOPLE},shots={kind.shots + NEW_SHOTS},seed={seed}]")
    rng = np.random.default_rng(seed)
    changed = [np.uint8(np.clip(kind.change(image, rng), 0, 255)) for image in np.asarray(faces.images)]
    person = np.unique(faces.subjects, return_inverse=True)[1]
    shot = np.array([int(image_id.rpartition("-")[2]) for image_id in faces.ids])
    known = person < kind.people
    chosen = np.flatnonzero(known & (shot <= kind.shots))
    tested = {
        "paper": np.flatnonzero(known & (shot > kind.shots)),
        "loso": np.flatnonzero(~known & (shot <= NEW_SHOTS)),
    }
    images = np.stack(changed)
    return Study(_part(faces, images, chosen), chosen, images, faces.labels, tested, {"paper": [1, 6], "loso": [1, 5]})


def _part(dataset: Dataset, images: Array, chosen: Array) -> Dataset:
    subjects = None if dataset.subjects is None else tuple(np.array(dataset.subjects)[chosen].tolist())
    ids = tuple(np.array(dataset.ids)[chosen].tolist())
    return replace(
        dataset, images=images[chosen], labels=dataset.labels[chosen], ids=ids, subjects=subjects, parts=None
    )


def fer(seed: int, data_dir: Path) -> Study:
    """Return 350 images of FER2013's Training part, and 800 others of it to test on; nobody is known."""
    dataset = load_dataset("fer2013", data_dir)
    training = np.flatnonzero(np.array(dataset.parts) == "train")
    order = np.random.default_rng(7).permutation(training)
    chosen = order[seed * 1150 : (seed + 1) * 1150]
    images, labels = np.asarray(dataset.images)[chosen], dataset.labels[chosen]
    own, tested = np.arange(350), np.arange(350, 1150)
    small = _part(dataset, np.asarray(dataset.images), chosen[:350])
    return Study(small, own, images, labels, {"paper": tested}, {"paper": [1, 6]})


def yale(data_dir: Path, align: bool) -> Study:
    """Return Yale's 60 photographs; only the folds' own images are tested."""
    dataset = load_dataset("yale[align=true]" if align else "yale", data_dir)
    nothing = np.empty(0, dtype=np.int64)
    folds = {"paper": list(range(1, 11)), "loso": list(range(1, 16))}
    tested = {"paper": nothing, "loso": nothing}
    return Study(dataset, np.arange(len(dataset)), np.asarray(dataset.images), dataset.labels, tested, folds)


def studies(data_dir: Path | None) -> Iterator[tuple[str, Callable[[], Study]]]:
    """Yield the name of each set, and what makes it."""
    for number, (kind, how) in enumerate(KINDS.items()):
        for half, seed in HALVES.items():
            name = f"{half}-{kind}"
            yield name, lambda how=how, seed=seed + number: synthetic(how, seed)
    if data_dir is not None:
        for seed, half in enumerate(HALVES):
            name = f"{half}-fer"
            yield name, lambda seed=seed: fer(seed, data_dir)
        yield "judging-yale", lambda: yale(data_dir, align=False)
    for seed in (5, 6):
        yield f"large-{seed}", lambda seed=seed: large(seed)


def large(seed: int) -> Study:
    """Return `faces[seed=...]`, 20 people with 5 shots; a fold's own images and two further shots or people."""
    return replace(synthetic(Kind(20, 5), seed), folds={"paper": [1, 6], "loso": [1, 11]})


# --- records ---------------------------------------------------------------------------------------------------------


def recorded(model: Any) -> list[Any]:
    """Return the candidates that are recorded."""
    linear = isinstance(model.pipeline["classifier"], LinearSVM)
    limit = LARGEST_LINEAR_C if linear else np.inf
    return [candidate for candidate in model.candidates if candidate.params.get("classifier__C", 0) <= limit]


def _answers(pipeline: Any, X: Array) -> Array:
    if hasattr(pipeline, "decision_function"):
        return decisions(pipeline, X)
    return np.asarray(pipeline.predict_proba(X))


def record(model: Any, X: Array, y: Array, groups: Array | None, X_val: Array, y_val: Array, X_test: Array) -> dict:
    """Return what every candidate predicts on inner folds, validation group and test images.

    Returns
    -------
    dict
        ``inner`` (repeats, candidates, n, classes), ``fold`` (repeats, n), ``val`` and ``test`` (candidates, ...,
        classes); decision values of support vector machines, else probabilities.
    """
    candidates, columns = recorded(model), model.features.columns(X.shape[1])
    if model.isometric and any(stop - start > len(X) for start, stop in columns):
        bases = [np.linalg.qr(X[:, start:stop].T.astype(np.float64))[0] for start, stop in columns]
        parts = [slice(start, stop) for start, stop in columns]
        X, X_val, X_test = (
            np.concatenate([Z[:, part] @ basis for part, basis in zip(parts, bases, strict=True)], axis=1)
            for Z in (X, X_val, X_test)
        )
        columns = list(pairwise([0, *np.cumsum([basis.shape[1] for basis in bases]).tolist()]))
    classes = np.unique(y)
    repeats = NETWORK_REPEATS if isinstance(model.pipeline["classifier"], GradientNetwork) else REPEATS
    inner = np.full((repeats, len(candidates), len(y), len(classes)), np.nan, dtype=np.float32)
    fold_of = np.full((repeats, len(y)), -1, dtype=np.int8)
    for repeat in range(repeats):
        seed = model.random_state + 1000 * repeat
        for number, (train, test) in enumerate(inner_folds(y, groups, model.folds, seed)):
            if len(np.unique(y[train])) < len(classes):
                continue
            fold_of[repeat, test] = number
            for index, candidate in enumerate(candidates):
                pipeline = clone(model.pipeline).set_params(**candidate.pipeline_params(columns))
                inner[repeat, index, test] = _answers(pipeline.fit(X[train], y[train]), X[test])
    val, test = [], []
    for candidate in candidates:
        pipeline = clone(model.pipeline).set_params(**candidate.pipeline_params(columns))
        *transformers, last = pipeline.named_steps.values()
        A, B = X, X_val
        for transformer in transformers:
            A, B = transformer.fit_transform(A, y), transformer.transform(B)
        last.fit(A, y, X_val=B, y_val=y_val)
        val.append(_answers(pipeline, X_val))
        test.append(_answers(pipeline, X_test))
    return {
        "inner": inner, "fold": fold_of, "val": np.float32(val), "test": np.float32(test),
        "is_decision": hasattr(model.pipeline, "decision_function"), "classes": classes,
    }  # fmt: skip


def record_all(out: Path, methods: list[str], data_dir: Path | None, only: str) -> None:
    """Record every cell that is not there yet, one set after the other."""
    out.mkdir(parents=True, exist_ok=True)
    for name, make in studies(data_dir):
        if only and not any(word in name for word in only.split(",")):
            continue
        if all((out / f"{name}.{method}.done").exists() for method in methods):
            continue
        study = make()
        for method in methods:
            done = out / f"{name}.{method}.done"
            if done.exists():
                continue
            begun = time.perf_counter()
            built: Any = make_row(method, "full", {}).method.build(random_state=0)
            table, own = built.extract(study.images), study.own
            for protocol, folds in study.folds.items():
                manifest = draw(study.dataset, protocol)
                for number in folds:
                    fold = manifest.fold(1, number)
                    train, val, test = fold.train, fold.validation, fold.test
                    people = None
                    if protocol == "loso":
                        people = np.unique(np.array(study.dataset.subjects)[train], return_inverse=True)[1]
                    tested = np.concatenate([own[test], study.tested[protocol]])
                    built.random_state = number
                    if hasattr(built.pipeline["classifier"], "random_state"):
                        built.pipeline["classifier"].random_state = number
                    result = record(
                        built, table[own[train]], study.labels[own[train]], people,
                        table[own[val]], study.labels[own[val]], table[tested],
                    )  # fmt: skip
                    labels = {"y": own[train], "y_val": own[val], "y_test": tested}
                    result |= {key: study.labels[indices] for key, indices in labels.items()}
                    np.savez(out / f"{name}.{method}.{protocol}.{number}.npz", **result)
            done.touch()
            print(f"{name} {method} {time.perf_counter() - begun:.0f} s", flush=True)


# --- rules -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scores:
    """What a rule may look at in one cell, and what its choice is worth.

    Attributes
    ----------
    accuracy, loss, brier : ndarray, shape (repeats, folds, candidates)
        Of inner folds: accuracy, log-loss and Brier score (the probabilities' mean squared error).
    val : ndarray, shape (candidates,)
        Images of the validation group that are answered right.
    n_val, n_train : int
        Sizes of both parts.
    probabilities : ndarray, shape (candidates, tests, classes)
        Of the test images.
    truth : ndarray, shape (tests,)
        Columns of their classes, -1 where the training part lacks it.
    axes : ndarray, shape (candidates, 3)
        Block, and the indices of both parameters' values in their grids.
    usual : int
        The candidate nearest to the row's values without selection.
    """

    accuracy: Array
    loss: Array
    brier: Array
    val: Array
    n_val: int
    n_train: int
    probabilities: Array
    truth: Array
    axes: Array
    usual: int

    @property
    def test(self) -> Array:
        """Accuracy of every candidate on the test images, shape (candidates,)."""
        return np.asarray((self.probabilities.argmax(axis=2) == self.truth).mean(axis=1))


def _columns(classes: Array, y: Array) -> Array:
    """Return the column of each image's class, -1 where there is none."""
    index = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    return np.where(classes[index] == y, index, -1)


def scores_of(path: Path, axes: Array, usual: int) -> Scores:
    """Read one cell's record; decision values become probabilities by a temperature fitted to the inner folds."""
    with np.load(path) as stored:
        raw = {key: stored[key] for key in stored.files}
    inner, fold_of, test = raw["inner"].astype(np.float64), raw["fold"], raw["test"].astype(np.float64)
    truth = _columns(raw["classes"], raw["y"])
    probabilities = np.empty_like(inner)
    for repeat, index in np.ndindex(*inner.shape[:2]):
        tested = fold_of[repeat] >= 0
        values = inner[repeat, index]
        if raw["is_decision"]:
            scale = temperature(values[tested], truth[tested])
            values = softmax(values / scale, axis=1)
            if repeat == 0:
                test[index] = softmax(test[index] / scale, axis=1)
        probabilities[repeat, index] = values
    folds = fold_of.max() + 1
    own = np.take_along_axis(probabilities, truth[None, None, :, None], axis=3)[..., 0]
    by_image = {
        "accuracy": (probabilities.argmax(axis=3) == truth).astype(float),
        "loss": -np.log(np.clip(own, 1e-6, 1)),
        "brier": np.square(probabilities).sum(axis=3) - 2 * own + 1,
    }
    shape = (len(inner), folds, inner.shape[1])
    by_fold = {key: np.full(shape, np.nan) for key in by_image}
    for repeat, fold in np.ndindex(*shape[:2]):
        tested = fold_of[repeat] == fold
        for key, values in by_image.items():
            if tested.any():
                by_fold[key][repeat, fold] = values[repeat][:, tested].mean(axis=1)
    val = (raw["val"].argmax(axis=2) == _columns(raw["classes"], raw["y_val"])).sum(axis=1)
    return Scores(
        **by_fold, val=val, n_val=len(raw["y_val"]), n_train=len(raw["y"]), probabilities=test,
        truth=_columns(raw["classes"], raw["y_test"]), axes=axes, usual=usual,
    )  # fmt: skip


def _mean(values: Array, repeats: int) -> Array:
    return np.nanmean(values[:repeats].reshape(-1, values.shape[2]), axis=0)


def _se(values: Array, repeats: int, reference: int) -> Array:
    """Return the standard error over folds of each candidate's difference from one of them, repeats not counted."""
    difference = values[:repeats] - values[:repeats, :, [reference]]
    folds = np.sum(~np.isnan(difference[0, :, 0]))
    return np.asarray(np.nanmean(np.nanstd(difference, axis=1, ddof=1), axis=0) / np.sqrt(folds))


def _smooth(values: Array, axes: Array) -> Array:
    """Average each candidate's score with those of its neighbours on the grid, which count half."""
    distance = np.abs(axes[:, None, 1:] - axes[None, :, 1:]).sum(axis=2)
    weights = np.where(axes[:, None, 0] == axes[None, :, 0], np.where(distance == 0, 1.0, (distance == 1) * 0.5), 0)
    return np.asarray(weights @ values / weights.sum(axis=1))


def _shrunk(scores: Scores, repeats: int, key: str, errors: float) -> int:
    """Return the best candidate if it beats the usual one by so many standard errors, else the usual one."""
    values = getattr(scores, key) * (1 if key == "accuracy" else -1)
    mean, error = _mean(values, repeats), _se(values, repeats, scores.usual)
    best = int(np.argmax(mean))
    return best if mean[best] - mean[scores.usual] > errors * error[best] else scores.usual


def _simplest(scores: Scores, repeats: int) -> int:
    """Return the first candidate within a standard error of the best one."""
    mean = _mean(scores.accuracy, repeats)
    best = int(np.argmax(mean))
    error = np.nanstd(scores.accuracy[0, :, best], ddof=1) / np.sqrt(scores.accuracy.shape[1])
    return int(np.argmax(mean >= mean[best] - error))


def _average(scores: Scores, ranking: Array, number: int) -> float:
    """Return the accuracy of the mean probabilities of the best few candidates."""
    best = np.argsort(-ranking, kind="stable")[:number]
    return float((scores.probabilities[best].mean(axis=0).argmax(axis=1) == scores.truth).mean())


def _among(scores: Scores, ranking: Array, allowed: Array) -> int:
    return int(np.argmax(np.where(allowed, ranking, -np.inf)))


def _pooled(scores: Scores, repeats: int) -> Array:
    return _mean(scores.accuracy, repeats) * scores.n_train + scores.val


def _fewer(scores: Scores) -> Array:
    """Return which candidates have every second value of each parameter's grid, the usual one's among them."""
    parity = (scores.axes[:, 1:] - scores.axes[scores.usual, 1:]) % 2
    long = scores.axes[:, 1:].max(axis=0) >= 3
    return np.asarray((parity * long == 0).all(axis=1))


def _tie_usual(scores: Scores, ranking: Array) -> int:
    """Return the best candidate; of equal ones that whose grid values are nearest to the usual ones."""
    distance = np.abs(scores.axes - scores.axes[scores.usual]).sum(axis=1)
    return int(np.lexsort((distance, -np.round(ranking, 12)))[0])


Rule = Callable[[Scores], int | float]
RULES: dict[str, Rule] = {
    "today": lambda s: int(np.argmax(_mean(s.accuracy, 1))),
    "repeated x2": lambda s: int(np.argmax(_mean(s.accuracy, 2))),
    "repeated x3": lambda s: int(np.argmax(_mean(s.accuracy, 3))),
    "ties to the usual": lambda s: _tie_usual(s, _mean(s.accuracy, 1)),
    "simplest within 1 SE": lambda s: _simplest(s, 1),
    "log-loss": lambda s: int(np.argmin(_mean(s.loss, 1))),
    "log-loss x3": lambda s: int(np.argmin(_mean(s.loss, 3))),
    "Brier": lambda s: int(np.argmin(_mean(s.brier, 1))),
    "Brier x3": lambda s: int(np.argmin(_mean(s.brier, 3))),
    "usual unless beaten by 1 SE": lambda s: _shrunk(s, 1, "accuracy", 1),
    "usual unless beaten by 2 SE": lambda s: _shrunk(s, 1, "accuracy", 2),
    "usual unless beaten by 1 SE x3": lambda s: _shrunk(s, 3, "accuracy", 1),
    "usual unless Brier by 1 SE": lambda s: _shrunk(s, 1, "brier", 1),
    "usual unless Brier by 2 SE": lambda s: _shrunk(s, 1, "brier", 2),
    "half of the candidates": lambda s: _among(s, _mean(s.accuracy, 1), _fewer(s)),
    "usual features": lambda s: _among(s, _mean(s.accuracy, 1), s.axes[:, 0] == s.axes[s.usual, 0]),
    "smoothed": lambda s: int(np.argmax(_smooth(_mean(s.accuracy, 1), s.axes))),
    "smoothed Brier": lambda s: int(np.argmax(_smooth(-_mean(s.brier, 1), s.axes))),
    "with validation group": lambda s: int(np.argmax(_pooled(s, 1))),
    "mean of best 3": lambda s: _average(s, _mean(s.accuracy, 1), 3),
    "mean of best 5": lambda s: _average(s, _mean(s.accuracy, 1), 5),
    "mean of best 3 by Brier": lambda s: _average(s, -_mean(s.brier, 1), 3),
    "mean of best 5 by Brier": lambda s: _average(s, -_mean(s.brier, 1), 5),
    "mean of all": lambda s: _average(s, _mean(s.accuracy, 1), len(s.axes)),
    "usual values": lambda s: s.usual,
    "best of each cell (not a rule)": lambda s: int(np.argmax(s.test)),
}


def grid_of(method: str) -> tuple[list[str], Array, int]:
    """Return a label and the grid indices of each recorded candidate, and which is nearest to the usual values."""
    model: Any = make_row(method, "full", {}).method.build(random_state=0)
    fixed: Any = make_row(f"{method}[select=false]", "full", {}).method.build(select=False, random_state=0)
    labels, axes, distances = [], [], []
    usual, usual_block = fixed.candidates[0].params, dict(fixed.features.blocks[0].settings)
    for candidate in recorded(model):
        settings = dict(model.features.blocks[candidate.block].settings)
        labels.append(str({**settings, **{k.partition("__")[2]: v for k, v in candidate.params.items()}}))
        indices = [model.grid[name].index(value) for name, value in candidate.params.items()]
        axes.append([candidate.block, *indices, *[0] * (3 - len(indices))])
        distance = 100.0 * (settings != usual_block)
        for name, value in candidate.params.items():
            own = 8.0 if usual[name] is None else usual[name]  # a fixed row of a kernel machine chooses its C itself
            distance += abs(np.log(value / own))
        distances.append(distance)
    return labels, np.array(axes), int(np.argmin(distances))


def differences(
    out: Path, method: str, half: str, protocols: tuple[str, ...]
) -> tuple[str, dict[str, dict[str, float]]]:
    """Return a sentence on a method's best fixed values in one half, and each rule's difference from them on each set.

    The best fixed values are known with hindsight: those with the highest mean accuracy over the sets of the half.
    """
    labels, axes, usual = grid_of(method)
    cells: dict[tuple[str, str], list[Scores]] = {}
    for path in sorted(out.glob(f"{half}*.{method}.*.npz")):
        name, _, protocol, _ = path.name.split(".", 3)
        if (out / f"{name}.{method}.done").exists() and protocol in protocols:
            cells.setdefault((name, protocol), []).append(scores_of(path, axes, usual))
    if not cells:
        return f"{method}, {half}: no set is recorded", {}
    candidates = {key: np.mean([cell.test for cell in group], axis=0) for key, group in cells.items()}
    mean = np.mean(list(candidates.values()), axis=0)
    fixed, names = int(np.argmax(mean)), sorted({name for name, _ in cells})
    sentence = (
        f"{method}, {half}: {len(names)} sets, {sum(map(len, cells.values()))} cells; "
        f"best fixed {labels[fixed]} with {100 * mean[fixed]:.1f} %"
    )
    result: dict[str, dict[str, float]] = {}
    for rule_name, rule in RULES.items():
        by_key = {}
        for key, group in cells.items():
            picks = [(cell, rule(cell)) for cell in group]
            accuracies = [cell.test[pick] if isinstance(pick, int) else pick for cell, pick in picks]
            by_key[key] = 100 * (np.mean(accuracies) - candidates[key][fixed])
        result[rule_name] = {
            name: float(np.mean([value for key, value in by_key.items() if key[0] == name])) for name in names
        }
    return sentence, result


def judge(out: Path, methods: list[str], halves: list[str], protocols: tuple[str, ...]) -> None:
    """Print a table of rules and methods: the mean difference from the best fixed values, and that of the worst set."""
    for half in halves:
        tables = {}
        for method in methods:
            sentence, tables[method] = differences(out, method, half, protocols)
            print(sentence)
        known = [method for method in methods if tables[method]]
        print(f"\n| {half} | " + " | ".join(known) + " |\n|---" + "|---" * len(known) + "|")
        for rule in RULES if known else ():
            values = [list(tables[method][rule].values()) for method in known]
            print(f"| {rule} | " + " | ".join(f"{np.mean(v):+.1f} ({min(v):+.1f})" for v in values) + " |")
        print()


def main() -> None:
    """Record or judge, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=("record", "judge"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--methods", default=METHODS)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--only", default="", help="Parts of the names of sets, separated by commas.")
    parser.add_argument("--halves", default="choosing", help="Halves that are judged: choosing, judging, large.")
    parser.add_argument("--protocol", default="both", choices=("both", "paper", "loso"))
    asked = parser.parse_args()
    methods = asked.methods.split(",")
    if asked.verb == "record":
        record_all(asked.out, methods, asked.data_dir, asked.only)
    else:
        protocols = ("paper", "loso") if asked.protocol == "both" else (asked.protocol,)
        judge(asked.out, methods, asked.halves.split(","), protocols)


if __name__ == "__main__":
    main()
