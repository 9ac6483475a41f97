"""Weights that a network starts from: which file they are, whether it is the right one, and how it is read and written.

The parameter `weights` of a method is one of

- `none`: random weights.
- `imagenet`: torchvision's `IMAGENET1K_V1`, from torch hub's folder, else downloaded by torch hub.
- a path of a `.safetensors`, `.pth` or `.pt` file, which `settle` turns into
- `NAME@SHA12`: a name to read and the first 12 digits of the file's SHA-256. This is what results are stored under,
  because a path says nothing of what the file held; the file itself is kept in febench's cache.

Nothing here falls back on random weights: what cannot be used as it was asked for raises an error of one sentence.
Importing this package loads no torch.
"""

from deep.weights.fitting import head_of, load
from deep.weights.reading import WeightsFile
from deep.weights.scale import normalisation
from deep.weights.sources import absent, find, settle
from deep.weights.writing import provenance, save

__all__ = ["WeightsFile", "absent", "find", "head_of", "load", "normalisation", "provenance", "save", "settle"]
