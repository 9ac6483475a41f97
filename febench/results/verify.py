"""The integrity of a results directory, and one directory held against another."""

from __future__ import annotations

from dataclasses import dataclass

from febench.core.errors import MismatchError
from febench.results.index import INDEX
from febench.results.store import ASKED, AUDIT, CELLS, ENVIRONMENT, MANIFEST, Store, read_audit

KNOWN = (MANIFEST, CELLS, ENVIRONMENT, AUDIT, ASKED, INDEX, ".lock")


@dataclass(frozen=True)
class Verification:
    """One thing that was checked; `ok` is None where it is only a note."""

    what: str
    ok: bool | None
    detail: str

    def __str__(self) -> str:
        mark = "note" if self.ok is None else "ok" if self.ok else "MISMATCH"
        return f"{mark:8} {self.what}: {self.detail}"


def verify_store(store: Store) -> list[Verification]:
    """Check every file of a results directory; whoever has read it knows that hashes and predictions are sound."""
    manifest, records = store.manifest, store.records
    folds = range(1, manifest.n_folds + 1)
    counts = [len(manifest.test(run, fold)) for run in range(1, manifest.n_runs + 1) for fold in folds]
    dealt = f"{manifest.n_runs} runs of {manifest.n_folds} folds, {manifest.sha256[:12]}"
    checks = [
        Verification(MANIFEST, True, dealt),
        Verification("folds", min(counts) > 0, f"{sum(counts)} test images in all"),
        Verification(CELLS, not store.torn, f"{len(records)} cells, {store.torn} bytes of a torn last line"),
        Verification("keys", not store.foreign, store.set_aside or "each cell is of these folds"),
        Verification("predictions", True, "one class for each test image"),
        Verification(ENVIRONMENT, *_environments(store)),
        Verification(AUDIT, *_audit(store)),
        Verification(ASKED, *_asked(store)),
    ]
    others = sorted(path.name for path in store.path.iterdir() if path.name not in KNOWN and path.is_file())
    if others:
        checks.append(Verification("other files", None, f"not written by febench, not checked: {', '.join(others)}"))
    return checks


def _environments(store: Store) -> tuple[bool, str]:
    try:
        noted = store.environments
    except MismatchError as error:
        return False, str(error)
    unknown = {record.environment for record in store.records if record.environment} - noted.keys()
    if unknown:
        return False, f"cells name {', '.join(sorted(unknown))}, of which nothing is noted; restore it from a copy"
    return True, f"{len(noted)} environments, each of which its id is the hash"


def _audit(store: Store) -> tuple[bool | None, str]:
    try:
        document, has_checksum = read_audit(store.path)
    except FileNotFoundError:
        return None, "there was no audit"
    except (OSError, ValueError) as error:
        return False, f"it was edited or damaged ({error}); delete it, and the next febench run audits these folds anew"
    if store.audit is None:
        return None, "it is of other folds or of another febench: the next febench run audits these folds"
    findings = f"{len(document['findings'])} findings"
    return (True, findings) if has_checksum else (None, f"{findings}, written before audits had a checksum")


def _asked(store: Store) -> tuple[bool | None, str]:
    if not (store.path / ASKED).exists():
        return None, "no run wrote down what it asked for: the version of each method that was stored last is shown"
    try:
        return True, f"{len(store.asked)} methods, each shown at the version that a run asked for last"
    except MismatchError as error:
        return False, str(error)


def compare_stores(mine: Store, reference: Store) -> list[Verification]:
    """Hold the cells of one directory against the same cells of another: predictions and probabilities."""
    if mine.manifest.sha256 != reference.manifest.sha256:
        return [Verification("folds", False, "not the same folds: nothing to compare")]
    theirs = {record.key: record for record in reference.records if record.ok}
    pairs = [(record, theirs[record.key]) for record in mine.records if record.ok and record.key in theirs]
    compared = f"{len(pairs)} of {sum(record.ok for record in mine.records)} cells are in both"
    verifications = [Verification("folds", True, "the same"), Verification("cells", bool(pairs), compared)]
    for label in dict.fromkeys(record.label for record, _ in pairs):
        own = [(a, b) for a, b in pairs if a.label == label]
        answers = sum(a.predictions != b.predictions for a, b in own)
        beliefs = sum(a.probabilities != b.probabilities for a, b in own)
        detail = f"{len(own)} cells in both, {answers} with other predictions, {beliefs} with other probabilities"
        verifications.append(Verification(label, answers == beliefs == 0, detail))
    return verifications
