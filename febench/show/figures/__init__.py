"""Figures from the same data as the tables: one figure, one function of data, in one style."""

from febench.show.figures._accuracy import accuracy
from febench.show.figures._confusion import confusion
from febench.show.figures._convergence import convergence
from febench.show.figures._cost import cost
from febench.show.figures._differences import differences
from febench.show.figures._drop import drop
from febench.show.figures._making import FIGURES, SUFFIXES, figure_svg, make_figure, save_figure
from febench.show.figures._ranks import critical_difference
from febench.show.figures._sensitivity import sensitivity

__all__ = [
    "FIGURES",
    "SUFFIXES",
    "accuracy",
    "confusion",
    "convergence",
    "cost",
    "critical_difference",
    "differences",
    "drop",
    "figure_svg",
    "make_figure",
    "save_figure",
    "sensitivity",
]
