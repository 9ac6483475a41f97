"""The core: data sets, methods, protocols, folds, names, seeds, caches and errors."""

__version__ = "0.1.0"
