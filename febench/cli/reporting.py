"""`febench report`: one page of everything, and the verdict in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from febench.cli.listing import find_stores
from febench.core.errors import printable
from febench.show.formats import to_json
from febench.show.report import write_report


def make_report(
    directories: Sequence[Path], output: Path, rope: float, show_images: bool, data_dir: Path | None, as_json: bool
) -> None:
    """Write the report of some results directories, and print its verdicts."""
    stores = find_stores(directories)
    verdicts = write_report(stores, output, rope=rope, show_images=show_images, data_dir=data_dir)
    document = {"out": str(output), "bytes": output.stat().st_size, "verdicts": verdicts}
    print(to_json([document]) if as_json else "\n".join(map(printable, _lines(document))))


def _lines(document: dict[str, Any]) -> Iterator[str]:
    for verdict in document["verdicts"]:
        yield f"{verdict['dataset']}, protocol {verdict['protocol']}: {verdict['headline']}"
    yield from dict.fromkeys(
        f"  * {caution['word'].lower()}: {caution['text']}"
        for verdict in document["verdicts"]
        for caution in verdict["cautions"]
    )
    yield f"wrote {document['out']} ({document['bytes']:,} bytes)"
