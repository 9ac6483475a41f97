"""Population searches over a box, each in a file that says where it departs from its authors' definition.

A search is a frozen dataclass of its parameters with `start` (draw and evaluate the first population) and `step` (move
the whole population once); `EpochSearch` adds the budget, the history and the stopping. To add a search, write these
two methods in a new file, after the model of `jaya.py`, and name the class in `named.py`.
"""

from baselines.search.base import Box, Epoch, EpochSearch, Objective, Population, PopulationSearch, SearchResult
from baselines.search.biogeography import Biogeography
from baselines.search.cat_swarm import CatSwarm
from baselines.search.jaya import Jaya
from baselines.search.named import LINES_TO_BEAT, named_search, why_unavailable
from baselines.search.particle_swarm import ParticleSwarm

__all__ = [
    "LINES_TO_BEAT",
    "Biogeography",
    "Box",
    "CatSwarm",
    "Epoch",
    "EpochSearch",
    "Jaya",
    "Objective",
    "ParticleSwarm",
    "Population",
    "PopulationSearch",
    "SearchResult",
    "named_search",
    "why_unavailable",
]
