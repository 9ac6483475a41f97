"""Features: pure functions of each image alone, images (n, height, width[, 3]) in, an array (n, d) out."""

from baselines.features.bispectrum import check_spectra, higher_order_spectra
from baselines.features.entropy import wavelet_entropy
from baselines.features.grey import grey
from baselines.features.haar import check_wavelet, wavelet_coefficients
from baselines.features.hog import check_blocks, gradient_histograms
from baselines.features.lbp import check_grid, pattern_histograms

__all__ = [
    "check_blocks",
    "check_grid",
    "check_spectra",
    "check_wavelet",
    "gradient_histograms",
    "grey",
    "higher_order_spectra",
    "pattern_histograms",
    "wavelet_coefficients",
    "wavelet_entropy",
]
