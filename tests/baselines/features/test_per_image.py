"""Features are pure functions of each image alone: no other image, and no chunk, changes them."""

from __future__ import annotations

import sys
from functools import partial
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.features import (
    gradient_histograms,
    grey,
    higher_order_spectra,
    pattern_histograms,
    wavelet_coefficients,
    wavelet_entropy,
)

X = np.random.default_rng(0).integers(0, 256, (5, 40, 48, 3), dtype=np.uint8)
FEATURES = [
    grey,
    wavelet_coefficients,
    wavelet_entropy,
    partial(wavelet_entropy, wavelet="bior4.4"),
    pattern_histograms,
    gradient_histograms,
    partial(higher_order_spectra, projections=12, size=32),
]


@pytest.mark.parametrize("feature", FEATURES)
@given(chunk=st.integers(1, 7), n=st.integers(1, 5))
@settings(max_examples=8)
def test_features_of_an_image_do_not_depend_on_other_images(feature, chunk, n):
    with mock.patch.object(sys.modules["baselines.features.images"], "CHUNK_IMAGES", chunk):
        together = feature(X[:n])
    for i in range(n):
        np.testing.assert_array_equal(together[i], feature(X[i : i + 1])[0])


@pytest.mark.parametrize("feature", FEATURES)
def test_images_are_not_changed_and_no_images_give_no_features(feature):
    before = X.copy()
    features = feature(X)
    np.testing.assert_array_equal(X, before)
    assert features.dtype == np.float32
    assert feature(X[:0]).shape == (0, *features.shape[1:])
