"""Tables as text, Markdown, CSV, LaTeX, HTML or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from febench.core.errors import UsageError
from febench.show.formats.markup import to_html, to_latex, to_latex_file, to_page
from febench.show.formats.text import NOTHING, format_value, significant, to_csv, to_markdown, to_text
from febench.show.tables import Document, Table

__all__ = [
    "NOTHING", "format_value", "render", "significant", "to_csv", "to_html", "to_json", "to_latex", "to_markdown",
    "to_page", "to_text",
]  # fmt: skip

_WRITERS: dict[str, Callable[[Sequence[Table], bool], str]] = {
    "text": lambda tables, all_notes: "\n\n".join(to_text(table, all_notes) for table in tables),
    "md": lambda tables, all_notes: "\n\n".join(to_markdown(table, all_notes) for table in tables),
    "csv": lambda tables, _: "\n".join(map(to_csv, tables)).rstrip("\n"),
    "latex": to_latex_file,
    "html": to_page,
}


def render(documents: Sequence[Document], format: str, all_notes: bool = False) -> str:
    """Return documents as `text`, `md`, `csv`, `latex`, `html` or `json`; the last and CSV always have all notes.

    Raises
    ------
    UsageError
        If there is no such format.
    """
    if format == "json":
        documents_data = []
        for document in documents:
            notes = dict.fromkeys(note for table in document.tables for note in (*table.about, *table.notes))
            documents_data.append(document.data | {"notes": list(notes)})
        return to_json(documents_data)
    if format not in _WRITERS:
        raise UsageError(f"there is no format {format!r}; choose {', '.join(_WRITERS)} or json")
    return _WRITERS[format]([table for document in documents for table in document.tables], all_notes)


def to_json(documents: Sequence[dict[str, Any]]) -> str:
    """Documents as JSON: one alone as itself, several as a list."""
    return json.dumps(documents[0] if len(documents) == 1 else documents, indent=1)
