"""What a test needs beyond this tree, and what happens when it is not there."""

import importlib
import os
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]

# Test data made by others is read from here and never committed.
SHARED = Path(os.environ.get("CSPARKD_SHARED", TOP.parent / "shared"))


def require(reason):
    """Skips when there is a reason (what is missing, and how to get it); in CI that is a failure."""
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


def module(name, package):
    """A module of Python's that the distribution has in a package of its own."""
    try:
        return importlib.import_module(name)
    except ImportError:
        require(f"no Python module {name} (apt install {package})")


def shared(*parts):
    """A file or folder of the shared test data; the test is skipped without it."""
    path = SHARED.joinpath(*parts)
    require(None if path.exists() else f"{path} is not there ($CSPARKD_SHARED)")
    return path
