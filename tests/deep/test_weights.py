"""Weights files: what is taken, what is refused and in which words, and what is written."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torchvision import models

from deep.weights import (
    DOWNLOAD_TIMEOUT_S,
    HASH_IN_FILE_NAME,
    KNOWN_SHA256,
    _cleaned,
    file_sha256,
    find,
    settle,
    why_unavailable,
)
from deep.weights_file import WeightsFile, head_of, load, provenance, save, skeleton
from febench.core.cache import cache_dir
from febench.core.errors import DataError, UsageError
from febench.core.provenance import image_hashes, read_provenance
from febench.core.selectors import coerce, format_selector, parse_selector

NETWORK = "squeezenet1_1"  # small, and its head is a convolution
OTHER = "shufflenet_v2_x0_5"  # smaller still, with BatchNorm and a linear head
HEAD = {"fc.weight", "fc.bias"}


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def build(name: str = OTHER, classes: int = 3, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return models.get_model(name, weights=None, num_classes=classes)


def record(architecture: str = OTHER, images: tuple[str, ...] = ("ab", "cd")) -> dict[str, str]:
    return provenance(
        "fer2013", "f00d", images, architecture=architecture, classes=["joy", "fear"], method="m", params={}, seed=7
    )


def pth(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def equal(one: nn.Module, other: nn.Module) -> set[str]:
    """Names of the tensors that two networks share."""
    theirs = other.state_dict()
    return {name for name, tensor in one.state_dict().items() if torch.equal(tensor, theirs[name])}


def as_file(path: Path) -> WeightsFile:
    return WeightsFile(path, file_sha256(path), "test", "full")


# What the parameter becomes


@pytest.mark.parametrize("weights", ["none", "imagenet"])
def test_none_and_imagenet_are_unchanged(weights: str) -> None:
    assert settle(OTHER, weights) == weights


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt", ".PTH"])
def test_a_path_becomes_name_and_hash_and_the_file_is_copied(tmp_path: Path, suffix: str) -> None:
    network, path = build(), tmp_path / f"my best{suffix}"
    if suffix == ".safetensors":
        save(path, network, metadata=record())
    else:
        pth(path, network.state_dict())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    name = settle(OTHER, str(path))
    assert name == f"my-best@{sha256[:12]}"
    path.write_bytes(b"overwritten in place")
    assert settle(OTHER, name) == name and why_unavailable(OTHER, name) is None
    file = find(OTHER, name)
    assert (file.sha256, file.source, file.verified) == (sha256, name, "full")
    fresh = build(seed=1)
    load(fresh, file)
    assert equal(fresh, network) == set(network.state_dict()) - HEAD


def test_equal_files_have_one_copy(tmp_path: Path) -> None:
    one = pth(tmp_path / "a.pth", build().state_dict())
    (tmp_path / "sub").mkdir()
    two = tmp_path / "sub" / "a.pt"
    two.write_bytes(one.read_bytes())
    assert settle(OTHER, str(one)) == settle(OTHER, str(two))
    assert len(list((cache_dir() / "weights").iterdir())) == 1


def test_a_hash_without_a_file_in_the_cache_is_refused() -> None:
    name = "mine@0123456789ab"
    for refused in (settle, find):
        with pytest.raises(DataError, match=r"no file of weights mine@0123456789ab in .*: give the path"):
            refused(OTHER, name)
    assert "give the path" in str(why_unavailable(OTHER, name))


@pytest.mark.parametrize("weights", ["imagnet", "w.onnx", "", "None", "mine@0123", "a@0123456789AB", "/"])
def test_a_parameter_that_is_no_weights_is_a_usage_error(weights: str) -> None:
    for refused in (settle, find):
        with pytest.raises(UsageError, match=r"weights is none, imagenet, the path"):
            refused(OTHER, weights)
    assert why_unavailable(OTHER, weights) is not None


@given(st.text())
def test_a_stored_parameter_is_written_without_quotes_and_read_back(stem: str) -> None:
    name = f"{_cleaned(stem)}@0123456789ab"
    text = format_selector("resnet18", {"weights": name})
    assert text == f"resnet18[weights={name}]"
    assert coerce(parse_selector(text)[1]["weights"], "none", "weights") == name


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+]{0,50}", fullmatch=True))
def test_a_plain_stem_is_unchanged(stem: str) -> None:
    assert _cleaned(stem) == stem


def test_a_file_written_by_febench_is_settled_without_torch(tmp_path: Path) -> None:
    save(tmp_path / "w.safetensors", build(), metadata=record())
    code = (
        "import sys; from deep.weights import settle, why_unavailable; path = sys.argv[1]\n"
        f"name = settle({OTHER!r}, path)\n"
        f"assert why_unavailable({OTHER!r}, name) is None and settle({OTHER!r}, name) == name\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'torchvision')))"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "w.safetensors"], check=False).returncode == 0


# What is loaded


@pytest.mark.parametrize("name", [NETWORK, OTHER, "mobilenet_v3_small"])
def test_everything_but_the_head_is_loaded_whatever_the_number_of_classes(tmp_path: Path, name: str) -> None:
    source, network = (
        build(name, classes=5, seed=1),
        build(name, classes=3, seed=2).to(memory_format=torch.channels_last),
    )
    own = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    head = {f"{head_of(source)[0]}.{part}" for part in ("weight", "bias")}
    load(network, as_file(pth(tmp_path / "w.pth", source.state_dict())))
    for key, tensor in network.state_dict().items():
        assert torch.equal(tensor, own[key] if key in head else source.state_dict()[key])
    convolutions = [layer.weight for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in convolutions)


def test_a_file_without_head_is_enough(tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in build().state_dict().items() if name not in HEAD}
    fresh = build(seed=1)
    load(fresh, as_file(pth(tmp_path / "w.pth", state)))
    assert equal(fresh, build()) == set(state)


def test_counters_of_batches_may_be_missing(tmp_path: Path) -> None:
    network = build()
    state = {name: tensor for name, tensor in network.state_dict().items() if "num_batches" not in name}
    fresh = build(seed=1)
    load(fresh, as_file(pth(tmp_path / "w.pth", state)))
    assert len(state) < len(network.state_dict()) and set(state) - HEAD <= equal(fresh, network)


@pytest.mark.parametrize(
    ("name", "old"),
    [("densenet121", (".norm1.", ".norm.1.")), ("vit_b_32", (".mlp.0.", ".mlp.linear_1."))],
)
def test_names_in_torchvisions_older_files_are_renamed(tmp_path: Path, name: str, old: tuple[str, str]) -> None:
    with torch.device("meta"):
        network = models.get_model(name, weights=None)
    state = {key: torch.zeros(()).expand(tensor.shape) for key, tensor in network.state_dict().items()}
    state = {key.replace(*old): tensor for key, tensor in state.items()}
    assert any(old[1] in key for key in state)
    assert settle(name, str(pth(tmp_path / "w.pth", state))).startswith("w@")


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("resnet18", "fc"),
        ("resnext50_32x4d", "fc"),
        ("mobilenet_v3_large", "classifier.3"),
        ("efficientnet_b0", "classifier.1"),
        ("convnext_tiny", "classifier.2"),
        ("vgg11", "classifier.6"),
        ("densenet121", "classifier"),
        ("squeezenet1_0", "classifier.1"),
        ("vit_b_16", "heads.head"),
        ("swin_t", "head"),
        ("inception_v3", "fc"),
        ("regnet_y_400mf", "fc"),
    ],
)
def test_the_head_is_found(name: str, head: str) -> None:
    head_name, layer = head_of(skeleton(name))
    assert head_name == head
    assert 1000 in (getattr(layer, "out_features", 0), getattr(layer, "out_channels", 0))


def test_a_network_without_layers_has_no_head() -> None:
    with pytest.raises(ValueError, match="no linear layer"):
        head_of(nn.ReLU())


# What is refused


class Payload:
    """A pickle that makes a folder when it is read as pickles usually are."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def payloads(path: Path, trap: Path) -> dict[str, Callable[[], object]]:
    state = {**build().state_dict(), "extra": Payload(trap)}
    return {
        "zip": lambda: torch.save(state, path),
        "legacy": lambda: torch.save(state, path, _use_new_zipfile_serialization=False),
        "pickle": lambda: path.write_bytes(pickle.dumps(state)),
        "protocol 0": lambda: path.write_bytes(pickle.dumps(Payload(trap), protocol=0)),
        "whole network": lambda: torch.save(build(), path),
        "script": lambda: torch.jit.save(torch.jit.script(nn.Linear(2, 2)), path),
    }


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.parametrize("kind", ["zip", "legacy", "pickle", "protocol 0", "whole network", "script"])
def test_a_pickle_that_could_run_code_is_refused_and_not_run(tmp_path: Path, kind: str) -> None:
    path, trap = tmp_path / "w.pth", tmp_path / "trap"
    payloads(path, trap)[kind]()
    for refused in (lambda: settle(OTHER, str(path)), lambda: load(build(), as_file(path))):
        with pytest.raises(DataError, match=r"w\.pth is refused, because .* could run code.*convert it to safetensors"):
            refused()
    assert not trap.exists() and not list(cache_dir().glob("weights/*"))
    if kind in ("zip", "protocol 0"):
        with pytest.raises(DataError, match=rf"\(it calls {os.mkdir.__module__}\.mkdir\)"):
            settle(OTHER, str(path))


def test_the_pickle_of_the_test_above_runs_code_where_it_is_loaded(tmp_path: Path) -> None:
    torch.load(pth(tmp_path / "w.pth", {"extra": Payload(tmp_path / "trap")}), weights_only=False)
    assert (tmp_path / "trap").exists()


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("kind", ["safetensors", "zip", "legacy"])
def test_a_truncated_file_is_refused(tmp_path: Path, kind: str, part: float) -> None:
    path = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pth")
    if kind == "safetensors":
        save(path, build(), metadata=record())
    else:
        torch.save(build().state_dict(), path, _use_new_zipfile_serialization=kind == "zip")
    content = path.read_bytes()
    path.write_bytes(content[: min(int(len(content) * part), len(content) - 1)])
    for refused in (lambda: settle(OTHER, str(path)), lambda: load(build(), as_file(path))):
        with pytest.raises(DataError, match=r"is truncated, damaged or not a .*: copy or download it again"):
            refused()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("content", [b"hello, world\n" * 9, b"<html>404</html>", b"\x89PNG\r\n\x1a\n" + b"0" * 50])
def test_a_file_that_is_no_weights_file_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is truncated, damaged or no"):
        settle(OTHER, str(path))


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(DataError, match="is truncated, damaged or no"):
        settle(OTHER, str(tmp_path / "w.pth"))


@pytest.mark.parametrize(
    "content",
    [[1, 2], {"epoch": 3, "state_dict": {}}, {1: torch.zeros(1)}, {"a": torch.zeros(2, 2).to_sparse()}, torch.zeros(2)],
)
def test_more_than_a_dictionary_of_tensors_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(DataError, match=r"not a plain dictionary of tensors: save network\.state_dict\(\) alone"):
        settle(OTHER, str(pth(tmp_path / "w.pth", content)))


def of_another(path: Path, metadata: dict[str, str]) -> Path:
    network = build("resnet18", classes=2)
    save(path, network, metadata=metadata) if path.suffix == ".safetensors" else pth(path, network.state_dict())
    return path


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_the_weights_of_another_network_are_refused(tmp_path: Path, suffix: str) -> None:
    path = of_another(tmp_path / f"w{suffix}", {"format": "pt"})
    message = (
        r"does not fit resnet50: layer1\.0\.conv1\.weight has the shape \(64, 64, 3, 3\) instead of \(64, 64, 1, 1\), "
        r".*, and \d+ more; give weights of that network"
    )
    with pytest.raises(DataError, match=message):
        settle("resnet50", str(path))
    with pytest.raises(DataError, match=r"does not fit this ShuffleNetV2: .*, and \d+ more; give"):
        load(build(), as_file(path))
    assert settle("resnet18", str(path)).startswith("w@")


def test_a_file_that_names_another_architecture_is_refused(tmp_path: Path) -> None:
    path = of_another(tmp_path / "w.safetensors", record("resnet18"))
    with pytest.raises(DataError, match=r"has weights of resnet18, not of resnet50: give"):
        settle("resnet50", str(path))


def test_a_file_that_names_its_architecture_wrongly_is_refused_when_loaded(tmp_path: Path) -> None:
    path = of_another(tmp_path / "w.safetensors", record(OTHER))
    network = build()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(DataError, match="does not fit this ShuffleNetV2"):
        load(network, find(OTHER, str(path)))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_an_extra_tensor_is_refused_in_a_printable_message(tmp_path: Path) -> None:
    state = {**build().state_dict(), "evil\x1b[31m\nname": torch.zeros(1)}
    with pytest.raises(DataError, match=r"evil\\x1b\[31m\\nname is not in that network") as refusal:
        settle(OTHER, str(pth(tmp_path / "w.pth", state)))
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    state = build().state_dict()
    state["conv1.0.weight"][0, 0, 0, 0] = value
    with pytest.raises(DataError, match=r"has values in conv1\.0\.weight that are not finite real numbers"):
        load(build(), as_file(pth(tmp_path / "w.pth", state)))


def test_integer_weights_are_refused(tmp_path: Path) -> None:
    state = {name: tensor.to(torch.int8) for name, tensor in build().state_dict().items()}
    with pytest.raises(DataError, match="not finite real numbers"):
        load(build(), as_file(pth(tmp_path / "w.pth", state)))


def test_paths_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    folder, loop = tmp_path / "folder.pth", tmp_path / "loop.safetensors"
    folder.mkdir()
    loop.symlink_to(loop)
    for path, message in [(tmp_path / "w.pth", "No such file"), (folder, "Is a directory"), (loop, "Too many levels")]:
        for refused in (settle, find):
            with pytest.raises(DataError, match=rf"cannot read the weights .*{path.name}: {message}.*; give the path"):
                refused(OTHER, str(path))
        assert message in str(why_unavailable(OTHER, str(path)))


def test_an_unknown_network_is_a_usage_error(tmp_path: Path) -> None:
    path = pth(tmp_path / "w.pth", build().state_dict())
    for weights in (str(path), "imagenet"):
        with pytest.raises(UsageError, match=r"torchvision has no classifier named 'resnet19'"):
            find("resnet19", weights)


def test_random_weights_have_no_file() -> None:
    assert why_unavailable(OTHER, "none") is None
    with pytest.raises(UsageError, match="weights=none"):
        find(OTHER, "none")


def test_a_changed_file_in_the_cache_is_refused_until_it_is_given_again(tmp_path: Path) -> None:
    path = pth(tmp_path / "w.pth", build().state_dict())
    name = settle(OTHER, str(path))
    cached = find(OTHER, name).path
    content = bytearray(cached.read_bytes())
    content[len(content) // 2] ^= 1
    cached.write_bytes(content)
    with pytest.raises(DataError, match=rf"was changed .*: give the path of the file of {name} again"):
        find(OTHER, name)
    assert find(OTHER, settle(OTHER, str(path))).path == cached


def test_two_cached_files_with_the_same_digits_are_refused() -> None:
    folder = cache_dir() / "weights"
    folder.mkdir(parents=True)
    for last in "ab":
        (folder / f"0123456789ab{last}.pth").touch()
    with pytest.raises(DataError, match="2 files of weights"):
        settle(OTHER, "w@0123456789ab")


def test_a_full_cache_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"part")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(DataError, match=r"cannot copy .*: No space left on device; make room"):
        settle(OTHER, str(pth(tmp_path / "w.pth", build().state_dict())))
    assert not list((cache_dir() / "weights").iterdir())


# ImageNet's


def hub_file(name: str = OTHER) -> Path:
    url = models.get_model_weights(name).IMAGENET1K_V1.url
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where downloads were put; each brings the bytes `downloaded`."""
    calls: list[Path] = []

    def download(url: str, target: str, prefix: str, progress: bool) -> None:
        assert prefix and url.endswith(Path(target).name) and not progress
        calls.append(Path(target))
        Path(target).write_bytes(b"downloaded")

    monkeypatch.setattr("torch.hub.download_url_to_file", download)
    return calls


def test_a_file_in_the_hubs_folder_is_used_if_its_hash_is_the_known_one(
    fetched: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hub_file("resnet18")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"known")
    sha256 = hashlib.sha256(b"known").hexdigest()
    monkeypatch.setitem(KNOWN_SHA256, "resnet18-f37072fd.pth", sha256)
    file = find("resnet18", "imagenet")
    assert file == WeightsFile(path, sha256, "ResNet18_Weights.IMAGENET1K_V1", "full")
    assert not fetched and why_unavailable("resnet18", "imagenet") is None


@pytest.mark.parametrize("name", ["resnet18", "resnet50", OTHER])
def test_a_damaged_file_in_the_hubs_folder_is_refused(fetched: list[Path], name: str) -> None:
    path = hub_file(name)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")
    with pytest.raises(DataError, match=rf"{path.name} is damaged or another file .*: delete it"):
        find(name, "imagenet")
    assert not fetched and path.read_bytes() == b"damaged"


def test_a_download_is_checked_by_its_whole_hash_and_made_once(
    fetched: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="is damaged or another file"):
        find("resnet50", "imagenet")
    sha256 = hashlib.sha256(b"downloaded").hexdigest()
    monkeypatch.setitem(KNOWN_SHA256, "resnet50-0676ba61.pth", sha256)
    assert find("resnet50", "imagenet").sha256 == sha256
    assert fetched == [hub_file("resnet50")]


def test_only_the_first_digits_of_other_networks_are_known(
    fetched: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hub_file()
    sha256 = hashlib.sha256(b"downloaded").hexdigest()
    entry = models.get_model_weights(OTHER).IMAGENET1K_V1
    monkeypatch.setattr(entry.value, "url", f"scheme:/{path.name.partition('-')[0]}-{sha256[:8]}.pth")
    assert find(OTHER, "imagenet").verified == "prefix"


@pytest.mark.parametrize(
    "error",
    [
        URLError(OSError(-2, "Name or service not known")),
        TimeoutError("timed out"),
        RuntimeError('invalid hash value (expected "f37072fd", got "00")'),
    ],
)
def test_a_download_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def download(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("torch.hub.download_url_to_file", download)
    message = (
        r"cannot download the weights resnet18-f37072fd\.pth \(.+\): download that file .* put it into .*checkpoints$"
    )
    with pytest.raises(DataError, match=message) as refusal:
        find("resnet18", "imagenet")
    assert str(refusal.value).isprintable() and not hub_file("resnet18").exists()


def test_an_unreachable_network_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "127.0.0.1:1")  # where nothing listens
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(DataError, match=r"cannot download the weights resnet18-f37072fd\.pth \(.*refused"):
        find("resnet18", "imagenet")
    assert not list(hub_file("resnet18").parent.iterdir())


def test_a_silent_network_has_a_time_limit_that_applies_to_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float | None] = []

    def download(*_: object, **__: object) -> None:
        limits.append(socket.getdefaulttimeout())
        raise TimeoutError("timed out")

    monkeypatch.setattr("torch.hub.download_url_to_file", download)
    before = socket.getdefaulttimeout()
    with pytest.raises(DataError, match="timed out"):
        find("resnet18", "imagenet")
    assert limits == [DOWNLOAD_TIMEOUT_S] and socket.getdefaulttimeout() == before


def test_networks_without_plain_imagenet_weights_are_refused() -> None:
    message = "torchvision has no plain ImageNet weights of vit_h_14: give a file by its path"
    assert why_unavailable("vit_h_14", "imagenet") == message
    with pytest.raises(UsageError, match=message):
        find("vit_h_14", "imagenet")


@pytest.mark.parametrize("name", models.list_models(module=models))
def test_every_file_name_of_torchvision_has_digits_of_its_hash(name: str) -> None:
    entry = models.get_model_weights(name).__members__.get("IMAGENET1K_V1")
    assert entry is None or HASH_IN_FILE_NAME.search(entry.url)


# What is written


def test_saved_weights_are_loaded_and_record_their_origin(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8), dtype=np.uint8)
    metadata = provenance(
        'a "set" <b>',
        "f00d",
        image_hashes(images),
        architecture=OTHER,
        classes=["joy", "Überraschung\n"],
        method="resnet18 (quick)",
        params={"steps": 10, "lr": 0.1},
        seed=7,
        mean=[0.5],
        sd=[0.25],
    )
    network, path = build().to(memory_format=torch.channels_last), tmp_path / "w.safetensors"
    save(path, network, metadata=metadata)
    fields = read_provenance(path)
    assert fields.pop("febench.images") == image_hashes(images)
    assert fields == {key: value for key, value in metadata.items() if key != "febench.images"}
    assert (fields["febench.dataset"], fields["febench.architecture"]) == ('a "set" <b>', OTHER)
    values = {
        key: json.loads(fields[f"febench.{key}"]) for key in ("classes", "n_images", "params", "seed", "mean", "sd")
    }
    assert values == {
        "classes": ["joy", "Überraschung\n"],
        "n_images": 4,
        "params": {"steps": 10, "lr": 0.1},
        "seed": 7,
        "mean": [0.5],
        "sd": [0.25],
    }
    fresh = build(seed=1)
    load(fresh, find(OTHER, str(path)))
    assert equal(fresh, network) == set(network.state_dict()) - HEAD
    assert [one.name for one in tmp_path.glob("*.safetensors")] == ["w.safetensors"]


def test_equal_weights_are_equal_bytes(tmp_path: Path) -> None:
    metadata = record(images=tuple(f"{i:016x}" for i in range(50)))
    backwards = dict(reversed(metadata.items()))
    for name, order in [("a", metadata), ("b", backwards), ("c", metadata)]:
        network = build().to(memory_format=torch.channels_last if name == "c" else torch.contiguous_format)
        save(tmp_path / f"{name}.safetensors", network, metadata=order)
    assert len({file_sha256(path) for path in tmp_path.glob("*.safetensors")}) == 1


def test_the_library_reads_saved_weights(tmp_path: Path) -> None:
    from safetensors import safe_open

    save(tmp_path / "w.safetensors", build(), metadata=record())
    with safe_open(tmp_path / "w.safetensors", "pt") as file:
        assert file.metadata() == record()
        assert {name: tuple(file.get_tensor(name).shape) for name in file.keys()} == {  # noqa: SIM118
            name: tuple(tensor.shape) for name, tensor in build().state_dict().items()
        }


def test_a_failed_write_is_reported_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"end the name of .*w\.pth in \.safetensors"):
        save(tmp_path / "w.pth", build(), metadata={})
    with pytest.raises(UsageError, match=r"cannot write the weights .*: No such file or directory; name a file"):
        save(tmp_path / "nowhere" / "w.safetensors", build(), metadata={})
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"before")

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left on device"):
        save(path, build(), metadata={})
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_names_written_by_data_parallel_are_read(tmp_path: Path, suffix: str) -> None:
    network = build(seed=1)
    state = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    path = tmp_path / f"w{suffix}"
    if suffix == ".pth":
        pth(path, state)
    else:
        from safetensors.torch import save_file

        save_file(state, path)
    settle(OTHER, str(path))
    other = build(seed=2)
    load(other, as_file(path))
    assert equal(network, other) == set(network.state_dict()) - HEAD
