from __future__ import annotations

from pathlib import Path

import pytest

from febench.running.executors import local


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ([], ()),
        (["proc/0000:01:00.0", "proc/0000:02:00.0", "dev/nvidia0", "dev/nvidia1"], ("0", "1")),
        (["dev/nvidia3", "dev/nvidiactl", "dev/nvidia-uvm", "dev/null"], ("0",)),
        (["dev/dxg"], ("0",)),
    ],
    ids=["none", "driver", "container", "subsystem"],
)
def test_gpus_are_counted_by_their_files(
    files: list[str], names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    places = tuple((str(tmp_path / ("proc" if "proc" in folder else "dev")), kind) for folder, kind in local.GPU_FILES)
    monkeypatch.setattr(local, "GPU_FILES", places)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert local.gpus() == names


@pytest.mark.parametrize(("visible", "names"), [("", ()), ("-1", ()), ("3, 5", ("3", "5")), ("GPU-ab", ("GPU-ab",))])
def test_those_that_may_be_used_count_alone(
    visible: str, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert local.gpus() == names
