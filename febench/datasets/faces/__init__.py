"""faces700: synthetic faces drawn by code, with people, expressions and photographs that are known exactly."""

from __future__ import annotations

from febench.datasets.faces.collection import FaceIndex, FaceSet, draw_faces, draw_pictures, index_faces
from febench.datasets.faces.expression import CLASSES

__all__ = ["CLASSES", "FaceIndex", "FaceSet", "draw_faces", "draw_pictures", "index_faces"]
