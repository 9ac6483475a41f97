"""The split manifest: the folds of a protocol on a data set as data, drawn once, hashed, stored with the results."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from febench.core.dataset import Dataset
from febench.core.errors import MismatchError, UnreadableFoldsError, UsageError
from febench.core.files import content_of, parsed
from febench.core.protocol import PROTOCOLS, Deal, Fold, Roles
from febench.core.seeds import derive_seed

FORMAT = 1
_NO_IMAGES = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Manifest:
    """The folds of every run, and what is needed to score predictions without the images.

    Runs and folds are counted from 1, as H(r, g) in the papers.

    Attributes
    ----------
    content : dict
        What is written to `manifest.json`, without its hash.
    scored : bool array, shape (n,), or None
        Which test images count, in the order of `all_tests`, where results are read without some of them; None for all.
        It changes neither folds nor hash.
    names_people : bool
        Whether the subjects are taken for people, where there are any; an audit may have found that they are none.
    """

    content: dict[str, Any]
    scored: NDArray[np.bool_] | None = None
    names_people: bool = True

    def __repr__(self) -> str:
        folds = f"{self.n_runs} x {self.n_folds} folds"
        return f"<Manifest of {self.dataset}, protocol {self.protocol}: {folds}, {self.sha256[:12]}>"

    @cached_property
    def sha256(self) -> str:
        """The hash that stands in the key of every cell."""
        canonical = json.dumps(self.content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def dataset(self) -> str:
        """Selector of the data set."""
        return str(self.content["dataset"])

    @property
    def title(self) -> str:
        """The name that the run gave the data set, as tables show it; its selector where the run gave none."""
        return str(self.content.get("name") or self.dataset)

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the data set."""
        return str(self.content["fingerprint"])

    @property
    def synthetic(self) -> bool:
        """Whether the images were drawn by code."""
        return bool(self.content["synthetic"])

    @property
    def protocol(self) -> str:
        """Selector of the protocol."""
        return str(self.content["protocol"])

    @property
    def protocol_version(self) -> str:
        """Version of the protocol that dealt the images."""
        return str(self.content["protocol_version"])

    @property
    def seed(self) -> int:
        """Base seed."""
        return int(self.content["seed"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names."""
        return tuple(self.content["classes"])

    @property
    def ids(self) -> tuple[str, ...]:
        """Image ids, in the order of the data set."""
        return tuple(self.content["images"])

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Class index of every image, shape (n,)."""
        return np.asarray(self.content["labels"], dtype=np.int64)

    @property
    def subjects(self) -> tuple[str, ...] | None:
        """The person of each image, in the order of the data set; None where nobody is known."""
        subjects = self.content["subjects"]
        return tuple(subjects) if subjects else None

    @cached_property
    def people(self) -> tuple[tuple[str, ...], NDArray[np.int64]] | None:
        """The names of the people, sorted, and the number of each image's among them, shape (n,); None if not known.

        Names most of which have a single image are not names of people: they tell nothing of who is in training.
        """
        if self.subjects is None or not self.names_people or mostly_single(self.subjects):
            return None
        return numbered(self.subjects)

    @cached_property
    def together(self) -> NDArray[np.int64] | None:
        """A number for each image, the same where the protocol keeps images together, shape (n,).

        None where it deals image by image, or does not know what to keep together.

        Raises
        ------
        UsageError
            If the protocol is not known here, for nothing but its registration tells what it keeps together, or if
            these folds were drawn before manifests had this field.
        """
        protocol, _ = PROTOCOLS.select(self.protocol)
        if protocol.together is None:
            return None
        if protocol.together not in self.content:
            raise UsageError(
                f"these folds of {self.dataset} were drawn before protocol {self.protocol} kept {protocol.together} "
                "together and do not tell them: raise its version, and draw them anew in another directory"
            )
        names = self.content[protocol.together]
        return numbered(names)[1] if names else None

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return len(self.content["runs"])

    @property
    def n_folds(self) -> int:
        """Number of folds in each run."""
        return len(self.content["folds"])

    @cached_property
    def roles(self) -> tuple[Roles, ...]:
        """The roles of the groups in each fold."""
        return tuple(Roles(**{part: tuple(groups) for part, groups in fold.items()}) for fold in self.content["folds"])

    def groups(self, run: int) -> list[NDArray[np.int64]]:
        """The images of each group of a run, by the groups' numbers in `roles`."""
        return self._runs[run - 1]

    @cached_property
    def _runs(self) -> list[list[NDArray[np.int64]]]:
        return [[np.asarray(group, dtype=np.int64) for group in groups] for groups in self.content["runs"]]

    def fold(self, run: int, fold: int) -> Fold:
        """The images of one fold, each part in rising order."""
        roles = self.roles[fold - 1]
        return Fold(*(self._images(run, groups) for groups in (roles.train, roles.validation, roles.test)))

    def counted(self, part: str, numbers: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
        """Yield the number of images of a part of each fold that have each number, run by run, shape (folds, numbers).

        Parameters
        ----------
        part : str
            `train`, `validation` or `test`.
        numbers : int64 array, shape (n,)
            A number from 0 for each image, such as its class or its person.
        """
        n, n_groups = int(numbers.max(initial=0)) + 1, min(map(len, self._runs))
        members = np.zeros((self.n_folds, n_groups), dtype=np.float32)
        for fold, roles in enumerate(self.roles):
            members[fold, list(getattr(roles, part))] = 1
        for groups in self._runs:
            group = np.empty(len(numbers), dtype=np.int64)
            group[np.concatenate(groups)] = np.repeat(np.arange(len(groups)), [len(one) for one in groups])
            by_group = np.bincount(group * n + numbers, minlength=len(groups) * n).reshape(-1, n)
            yield members @ by_group[:n_groups].astype(np.float32)

    def test(self, run: int, fold: int) -> NDArray[np.int64]:
        """The test images of one fold, in rising order."""
        return self.tested[0][slice(*self.tested[1][run - 1, fold - 1 : fold + 1])]

    def tests(self, runs: Sequence[int], folds: Sequence[int] | None = None) -> NDArray[np.int64]:
        """The test images of some folds (all by default) of some runs, one fold after another."""
        images, edges = self.tested
        if folds is None:
            return np.concatenate([_NO_IMAGES, *(images[edges[run - 1, 0] : edges[run - 1, -1]] for run in runs)])
        return np.concatenate([_NO_IMAGES, *(self.test(run, fold) for run in runs for fold in folds)])

    def n_test(self, run: int, fold: int) -> int:
        """Return the number of test images of a fold."""
        return int(self.test_sizes[run - 1, fold - 1])

    @cached_property
    def test_sizes(self) -> NDArray[np.int64]:
        """The number of test images of each fold, shape (runs, folds)."""
        return np.diff(self.tested[1], axis=1)

    @cached_property
    def tested(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The test images that count, as `all_tests` has all."""
        images, edges = self.all_tests
        if self.scored is None:
            return images, edges
        return images[self.scored], np.concatenate([[0], np.cumsum(self.scored)])[edges]

    @property
    def left_out(self) -> int:
        """The number of test images of all folds and runs that are not scored."""
        return len(self.all_tests[0]) - len(self.tested[0])

    @cached_property
    def all_tests(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The test images of all folds of all runs, one fold after another, each in rising order.

        Returns
        -------
        images : int64 array, shape (n,)
        edges : int64 array, shape (runs, folds + 1)
            Where the images of each fold of a run begin, and where those of its last fold end.
        """
        tests = [self._images(run, roles.test) for run in range(1, self.n_runs + 1) for roles in self.roles]
        ends = np.cumsum([len(test) for test in tests]).reshape(self.n_runs, self.n_folds)
        starts = np.concatenate([[0], ends[:-1, -1]])
        return np.concatenate(tests), np.column_stack([starts, ends])

    def _images(self, run: int, groups: tuple[int, ...]) -> NDArray[np.int64]:
        return np.sort(np.concatenate([_NO_IMAGES, *(self.groups(run)[g] for g in groups)]))

    def cell_seed(self, method: str, run: int, fold: int) -> int:
        """Seed of a method's cell: a hash of what it is, whatever else runs."""
        if (method, run, fold) not in self._seeds:
            self._seeds[method, run, fold] = derive_seed(self.seed, self.dataset, self.protocol, method, run, fold)
        return self._seeds[method, run, fold]

    def cell_key(self, method: str, params: dict[str, Any], version: str, run: int, fold: int) -> str:
        """Hash of all that the result of a cell depends on, its seed among it."""
        row = repr((method, params, version))
        if row not in self._rows:  # reading a store asks for every cell's key: of a row's parts most are written once
            parts = {"manifest": self.sha256, "method": method, "params": params, "version": version}
            fixed = {name: json.dumps(part, sort_keys=True).replace("%", "%%") for name, part in parts.items()}
            changing = {"run": "%d", "fold": "%d", "seed": "%d"}
            inside = ", ".join(f'"{name}": {part}' for name, part in sorted({**fixed, **changing}.items()))
            self._rows[row] = f"{{{inside}}}"
        text = self._rows[row] % (fold, run, self.cell_seed(method, run, fold))
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def _rows(self) -> dict[str, str]:
        return {}

    @cached_property
    def _seeds(self) -> dict[tuple[str, int, int], int]:
        return {}

    def to_text(self) -> str:
        """The text of `manifest.json`, one line a part."""
        parts = {**self.content, "sha256": self.sha256}
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in parts.items())
        return "{\n" + lines + "\n}\n"


def mostly_single(names: Sequence[str]) -> bool:
    """Return whether more than half of the different names occur once, as they do where a name is a single image's."""
    counts = Counter(names).values()
    return 2 * sum(count == 1 for count in counts) > len(counts)


def numbered(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Different names, sorted, and the number of each name among them, shape (n,)."""
    different, numbers = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    return tuple(map(str, different)), numbers.ravel().astype(np.int64)


def draw(dataset: Dataset, selector: str, seed: int = 0, name: str = "") -> Manifest:
    """Draw the folds of a data set under the protocol that a selector names.

    `name` is shown in tables instead of the data set's selector. It changes neither folds nor seeds.

    Raises
    ------
    UsageError
        If there is no such protocol, or it cannot deal this data set.
    """
    protocol, params = PROTOCOLS.select(selector)
    label = protocol.label(params)
    deal = protocol.deal(dataset, params, derive_seed(seed, "deal", dataset.name, label))
    problem = next(_problems(deal, len(dataset)), None)
    if problem:
        raise UsageError(f"protocol {label} on {dataset.name}: {problem}")
    columns = {"subjects": dataset.subjects}
    if protocol.together:
        columns[protocol.together] = getattr(dataset, protocol.together)
    return Manifest(
        {
            "format": FORMAT,
            "dataset": dataset.name,
            **({"name": name} if name else {}),
            "fingerprint": dataset.fingerprint,
            "synthetic": dataset.synthetic,
            "protocol": label,
            "protocol_version": protocol.version,
            "seed": seed,
            "classes": list(dataset.classes),
            "images": list(dataset.ids),
            "labels": dataset.labels.tolist(),
            **{column: list(names) if names else None for column, names in columns.items()},
            "folds": [{k: list(v) for k, v in vars(roles).items()} for roles in deal.folds],
            "runs": [[np.sort(group).tolist() for group in groups] for groups in deal.runs],
        }
    )


def read(path: Path) -> Manifest:
    """Read a manifest and check its hash.

    Raises
    ------
    UnreadableFoldsError
        If there is no such file, or it is empty or torn, as a power cut may leave it.
    MismatchError
        If it was damaged otherwise, or edited.
    """
    try:
        content = parsed(content_of(path))
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        what = "is empty or torn" if path.exists() else "is lost"
        raise UnreadableFoldsError(f"{path} {what}: its folds are not known", option="folds") from error
    try:
        stored = content.pop("sha256")
        known = content["format"] == FORMAT
    except (KeyError, TypeError, AttributeError) as error:
        raise MismatchError(f"{path} is not a split manifest of febench ({error})") from error
    if not known:
        raise MismatchError(f"{path} was written in format {content['format']}; this febench reads format {FORMAT}")
    manifest = Manifest(content)
    if manifest.sha256 != stored:
        raise MismatchError(
            f"{path} does not match its own SHA-256: it was edited or damaged; restore it from a copy, or delete it",
            option="folds",
        )
    try:
        flaw = _flaw(msgspec.convert(content, _Content))
    except msgspec.ValidationError as error:
        flaw = str(error)
    if flaw:
        raise MismatchError(f"{path} holds no folds of febench: {flaw}", option="folds")
    return manifest


class _Content(msgspec.Struct):
    """The fields of every manifest, with their types; it may have further columns of the data set."""

    dataset: str
    fingerprint: str
    synthetic: bool
    protocol: str
    protocol_version: str
    seed: int
    classes: Annotated[list[str], msgspec.Meta(min_length=1)]
    images: list[str]
    labels: list[int]
    subjects: list[str] | None
    folds: list[Roles]
    runs: Annotated[list[list[list[int]]], msgspec.Meta(min_length=1)]
    name: str = ""


def _flaw(content: _Content) -> str | None:
    """Return why folds of the right types cannot be folds of these images; None if they can."""
    n_images = len(content.images)
    if len(content.labels) != n_images or len(content.subjects or content.images) != n_images:
        return f"of its {n_images} images not each has one label, and one person or none"
    if not set(content.labels) <= set(range(len(content.classes))):
        return f"it has labels that are none of its {len(content.classes)} classes"
    images = [image for groups in content.runs for group in groups for image in group]
    if min(images, default=0) < 0 or max(images, default=0) >= n_images:
        return f"its groups hold images that are none of the {n_images}"
    runs = [[np.asarray(group, dtype=np.int64) for group in groups] for groups in content.runs]
    return next(_problems(Deal(runs, tuple(content.folds)), n_images), None)


def _problems(deal: Deal, n_images: int) -> Iterator[str]:
    """Yield the problems of a deal; use only the first, because later checks rely on earlier ones."""
    if not deal.runs or not deal.folds:
        yield "it has no run or no fold"
    n_groups = min(map(len, deal.runs))
    named = {group for roles in deal.folds for part in vars(roles).values() for group in part}
    if not named <= set(range(n_groups)):
        yield f"its folds name groups that are none of the {n_groups} of a run"
    for run, groups in enumerate(deal.runs, start=1):
        if not np.array_equal(np.sort(np.concatenate([_NO_IMAGES, *groups])), np.arange(n_images)):
            yield f"in run {run} the groups do not hold every image exactly once"
        for fold, roles in enumerate(deal.folds, start=1):
            if not all(any(len(groups[g]) for g in part) for part in (roles.train, roles.test)):
                yield f"in run {run} fold {fold} has no image to train on or to test"
    for fold, roles in enumerate(deal.folds, start=1):
        used = [*roles.train, *roles.validation, *roles.test]
        if len(set(used)) != len(used):
            yield f"fold {fold} uses a group twice"
