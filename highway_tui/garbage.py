"""How often the garbage collector of this process looks. A library must not decide that, so the program does."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 50_000
_ROUNDS = 20


def collect_rarely() -> None:
    """Look less often for circles: imports, models, plans and states are large and last, and garbage is rare.

    By default a look follows 700 new objects, and going over the lasting ones costs a tenth of a start and of a run.
    """
    gc.set_threshold(_NEW_OBJECTS, _ROUNDS, _ROUNDS)
