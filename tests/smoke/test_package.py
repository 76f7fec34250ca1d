"""The installed package: fixed public names, types, one version, every dependency pinned."""

import importlib.metadata
import inspect
import re
from importlib.resources import files
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import collapsebench as cb

ROOT = Path(__file__).resolve().parents[2]


def test_citation_names_this_version():
    assert f"\nversion: {cb.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_package_says_it_is_typed():
    assert files("collapsebench").joinpath("py.typed").is_file()


@pytest.mark.parametrize(
    "name",
    [
        "Experiment",
        "Stopped",
        "run",
        "sweep",
        "save",
        "load",
        "fit",
        "sample",
        "log_prob",
        "models",
        "targets",
        "regimes",
        "theory",
    ],
)
def test_public_name_is_there(name):
    assert getattr(cb, name) is not None


def pinned():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) and not pin.url and not pin.extras for pin in pins)
    return {canonicalize_name(pin.name) for pin in pins if not pin.marker or pin.marker.evaluate()}


def required(name, extras):
    """Names that `name` with those extras needs here, and all that follows from them."""
    seen, waiting = set(), [(name, extras)]
    while waiting:
        parent, wanted = waiting.pop()
        for line in importlib.metadata.requires(parent) or ():
            child = Requirement(line)
            if child.marker and not any(child.marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                continue
            if canonicalize_name(child.name) not in seen:
                seen.add(canonicalize_name(child.name))
                waiting.append((child.name, child.extras))
    return seen


def test_every_dependency_is_pinned():
    """A dependency of a dependency without a pin would make two installs differ."""
    assert required("collapsebench", {"data", "dev"}) <= pinned()


def test_a_laws_signature_keeps_the_names_of_its_types():
    """NumPy's ArrayLike is 250 characters when it is written out."""
    for name in cb.theory.__all__:
        text = str(inspect.signature(getattr(cb.theory, name)))
        assert "_SupportsArray" not in text, name
