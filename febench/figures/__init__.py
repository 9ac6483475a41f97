"""Figures from the same data as the tables: one figure, one function of data, in one style."""

from febench.figures._accuracy import accuracy
from febench.figures._confusion import confusion
from febench.figures._convergence import convergence
from febench.figures._cost import cost
from febench.figures._differences import differences
from febench.figures._drop import drop
from febench.figures._making import FIGURES, SUFFIXES, figure_svg, make_figure, save_figure
from febench.figures._ranks import critical_difference
from febench.figures._sensitivity import sensitivity

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
