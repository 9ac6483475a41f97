"""Write a results directory of made-up methods, which `febench verify` finds sound: what reading many cells costs.

Use: ``python tools/make_results.py --cells 100000 --methods 10 -o DIR``: 700 images of 20 people, 10 folds under
`paper`, as many runs as the cells make; ``--images`` and ``--protocol`` change that.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.made_results import made_dataset, made_results

FOLDS = 10


def main() -> None:
    """Write what is asked for on the command line."""
    parser = argparse.ArgumentParser(description="Write results of made-up methods.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="Results directory.")
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--methods", type=int, default=20)
    parser.add_argument("--images", type=int, default=700)
    parser.add_argument("--protocol", help="[default: paper, of as many runs as the cells make]")
    asked = parser.parse_args()
    runs = max(1, asked.cells // (asked.methods * FOLDS))
    methods = {f"method-{i:03d}": 0.5 + 0.4 * i / asked.methods for i in range(asked.methods)}
    made_results(asked.output, methods, made_dataset(asked.images), asked.protocol or f"paper[runs={runs}]")


if __name__ == "__main__":
    main()
