"""faces700: synthetic faces drawn by code, with people, expressions and photographs that are known exactly.

`identity` draws a person, `expression` what the face does, `shot` the camera and the light; `canvas` is drawn on;
`features`, `head` and `hair` draw; `render` puts a photograph together, and all of them in order.
"""

from __future__ import annotations

from febench.datasets.faces.expression import CLASSES
from febench.datasets.faces.render import FaceIndex, FaceSet, draw_faces, draw_pictures, index_faces

__all__ = ["CLASSES", "FaceIndex", "FaceSet", "draw_faces", "draw_pictures", "index_faces"]
