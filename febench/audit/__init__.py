"""The audit: what is wrong with a data set and its folds, said before anybody believes a number made with them.

Each check has a code and a function; they stand by topic in `people`, `images` and `folds`.
"""

from __future__ import annotations

from pathlib import Path

from febench.audit import folds, images, people  # noqa: F401 - importing them registers their checks
from febench.audit.checks import CHECKS, Audited, Check, Finding, check
from febench.core.dataset import Dataset
from febench.core.errors import UsageError
from febench.core.manifest import Manifest
from febench.core.provenance import KEY, read_provenance

__all__ = ["CHECKS", "Audited", "Check", "Finding", "audit", "check", "findings_of"]


def audit(dataset: Dataset, manifest: Manifest | None = None, weights: Path | None = None) -> tuple[Finding, ...]:
    """Look for leaks, duplicates, bad splits and other faults that make numbers mislead; nothing is changed or refused.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    manifest : Manifest or None
        Its folds under a protocol; without one, the set's own split is looked at where it has one.
    weights : Path or None
        A safetensors file that says which images a network was trained on.

    Returns
    -------
    tuple of Finding
        In the order of their codes.

    Raises
    ------
    DataError
        If the weights file does not say what it was trained on.
    UsageError
        If the manifest is not of this data set.
    """
    if manifest is not None and manifest.ids != dataset.ids:
        raise UsageError(f"the folds are of {manifest.dataset}, whose images are not those of {dataset.name}")
    pretrained = frozenset(read_provenance(Path(weights))[KEY] if weights else ())
    return findings_of(Audited(dataset, manifest, pretrained))


def findings_of(audited: Audited) -> tuple[Finding, ...]:
    """Return the findings of all checks, in the order of their codes."""
    findings = [CHECKS[code](audited) for code in sorted(CHECKS)]
    return tuple(finding for finding in findings if finding)
