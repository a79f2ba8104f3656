"""`python -m benchmarks [engine] [cold] [process] [ui] [live]`: measure and print one table."""

from __future__ import annotations

import sys
from importlib import import_module

from .measure import show

SUITES = ("engine", "cold", "process", "ui", "live")


def main() -> None:
    chosen = [name for name in SUITES if name in sys.argv[1:]] or list(SUITES)
    print(f"{'':44} {'measured':>10} {'':8} {'floor':>10} {'ratio':>7} {'bar':>12}")
    for name in chosen:
        show(import_module(f".{name}_rows", __package__).rows())


if __name__ == "__main__":
    main()
