"""Inner folds of a cross-validation inside the training images, dealt as the protocol deals the outer ones."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from baselines import Labels

Folds = list[tuple[Labels, Labels]]
"""Training and test indices of each fold."""


def inner_folds(y: Labels, groups: Labels | None, folds: int, random_state: int | None) -> Folds:
    """Return shuffled folds, stratified by class; none where two cannot be dealt.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class indices.
    groups : ndarray, shape (n,), or None
        Images of a group are never on both sides of a fold.
    folds : int
        Number of folds; fewer, but at least two, where a class has fewer images or is shown by fewer groups.
    random_state : int or None
        Seed of the shuffle.
    """
    units = np.arange(len(y)) if groups is None else groups
    units_by_class = [len(np.unique(units[y == label])) for label in np.unique(y)]
    usable = [
        (train, test)
        for train, test in _deal(y, groups, min(folds, max(2, min(units_by_class))), random_state)
        if len(test) and len(np.unique(y[train])) > 1
    ]
    return usable if len(usable) > 1 else []


def sample_of(y: Labels, groups: Labels | None, size: int, random_state: int | None) -> Labels:
    """Return the indices of a sample of about `size` images, stratified by class; all indices if there are no more.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class indices.
    groups : ndarray, shape (n,), or None
        A group is in the sample whole or not at all.
    size : int
        Number of images.
    random_state : int or None
        Seed of the draw.
    """
    if len(y) <= size:
        return np.arange(len(y))
    n_groups = len(y) if groups is None else len(np.unique(groups))
    quarters = _deal(y, groups, min(-(-4 * len(y) // size), n_groups), random_state)[:4]
    return np.sort(np.concatenate([test for _, test in quarters]))


def _deal(y: Labels, groups: Labels | None, folds: int, random_state: int | None) -> Folds:
    """Return the folds of scikit-learn, whatever is in them; none where it refuses to deal so many."""
    n_groups = len(y) if groups is None else len(np.unique(groups))
    if not 2 <= folds <= min(n_groups, max(np.unique(y, return_counts=True)[1])):
        return []
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about classes with fewer images than folds
        return list(splitter(folds, shuffle=True, random_state=random_state).split(np.zeros(len(y)), y, groups))
