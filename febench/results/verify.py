"""The integrity of a results directory, and one directory held against another."""

from __future__ import annotations

from dataclasses import dataclass

from febench.results.store import Store


@dataclass(frozen=True)
class Verification:
    """One thing that was checked; `ok` is None where there is nothing to agree with and something is only told."""

    what: str
    ok: bool | None
    detail: str

    def __str__(self) -> str:
        mark = "note" if self.ok is None else "ok" if self.ok else "MISMATCH"
        return f"{mark:8} {self.what}: {self.detail}"


def verify_store(store: Store) -> list[Verification]:
    """Check a results directory; whoever has read it knows that hashes, checksums and predictions are sound."""
    manifest, records = store.manifest, store.records
    folds = range(1, manifest.n_folds + 1)
    counts = [len(manifest.test(run, fold)) for run in range(1, manifest.n_runs + 1) for fold in folds]
    dealt = f"{manifest.n_runs} runs of {manifest.n_folds} folds, {manifest.sha256[:12]}"
    return [
        Verification("manifest.json", True, dealt),
        Verification("folds", min(counts) > 0, f"{sum(counts)} test images in all"),
        Verification("cells.jsonl", not store.torn, f"{len(records)} cells, {store.torn} bytes of a torn last line"),
        Verification("keys", not store.foreign, store.set_aside or "each cell is of these folds"),
        Verification("predictions", True, "one class for each test image"),
    ]


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
