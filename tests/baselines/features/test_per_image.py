"""Features are pure functions of each image alone: no other image, and no chunk, changes them."""

from __future__ import annotations

import sys
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.features import grey, wavelet_coefficients, wavelet_entropy

X = np.random.default_rng(0).integers(0, 256, (5, 40, 48, 3), dtype=np.uint8)


@pytest.mark.parametrize("feature", [grey, wavelet_coefficients, wavelet_entropy])
@given(chunk=st.integers(1, 7), n=st.integers(1, 5))
@settings(max_examples=8)
def test_every_image_by_itself(feature, chunk, n):
    with mock.patch.object(sys.modules["baselines.features.grey"], "CHUNK", chunk):
        together = feature(X[:n])
    for i in range(n):
        np.testing.assert_array_equal(together[i], feature(X[i : i + 1])[0])
