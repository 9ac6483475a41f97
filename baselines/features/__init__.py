"""Features: pure functions of each image alone, images (n, height, width[, 3]) in, an array (n, d) out."""

from baselines.features.bispectrum import check_spectra, higher_order_spectra
from baselines.features.histograms import check_blocks, check_grid, gradient_histograms, pattern_histograms
from baselines.features.images import grey
from baselines.features.wavelets import check_wavelet, check_wavelet_entropy, wavelet_coefficients, wavelet_entropy

__all__ = [
    "check_blocks",
    "check_grid",
    "check_spectra",
    "check_wavelet",
    "check_wavelet_entropy",
    "gradient_histograms",
    "grey",
    "higher_order_spectra",
    "pattern_histograms",
    "wavelet_coefficients",
    "wavelet_entropy",
]
