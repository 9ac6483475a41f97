from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from baselines.pipeline import InTurn, PrincipalComponents
from febench.core.method import METHODS

X = np.random.default_rng(0).normal(size=(50, 8)) * np.arange(1, 9)


@pytest.mark.parametrize("variance", [0.3, 0.95, 0.999])
def test_agrees_with_scikit_learn(variance):
    ours, theirs = PrincipalComponents(variance).fit(X), PCA(variance, whiten=True).fit(X)
    projected = theirs.transform(X) * np.sqrt(50 / 49)  # scikit-learn whitens by n - 1
    np.testing.assert_allclose(np.abs(ours.transform(X)), np.abs(projected), rtol=1e-6)


def test_without_whitening_distances_of_whole_spaces_stay():
    components = PrincipalComponents(1.0, whiten=False).fit(X)
    np.testing.assert_allclose(np.ptp(components.transform(X), axis=0)[0], np.ptp(PCA(1).fit_transform(X)))
    np.testing.assert_allclose(
        np.linalg.norm(components.transform(X[:1] - X[1:2] + X.mean(axis=0))), np.linalg.norm(X[0] - X[1])
    )


def test_scalings_in_turn():
    both = InTurn(StandardScaler(), PrincipalComponents(0.9)).fit(X)
    scaled = StandardScaler().fit_transform(X)
    wanted = PrincipalComponents(0.9).fit(scaled).transform(scaled)
    np.testing.assert_allclose(both.transform(X), wanted)


def test_all_variance_keeps_the_rank():
    assert PrincipalComponents(1.0).fit(X[:5]).transform(X).shape[1] == 4


@pytest.mark.parametrize("n", [1, 3])
def test_constant_features_give_noughts(n):
    np.testing.assert_array_equal(PrincipalComponents().fit(np.ones((n, 4))).transform(np.ones((2, 4))), [[0], [0]])


@pytest.mark.parametrize("variance", [0.0, 1.01])
def test_share_is_checked(variance):
    with pytest.raises(ValueError, match="variance"):
        PrincipalComponents(variance)


def test_features_are_told_apart_by_function_and_arguments():
    def of(name, **params):
        return METHODS.get(name).make(params, random_state=0, device="cpu").features_id

    assert of("bbo") == of("jaya") == of("bbo", hidden=7)
    assert of("bbo") != of("bbo", level=3) != of("bwe-fsvm")
    assert of("lbp-svm") == of("lbp-knn")
    assert of("bbo-tuned") == of("jaya-tuned") != of("cso-tuned")
    json.dumps([of(name) for name in ("hwt", "cso", "bbo", "hos-svm", "hog-mlp", "cso-tuned")])
