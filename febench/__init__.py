"""Which way of recognising facial expressions is better, by how much, and whether that difference is real."""

from febench.dataset import Dataset, dataset
from febench.method import method
from febench.protocol import protocol
from febench.registry import load_plugin

__version__ = "0.1.0"

__all__ = ["Dataset", "dataset", "load_plugin", "method", "protocol"]
