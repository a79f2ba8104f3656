"""Data files are found in a wheel and in a checkout. The built wheel itself is looked at in tests/packaging."""

from pathlib import Path

import pytest

from highway_tui import resources


def test_checkout_has_its_data_beside_the_package() -> None:
    """In a checkout the folders beside `highway_tui` are used."""
    root = Path(resources.__file__).resolve().parents[1]

    assert (root / "themes", root / "sample_workflows") == (resources.themes_dir(), resources.samples_dir())


def test_wheel_has_its_data_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files shipped inside the package win over folders of the same name beside it."""
    package = tmp_path / "highway_tui"
    for name in ("themes", "sample_workflows"):
        (package / "_data" / name).mkdir(parents=True)
        (tmp_path / name).mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", package)

    assert package / "_data" / "themes" == resources.themes_dir()
    assert package / "_data" / "sample_workflows" == resources.samples_dir()
