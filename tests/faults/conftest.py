"""Fixtures of the faults: the command line as a user runs it."""

from tests.end_to_end.conftest import febench

__all__ = ["febench"]
