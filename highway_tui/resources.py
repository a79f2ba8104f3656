"""Where the data files are: inside the package in a wheel, beside it in a checkout.

An editable install has a copy inside the package that nothing refreshes and Python
does not see: the files of the checkout are used there.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def themes_dir() -> Path:
    """The folder of the theme files (`*.yaml`)."""
    return _data_dir("themes")


def samples_dir() -> Path:
    """The folder of the sample workflows (`*.yaml`)."""
    return _data_dir("sample_workflows")


def _data_dir(name: str) -> Path:
    shipped = _PACKAGE / "_data" / name
    return shipped if shipped.is_dir() else _PACKAGE.parent / name
