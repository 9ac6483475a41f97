from __future__ import annotations

import numpy as np
import pytest
from skimage.transform import radon

from baselines.features import higher_order_spectra
from baselines.features.bispectrum import bins_of, bispectral, projector, region_size

RNG = np.random.default_rng(0)


def by_definition(signal, nfft, orders, phases):
    """Pair by pair."""
    F = np.fft.fft(signal - signal.mean(), nfft)
    half = nfft // 2
    pairs = [(j, k) for k in range(1, half + 1) for j in range(k, half - k + 1)]
    B = np.array([F[j] * F[k] * np.conj(F[j + k]) for j, k in pairs])
    shares = [np.abs(B) ** q / np.sum(np.abs(B) ** q) for q in range(1, orders + 1)]
    turn = np.bincount(np.rint(np.angle(B) / (2 * np.pi) * phases).astype(int) % phases) / len(B)
    assert len(pairs) == region_size(nfft)
    nats = [-np.sum(p[p > 0] * np.log(p[p > 0])) for p in [*shares, turn]]
    return [*nats[:-1], np.log(np.abs(B).mean()), nats[-1]]


@pytest.mark.parametrize(("nfft", "length"), [(16, 11), (18, 18), (64, 40)])
def test_agrees_with_the_definition(nfft, length):
    signals = RNG.normal(size=(4, length))
    wanted = [by_definition(signal, nfft, 3, 12) for signal in signals]
    np.testing.assert_allclose(bispectral(signals, nfft, 3, 12).T, wanted, rtol=1e-8)


def test_a_signal_worked_out_by_hand():
    """An impulse (1, 0, 0, 0) of nfft 4 has F(1) = F(2) = 1: the region is the pair (1, 1), where B = 1."""
    np.testing.assert_allclose(bispectral(np.array([[1.0, 0, 0, 0]]), 4, 2, 36)[:, 0], [0, 0, 0, 0], atol=1e-12)


def test_two_equal_pairs_have_one_bit():
    """An impulse of nfft 6 has F = 1 everywhere but at 0: B = 1 at (1, 1) and (2, 1), phases all 0."""
    p1, p2, magnitude, phase = bispectral(np.array([[0.0, 0, 3, 0, 0, 0]]), 6, 2, 36)[:, 0]
    np.testing.assert_allclose([p1, p2, magnitude], [np.log(2), np.log(2), 3 * np.log(3)])
    assert phase == pytest.approx(0, abs=1e-12)


def test_entropies_do_not_depend_on_position_or_amplitude():
    signal = np.zeros((3, 32))
    bump = RNG.normal(size=9)
    signal[0, 3:12], signal[1, 15:24], signal[2, 3:12] = bump, bump, 50 * bump
    plain, moved, strong = bispectral(signal, 32, 2, 36).T
    np.testing.assert_allclose(moved, plain, rtol=1e-9)
    np.testing.assert_allclose(strong - plain, [0, 0, 3 * np.log(50), 0], atol=1e-9)


def test_empty_signals_have_no_entropy():
    features = bispectral(np.array([[0.0] * 8, [5.0] * 8]), 8, 2, 36)
    assert np.isfinite(features).all()
    np.testing.assert_array_equal(features[[0, 1, 3]], np.zeros((3, 2)))


@pytest.mark.parametrize("size", [7, 16])
def test_projections_along_the_axes_are_sums(size):
    image = RNG.uniform(size=(size, size))
    across, up = (projector(size, 2) @ image.ravel()).reshape(2, -1)
    place = (np.arange(size) - (size - 1) / 2) + (bins_of(size) - 1) / 2
    for features, sums in ((across, image.sum(axis=0)), (up, image.sum(axis=1)[::-1])):
        wanted = np.zeros(bins_of(size))
        np.add.at(wanted, np.floor(place).astype(int), sums * (1 - place % 1))
        np.add.at(wanted, np.floor(place).astype(int) + 1, sums * (place % 1))
        np.testing.assert_allclose(features, wanted, rtol=1e-5, atol=1e-12)


def test_every_projection_keeps_the_sum_and_the_centre_of_mass():
    image = RNG.uniform(size=(16, 16))
    projections = (projector(16, 12) @ image.ravel()).reshape(12, -1)
    np.testing.assert_allclose(projections.sum(axis=1), image.sum(), rtol=1e-5)
    centred = np.arange(16) - 7.5
    x, y = (image.sum(axis=0) @ centred, -image.sum(axis=1) @ centred)
    angles = np.pi * np.arange(12) / 12
    place = np.arange(bins_of(16)) - (bins_of(16) - 1) / 2
    np.testing.assert_allclose(projections @ place, x * np.cos(angles) + y * np.sin(angles), rtol=1e-3, atol=1e-3)


def test_projections_resemble_those_of_scikit_image():
    row, column = np.indices((64, 64))
    image = np.exp(-((row - 25) ** 2 + (column - 40) ** 2) / 60) + 0.5 * np.exp(-((row - 45) ** 2) / 200)
    image *= np.hypot(row - 32, column - 32) < 30
    ours = (projector(64, 18) @ image.ravel()).reshape(18, -1)
    theirs = radon(image, np.arange(0, 180, 10), circle=True).T
    place = np.arange(bins_of(64)) - (bins_of(64) - 1) / 2 + 31.5
    for mine, other in zip(ours, theirs, strict=True):
        at = np.interp(np.arange(64) - 0.5, place, mine)  # its centre is the pixel (32, 32)
        assert np.corrcoef(at, other)[0, 1] > 0.99


def test_shape():
    X = RNG.integers(0, 256, (2, 20, 20), dtype=np.uint8)
    features = higher_order_spectra(X, projections=6, nfft=64, orders=3, size=32)
    assert features.shape == (2, 30) and features.dtype == np.float32


@pytest.mark.parametrize(
    ("parameters", "word"),
    [({"nfft": 128}, "nfft"), ({"nfft": 255}, "nfft"), ({"projections": 0}, "projections"), ({"phases": 0}, "phases")],
)
def test_nonsense_is_refused(parameters, word):
    with pytest.raises(ValueError, match=word):
        higher_order_spectra(np.zeros((1, 8, 8), np.uint8), **parameters)
