"""Sources of a data set: the Source protocol, the resulting Table, and this machine's data folder."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.util
import os
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from collapsebench.specs.errors import counted
from collapsebench.specs.files import cache_home

FOLDER_VARIABLE = "COLLAPSEBENCH_DATA"
DOWNLOAD_VARIABLE = "COLLAPSEBENCH_DOWNLOAD"
INSTALL = "pip install 'collapsebench[data]'"
UCI = "CC BY 4.0 (UCI Machine Learning Repository)"
_MOST = 500
YES, NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


class Unavailable(ValueError):
    """Error of a source that is not available here, so that the next is tried. From `load`: no source was."""


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """Loaded data set: x float32 (of a user's file float64) [rows, features], y int32 labels [rows], both read-only.

    `shape` is the shape of one row: (8, 8) for an image that was flattened, (features,) otherwise. Values are the
    publisher's own (pixels 0 to 16 or 0 to 255, centimetres): scaling is the experiment's business.
    `source` says which fallback served it, `sha256` is `digest(x, y)` (of a file, that of its numbers).
    """

    x: np.ndarray
    y: np.ndarray
    shape: tuple[int, ...]
    name: str
    source: str
    sha256: str
    licence: str

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.x.shape[0]

    @property
    def features(self) -> int:
        """Number of features of a row."""
        return self.x.shape[1]

    def __repr__(self) -> str:
        size = f"{self.rows} x {self.features}"
        return f"Table({self.name!r}, {size}, source={self.source!r}, sha256={self.sha256!r})"


@dataclasses.dataclass(frozen=True)
class Where:
    """Data folder of this machine, and whether downloads are allowed."""

    folder: Path
    download: bool = False


@runtime_checkable
class Served(Protocol):
    """Protocol of a source of a data set or text: its name, and what brings it."""

    @property
    def name(self) -> str:
        """Name of the source."""

    def remedy(self, here: Where) -> str:
        """Instruction that makes this source available, as a command or a place."""
        ...


class Source(Served, Protocol):
    """Protocol of a source of a data set.

    `sha256` is the digest of the Table it must end in, or None where `read` checks every file by itself.
    """

    @property
    def rows(self) -> int:
        """Number of rows that it gives."""

    def available(self, here: Where) -> bool:
        """Whether `read` has something to read, nothing fetched."""
        ...

    @property
    def sha256(self) -> str | None:
        """Digest of its Table; None where `read` checks every file."""

    def read(self, here: Where) -> tuple[Any, Any]:
        """Rows and labels. Raises Unavailable where it has none, ValueError for damaged data."""
        ...


@dataclasses.dataclass(frozen=True)
class ScikitLearn:
    """Source of a data set: a table inside scikit-learn (sklearn.datasets.load_*), imported only to load."""

    loader: str
    rows: int
    sha256: str
    name: str = "scikit-learn"

    def available(self, here: Where) -> bool:
        """Whether `read` has something to read, nothing fetched."""
        return importlib.util.find_spec("sklearn") is not None

    def read(self, here: Where) -> tuple[Any, Any]:
        """Rows and labels. Raises Unavailable where there are none here."""
        try:
            module = importlib.import_module("sklearn.datasets")
        except ImportError as error:
            raise Unavailable(f"scikit-learn cannot be imported: {one_line(error)}") from None
        return getattr(module, self.loader)(return_X_y=True)

    def remedy(self, here: Where) -> str:
        """Instruction that makes this source available."""
        return INSTALL


def where(folder: str | os.PathLike[str] | None = None, download: bool | None = None) -> Where:
    """Data folder and download permission: the arguments, or the environment, or the user's cache folder and no.

    Raises ValueError where COLLAPSEBENCH_DOWNLOAD is neither yes nor no.
    """
    chosen = folder or os.environ.get(FOLDER_VARIABLE) or cache_home()
    if download is None:
        said = os.environ.get(DOWNLOAD_VARIABLE, "").strip().lower()
        if said not in YES + NO:
            raise ValueError(f"{DOWNLOAD_VARIABLE} = {said!r}: must be 1 or 0")
        download = said in YES
    return Where(Path(os.path.expanduser(chosen)), bool(download))


def digest(x: np.ndarray, y: np.ndarray) -> str:
    """SHA-256 of the canonical bytes: x as little-endian float32, row by row, then y as little-endian int32."""
    answer = hashlib.sha256(np.ascontiguousarray(x, dtype="<f4").data)
    answer.update(np.ascontiguousarray(y, dtype="<i4").data)
    return answer.hexdigest()


def table(source: Source, x: Any, y: Any, *, name: str, shape: tuple[int, ...], licence: str) -> Table:
    """Table of a source's rows and labels, in canonical dtypes, digest checked.

    Raises ValueError naming the data set, the source, and the rows or digest expected and got.
    """
    y = np.array(y, dtype=np.int32).reshape(-1)
    x = np.array(x, dtype=np.float32, order="C")
    if x.ndim < 1 or len(x) != y.size or not y.size:
        raise ValueError(
            f"{name} from {source.name}: {counted(source.rows, 'row')} expected, got {x.shape} and {counted(y.size, 'label')}"
        )
    x = x.reshape(y.size, -1)
    found = digest(x, y)
    if source.sha256 is not None and found != source.sha256:
        raise ValueError(f"{name} from {source.name}: sha256 expected {source.sha256}, got {found}")
    expected = (source.rows, int(np.prod(shape)))
    if x.shape != expected:
        raise ValueError(f"{name} from {source.name}: rows x features expected {expected}, got {x.shape}")
    x.setflags(write=False)
    y.setflags(write=False)
    return Table(x, y, shape, name, source.name, found, licence)


def one_line(said: object) -> str:
    """A message, or a name, as one printable line of a bounded length; of an exception without a message its type."""
    text = " ".join(str(said).split()) or type(said).__name__
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: 2 * _MOST])
    return line if len(line) <= _MOST else f"{line[: _MOST // 2]}...{line[-_MOST // 4 :]}"
