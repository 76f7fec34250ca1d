"""IDX files of MNIST and its kin, plain or gzipped: a reader, and sources by folder and by download.

Format: two zero bytes, a type byte (0x08: unsigned byte, the only one read here), the number of axes, each axis as a
big-endian uint32, then the values. A header is a claim: it is held against the size of the file before anything
is allocated.
Source: the file format note of the MNIST page, LeCun, Cortes and Burges.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import http.client
import math
import os
import struct
import tempfile
import time
import urllib.parse
import urllib.request
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from collapsebench.datasets.source import DOWNLOAD_VARIABLE, Unavailable, Where, one_line
from collapsebench.specs.errors import counted

MAX_BYTES = 2**30
DEFLATE_RATIO = 1032  # deflate cannot shrink anything further, so no honest file holds more than this times its size
CHUNK = 2**20
TIMEOUT_SECONDS = 10
DEADLINE_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class Part:
    """One pair of IDX files, images and labels: names without .gz, and SHA-256 of their uncompressed bytes."""

    images: str
    labels: str
    rows: int
    images_sha256: str
    labels_sha256: str

    def files(self, shape: tuple[int, ...]) -> tuple[tuple[str, tuple[int, ...], str], ...]:
        """(name, axes, digest) of the images' file and of the labels' file."""
        return (self.images, (self.rows, *shape), self.images_sha256), (self.labels, (self.rows,), self.labels_sha256)


@dataclasses.dataclass(frozen=True)
class IdxFolder:
    """Source of a data set: IDX files in a local folder, parts joined in order.

    folders: where to look, relative to the data folder unless absolute; the first that holds any of the files is
    read, and one that holds only some is an error, not a reason to fall back.
    """

    folders: tuple[str, ...]
    parts: tuple[Part, ...]
    shape: tuple[int, ...]
    sha256: str | None = None
    name: str = "folder"
    install: str = ""

    @property
    def rows(self) -> int:
        """Number of rows of all parts."""
        return sum(part.rows for part in self.parts)

    def available(self, here: Where) -> bool:
        """Whether `read` has something to read, nothing fetched."""
        names = [name for part in self.parts for name, _, _ in part.files(self.shape)]
        return any(_find(here.folder / folder, name) for folder in self.folders for name in names)

    def read(self, here: Where) -> tuple[np.ndarray, np.ndarray]:
        """Rows and labels. Raises Unavailable where there are none here, ValueError for damaged files."""
        files = [file for part in self.parts for file in part.files(self.shape)]
        for folder in (here.folder / name for name in self.folders):
            found = [_find(folder, name) for name, _, _ in files]
            if not any(found):
                continue
            missing = [name for (name, _, _), path in zip(files, found, strict=True) if path is None]
            if missing:
                raise ValueError(f"{folder} lacks {', '.join(missing)} (plain or .gz)")
            arrays = [
                read_idx(cast(Path, path), axes, sha256) for (_, axes, sha256), path in zip(files, found, strict=True)
            ]
            return np.concatenate(arrays[0::2]), np.concatenate(arrays[1::2])
        raise Unavailable(f"no IDX files in {here.folder / self.folders[0]}")

    def remedy(self, here: Where) -> str:
        """Instruction that makes this source available."""
        names = ", ".join(name for part in self.parts for name in (part.images, part.labels))
        return self.install or f"put {names} (plain or .gz) in {here.folder / self.folders[0]}"


@dataclasses.dataclass(frozen=True)
class IdxDownload:
    """Source of a data set: download of IDX files, if allowed, into the data folder, where IdxFolder finds them later.

    Mirrors are asked in turn, file by file. What is not byte for byte the published file is never kept or returned.
    """

    mirrors: tuple[str, ...]
    folder: str
    parts: tuple[Part, ...]
    shape: tuple[int, ...]
    sha256: str | None = None
    name: str = "download"

    @property
    def rows(self) -> int:
        """Number of rows of all parts."""
        return sum(part.rows for part in self.parts)

    def available(self, here: Where) -> bool:
        """False: whatever is there comes by IdxFolder."""
        return False

    def read(self, here: Where) -> tuple[np.ndarray, np.ndarray]:
        """Rows and labels, downloaded. Raises Unavailable where that is not allowed or no mirror serves whole files."""
        if not here.download:
            raise Unavailable("not allowed")
        files = [file for part in self.parts for file in part.files(self.shape)]
        target = here.folder / self.folder
        try:
            here.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=here.folder, prefix=f".{self.folder}-") as scratch:
                arrays = [self._fetch(Path(scratch), *file) for file in files]
                target.mkdir(exist_ok=True)
                for name, _, _ in files:
                    os.replace(Path(scratch, f"{name}.gz"), target / f"{name}.gz")
        except OSError as error:
            raise Unavailable(one_line(error)) from None
        return np.concatenate(arrays[0::2]), np.concatenate(arrays[1::2])

    def _fetch(self, scratch: Path, name: str, axes: tuple[int, ...], sha256: str) -> np.ndarray:
        reasons = []
        for mirror in self.mirrors:
            path = scratch / f"{name}.gz"
            try:
                _download(f"{mirror}{name}.gz", path, most=math.prod(axes) + CHUNK)
                return read_idx(path, axes, sha256)
            except (OSError, ValueError, http.client.HTTPException) as error:
                reasons.append(f"{urllib.parse.urlsplit(mirror).netloc or mirror}: {one_line(error)}")
        raise Unavailable(f"no mirror served {name}.gz: {'; '.join(reasons)}")

    def remedy(self, here: Where) -> str:
        """Instruction that makes this source available."""
        return f"allow a download by {DOWNLOAD_VARIABLE}=1 or download=True"


def read_idx(
    path: str | os.PathLike[str], axes: tuple[int, ...] | None = None, sha256: str | None = None, limit: int = MAX_BYTES
) -> np.ndarray:
    """uint8 array of an IDX file, plain or gzipped (told by its first bytes, not by its name).

    axes: the shape it must have. sha256: the digest its uncompressed bytes must have. limit: most bytes of data.
    Raises ValueError in one line for anything else than a whole, well-formed file; never reads past what the header
    and the file's own size allow.
    """
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"path: it must be a file's name, not a value of type {type(path).__name__}")
    path = Path(path)
    if not os.path.isfile(path):  # which takes names that no file can have
        raise ValueError(f"{one_line(path)}: not a file")
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw) if packed else raw)
            on_disk = os.fstat(raw.fileno()).st_size
            header, found = _header(stream)
            size = math.prod(found)
            most = on_disk * DEFLATE_RATIO if packed else on_disk - len(header)
            if axes is not None and found != tuple(axes):
                raise ValueError(f"axes expected {tuple(axes)}, header says {found}")
            if size > limit:
                raise ValueError(f"header says {counted(size, 'byte')} of data, the limit is {limit}")
            if size > most:
                raise ValueError(
                    f"header says {counted(size, 'byte')} of data, a file of {counted(on_disk, 'byte')} cannot hold them"
                )
            values = _read_exactly(stream, size)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ValueError(f"{one_line(path)}: {one_line(error)}") from None
    got = hashlib.sha256(header)
    got.update(values)
    if sha256 is not None and got.hexdigest() != sha256:
        raise ValueError(f"{path}: sha256 of the uncompressed bytes expected {sha256}, got {got.hexdigest()}")
    return np.frombuffer(values, dtype=np.uint8).reshape(found)


def _header(stream: BinaryIO) -> tuple[bytes, tuple[int, ...]]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0":
        raise ValueError(f"not an IDX file: it begins with {start.hex(' ') or 'nothing'}, not with 00 00")
    kind, count = start[2], start[3]
    if kind != 0x08:
        raise ValueError(f"IDX type 0x{kind:02X}: only 0x08, unsigned bytes, is read")
    if not 1 <= count <= 4:
        raise ValueError(f"{counted(count, 'axis')}: an IDX file of labels or images has 1 to 4")
    lengths = stream.read(4 * count)
    if len(lengths) < 4 * count:
        raise ValueError(
            f"truncated: the header of {counted(count, 'axis')} ends after {counted(4 + len(lengths), 'byte')}"
        )
    axes = struct.unpack(f">{count}I", lengths)
    if 0 in axes:
        raise ValueError(f"axes {axes}: an axis is empty")
    return start + lengths, axes


def _read_exactly(stream: BinaryIO, size: int) -> bytearray:
    values = bytearray()
    while len(values) <= size:
        chunk = stream.read(min(CHUNK, size + 1 - len(values)))
        if not chunk:
            break
        values += chunk
    if len(values) < size:
        raise ValueError(f"truncated: header says {size} bytes of data, found {len(values)}")
    if len(values) > size:
        raise ValueError(f"bytes left over after the {size} that the header says")
    return values


def _find(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _download(url: str, path: Path, most: int) -> None:
    started, taken = time.monotonic(), 0
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response, open(path, "wb") as out:
        while chunk := response.read(CHUNK):
            taken += len(chunk)
            if taken > most:
                raise ValueError(f"sent more than {most} bytes")
            if time.monotonic() - started > DEADLINE_SECONDS:
                raise TimeoutError(f"not done after {DEADLINE_SECONDS} s")
            out.write(chunk)
