"""How soon the engine refuses expressions that ask for too much. Prints one JSON object: the slowest of them.

The expressions are those whose refusal the tests hold.
"""

from __future__ import annotations

import gc
import json
import time

from engine.definition.templating import render
from engine.errors import TemplateError
from tests.unit.definition.test_templating_hardening import NAMES, TOO_MUCH

from .measure import ROUNDS


def _refused_ms(expression: str) -> float:
    began = time.thread_time()
    try:
        render(f"x{{{{ {expression} }}}}", NAMES)
    except TemplateError:
        return (time.thread_time() - began) * 1000
    raise AssertionError(f"{expression[:60]} was not refused")


def main() -> None:
    """Take the best of several rounds for each, then the worst of all."""
    gc.disable()
    print(json.dumps({"ms": max(min(_refused_ms(text) for _ in range(ROUNDS)) for text in TOO_MUCH)}))


if __name__ == "__main__":
    main()
