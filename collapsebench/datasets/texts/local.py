"""Text of a file or of a folder: UTF-8, one document a file, or documents that a line `<|endoftext|>` separates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from collapsebench.datasets.source import Unavailable, Where
from collapsebench.datasets.texts.corpus import MOST_BYTES, Document

SEPARATOR = "<|endoftext|>"
Reader = Callable[[str, str], Sequence[Document]]
"""Documents of the text and the name of a file."""


def documents(text: str, name: str) -> list[Document]:
    """Documents of a text: the parts between separators, or all of it."""
    parts = text.split(SEPARATOR)
    return [Document(part.strip("\n") if len(parts) > 1 else part, name) for part in parts if part.strip()]


def read_path(path: Path, first: int | None = None, reader: Reader = documents) -> list[Document]:
    """Documents of a file, or of all files of a folder and of those below it, sorted by path.

    Raises ValueError, one line, for a file that cannot be read, is no UTF-8, or for more bytes than are read at most.
    """
    if first is not None and first < 1:
        raise ValueError(f"first = {first}: at least 1 byte is read")
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
        if not files:
            raise ValueError(f"{path}: it has no files")
    else:
        files = [path]
    try:
        total = sum(file.stat().st_size for file in files)
        if total > MOST_BYTES and (first is None or first > MOST_BYTES):
            raise ValueError(
                f"{path}: {total / 2**20:.0f} MiB of text, and at most {MOST_BYTES / 2**20:.0f} MiB are read; "
                f"name how many by first, such as first={MOST_BYTES}"
            )
        left, found = (MOST_BYTES if first is None else first), list[Document]()
        for file in files:
            if left <= 0:
                break
            with file.open("rb") as stream:
                data = stream.read(left)
            cut = len(data) == left and file.stat().st_size > left
            left -= len(data)
            found += reader(_decoded(data, file, cut), str(file.relative_to(path)) if path.is_dir() else file.name)
    except OSError as error:
        raise ValueError(f"{path}: it cannot be read ({error.strerror})") from None
    return found


def _decoded(data: bytes, file: Path, cut: bool) -> str:
    """Text of bytes in UTF-8; where it was cut off, without a last character that is not whole."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if cut and error.start >= len(data) - 3:
            return data[: error.start].decode("utf-8-sig")
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
        raise ValueError(f"{file}: line {line} has byte {byte:#04x}, no UTF-8; save the file as UTF-8") from None


@dataclasses.dataclass(frozen=True)
class TextFolder:
    """Source of a text: a file or folder, relative to the data folder unless absolute; the first that exists."""

    paths: tuple[str, ...]
    sha256: str | None = None
    name: str = "folder"
    install: str = ""
    reader: Reader = documents

    def available(self, here: Where) -> bool:
        """Whether `read` has something to read, nothing fetched."""
        return any((here.folder / path).exists() for path in self.paths)

    def read(self, here: Where) -> list[Document]:
        """Documents in order. Raises Unavailable where there is no such file or folder."""
        for path in (here.folder / each for each in self.paths):
            if path.exists():
                return read_path(path, reader=self.reader)
        raise Unavailable(f"no {here.folder / self.paths[0]}")

    def remedy(self, here: Where) -> str:
        """Instruction that makes this source available."""
        return self.install or f"put the text, or its files, at {here.folder / self.paths[0]}"
