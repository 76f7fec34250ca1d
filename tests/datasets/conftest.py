"""Fixtures of the data-set tests: no network, empty folders, tiny IDX files, temporary registrations."""

import dataclasses
import gzip
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from collapsebench import datasets
from collapsebench.datasets import registry


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("a test asked for the network")

    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setenv("COLLAPSEBENCH_DOWNLOAD", "0")


@pytest.fixture
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder that does not exist yet, chosen by the environment."""
    monkeypatch.setenv("COLLAPSEBENCH_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def idx_bytes(values: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


@dataclasses.dataclass(frozen=True)
class Tiny:
    """Two parts of 3 x 2 images, 5 + 2 rows, as files' bytes and as the Part records that expect them."""

    files: dict[str, bytes]
    parts: tuple[datasets.Part, ...]
    x: np.ndarray
    y: np.ndarray
    shape: tuple[int, int] = (3, 2)

    def write(self, folder: Path, *, packed: bool = False) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
        return folder


@pytest.fixture
def tiny() -> Tiny:
    random = np.random.default_rng(7)
    files, parts, images, labels = {}, [], [], []
    for stem, rows in (("train", 5), ("t10k", 2)):
        x = random.integers(0, 256, (rows, 3, 2), dtype=np.uint8)
        y = random.integers(0, 10, rows, dtype=np.uint8)
        contents = idx_bytes(x), idx_bytes(y)
        names = f"{stem}-images", f"{stem}-labels"
        files.update(zip(names, contents, strict=True))
        parts.append(datasets.Part(*names, rows, *(hashlib.sha256(content).hexdigest() for content in contents)))
        images.append(x)
        labels.append(y)
    return Tiny(files, tuple(parts), np.concatenate(images), np.concatenate(labels))


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Registers a data set called `tiny` for one test."""
    monkeypatch.setattr(registry, "_CARDS", dict(registry._CARDS))

    def add(*sources: datasets.Source, shape: tuple[int, ...] = (3, 2)) -> None:
        def tiny() -> tuple[datasets.Source, ...]:
            """A tiny data set."""
            return sources

        datasets.dataset(licence="none", citation="this test", shape=shape, classes=10)(tiny)

    return add
