"""Run a notebook's code cells in their order, in one namespace, without a kernel.

python -m tests.notebooks FILE            # prints each cell's outputs as JSON
python -m tests.notebooks FILE --write    # stores them in the notebook
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

Output = dict[str, Any]


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """The code cells of a notebook."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def texts(outputs: list[Output]) -> list[str]:
    """What outputs say in plain text."""
    told = [output.get("text") or output["data"]["text/plain"] for output in outputs]
    return ["".join(text) for text in told]


def run_cell(source: str, namespace: dict[str, Any], number: int) -> list[Output]:
    """Run one cell; returns what it printed and its last expression, as a kernel would store them."""
    body = ast.parse(source)
    last = body.body.pop() if body.body and isinstance(body.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(body, f"cell {number}", "exec"), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), namespace)
    stream = {"output_type": "stream", "name": "stdout", "text": printed.getvalue().splitlines(keepends=True)}
    result = {"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": _shown(value)}
    return [stream] * bool(stream["text"]) + [result] * (value is not None)


def _shown(value: Any) -> dict[str, Any]:
    """A value as text, and as the picture or HTML that a notebook would ask of it."""
    data: dict[str, Any] = {"text/plain": repr(value)}
    if hasattr(value, "_repr_png_"):
        data["image/png"] = base64.b64encode(value._repr_png_()).decode()
    elif hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_()
    return data


def main(path: Path, write: bool) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(code_cells(notebook), start=1):
        cell["outputs"] = run_cell("".join(cell["source"]), namespace, number)
        cell["execution_count"] = number
    if write:
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        json.dump([cell["outputs"] for cell in code_cells(notebook)], sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), write="--write" in sys.argv)
