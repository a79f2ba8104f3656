"""What every test has: a home of its own, so that none touches the developer's files, and one hypothesis profile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_SLOW_MACHINES = (HealthCheck.too_slow,)

settings.register_profile("dev", deadline=None, max_examples=50, suppress_health_check=_SLOW_MACHINES)
# Derandomized: a change is judged by what it does, not by the seed it drew. `soak` looks for new counterexamples.
settings.register_profile("ci", parent=settings.get_profile("dev"), derandomize=True, print_blob=True, database=None)
settings.register_profile("soak", parent=settings.get_profile("dev"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

_XDG = ("CACHE", "CONFIG", "DATA", "STATE")
_OURS = ("HIGHWAY_", "XDG_")
_STEERING = ("CI", "COLORFGBG", "FORCE_COLOR", "NO_COLOR", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The HOME of this test: empty, its XDG folders inside, and no variable set that steers the product."""
    folder = tmp_path_factory.mktemp("home")
    for name in [key for key in os.environ if key.startswith(_OURS) or key.upper() in _STEERING]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    for kind in _XDG:
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(folder / kind.lower()))
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    return folder
