"""A cache that was damaged, cut off, exchanged or robbed: never believed, made again, with a word."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from febench.core import cache
from febench.core.cache import array_path, cached_array, is_kept, seconds_of, telling
from febench.core.dataset import load_dataset
from febench.core.method import Method
from febench.running.tasks import Extracted, ExtractTask, PackedMethod
from tests.end_to_end.conftest import Febench


def chunks(offset: int = 0) -> Iterator[NDArray[np.int64]]:
    for start in (0, 40):
        yield np.arange(start, start + 40) + offset


def never() -> Iterator[NDArray[np.int64]]:
    raise AssertionError("made again")
    yield


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_checked", {})


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def exchange(path: Path) -> None:
    """Another array, with all that stands beside it, under this one's name."""
    other = cached_array("t", "other", chunks(1), 80)
    for suffix in (".npy", ".json"):
        shutil.copy(other.with_suffix(suffix), path.with_suffix(suffix))


def exchange_array_alone(path: Path) -> None:
    shutil.copy(cached_array("t", "other", chunks(1), 80), path)


def lose_note(path: Path) -> None:
    path.with_suffix(".json").unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: flip(path, 8 * 300), "is damaged"),
        (lambda path: flip(path, 8 * 20), "is damaged"),
        (truncate, "is cut off or of another size"),
        (lambda path: path.write_bytes(b""), "is cut off or of another size"),
        (exchange, "stands under the name of another"),
        (exchange_array_alone, "is damaged"),
        (lose_note, "has no note of its content"),
        (lambda path: path.with_suffix(".json").write_text("{"), "the note beside it cannot be read"),
    ],
)
def test_what_is_not_as_it_was_written_is_made_again_with_a_word(
    damage: Callable[[Path], None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cached_array("t", "k", chunks(), 80)
    before = path.read_bytes()
    damage(path)
    monkeypatch.setattr(cache, "_checked", {})  # as the next process finds it
    told: list[str] = []
    with telling(told.append):
        assert cached_array("t", "k", chunks(), 80).read_bytes() == before
        assert cached_array("t", "k", never(), 80) == path
    assert len(told) == 1 and words in told[0] and told[0].endswith("it is made again")


def test_no_flipped_bit_of_array_or_note_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    path = cached_array("t", "k", chunks(), 80)
    files = {one: one.read_bytes() for one in (path, path.with_suffix(".json"))}
    whole, seconds, choose = np.arange(80), seconds_of(path), random.Random(0)
    for _ in range(300):
        victim = choose.choice(list(files))
        flip(victim, choose.randrange(8 * len(files[victim])))
        monkeypatch.setattr(cache, "_checked", {})
        if cache._flaw(path) is None:  # JSON may say the same otherwise: a blank that became a line feed
            assert np.array_equal(np.load(path), whole) and seconds_of(path) == seconds
        for one, content in files.items():
            one.write_bytes(content)


def test_nothing_is_said_of_what_was_never_there_or_is_whole() -> None:
    told: list[str] = []
    with telling(told.append):
        path = cached_array("t", "k", chunks(), 80)
        cached_array("t", "k", never(), 80)
    assert told == [] and is_kept(path) and not is_kept(array_path("t", "other"))


def test_a_process_reads_an_array_whole_once(monkeypatch: pytest.MonkeyPatch) -> None:
    path = cached_array("t", "k", chunks(), 80)
    cached_array("t", "k", never(), 80)
    monkeypatch.setattr(cache.hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    assert cached_array("t", "k", never(), 80) == path


def test_who_does_not_listen_is_warned() -> None:
    truncate(cached_array("t", "k", chunks(), 80))
    with pytest.warns(UserWarning, match="it is made again"):
        cached_array("t", "k", chunks(), 80)


def test_a_data_set_tells_that_its_images_were_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    selector = "faces[subjects=2,shots=1,size=32]"
    first = load_dataset(selector)
    (images,) = cache.cache_dir().glob("faces/*.npy")
    flip(images, 8 * 1000)
    monkeypatch.setattr(cache, "_checked", {})
    again = load_dataset(selector)
    assert again.fingerprint == first.fingerprint
    assert first.notes == () and len(again.notes) == 1 and "is damaged: it is made again" in again.notes[0]


class Sums:
    def extract(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        return X.sum(axis=(1, 2), dtype=np.float64)[:, None]


def test_features_are_held_against_their_hash_before_cells_map_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "images.npy", np.arange(320, dtype=np.uint8).reshape(20, 4, 4))
    task = ExtractTask(PackedMethod.of(Method("sums", Sums, version="1"), {}, "cpu"), tmp_path / "images.npy", ("f",))
    first = task.run()
    assert isinstance(first, Extracted) and first.notes == ()
    before = first.path.read_bytes()
    flip(first.path, 8 * 200)
    monkeypatch.setattr(cache, "_checked", {})
    again = task.run()
    assert isinstance(again, Extracted) and again.path.read_bytes() == before and "is damaged" in again.notes[0]


FEATURES = """
import numpy as np
from febench import method


@method("sums")
class Sums:
    def extract(self, X):
        return X.reshape(len(X), -1).astype(float)

    def fit(self, X, y):
        self.means = np.stack([X[y == one].mean(axis=0) for one in range(7)])
        return self

    def predict(self, X):
        return ((X[:, None] - self.means) ** 2).sum(axis=2).argmin(axis=1)
"""


def test_a_run_on_a_damaged_cache_says_so_and_is_the_same(febench: Febench, tmp_path: Path) -> None:
    (tmp_path / "sums.py").write_text(FEATURES)
    run = ("run", "--plugin", "sums.py", "--dataset", "faces[subjects=3,shots=1,size=32]", "--methods", "sums")
    run += ("--protocol", "paper[runs=2,groups=3]", "--jobs", "1")
    first = febench(*run, "--out", "a")
    assert first.returncode == 0, first.stderr
    for path in (tmp_path / "cache").rglob("*.npy"):
        flip(path, 8 * path.stat().st_size - 2)
    again = febench(*run, "--out", "b")
    assert again.returncode == 0 and again.stderr.count("is damaged: it is made again") == 2
    assert again.stdout == first.stdout
