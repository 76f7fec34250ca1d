"""Registry of texts by name: one decorated function per file, which returns its sources in fallback order."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from collapsebench.datasets.registry import first_available, nearest, remedies
from collapsebench.datasets.source import Served, Where, where
from collapsebench.datasets.texts.corpus import Corpus, Document, corpus
from collapsebench.datasets.texts.local import read_path


class TextSource(Served, Protocol):
    """Protocol of a source of a text. sha256: the digest that its documents must have; None: any."""

    @property
    def sha256(self) -> str | None:
        """Digest of its documents (see `Corpus`), or None where it serves several editions."""

    def available(self, here: Where) -> bool:
        """Whether `read` has something to read, nothing fetched."""
        ...

    def read(self, here: Where) -> Sequence[Document]:
        """Documents in order. Raises Unavailable where there are none here, ValueError for what is damaged."""
        ...


@dataclasses.dataclass(frozen=True)
class TextCard:
    """Description of a text, without reading it. `sources` is the fallback order, first to last."""

    name: str
    summary: str
    licence: str
    citation: str
    sources: tuple[TextSource, ...]

    def __str__(self) -> str:
        here = where()
        lines = [f"{self.name}: {self.summary}", f"  licence   {self.licence}", f"  citation  {self.citation}"]
        for place, source in enumerate(self.sources, 1):
            check = f"sha256 {source.sha256}" if source.sha256 else "any edition"
            lines.append(f"  source {place}  {source.name}: {check}; {source.remedy(here)}")
        return "\n".join(lines)


Sources = Callable[[], tuple[TextSource, ...]]
_CARDS: dict[str, TextCard] = {}


def text(*, licence: str, citation: str) -> Callable[[Sources], Sources]:
    """Decorator that registers a text: function name = name, docstring = summary, return value = sources."""

    def add(sources: Sources) -> Sources:
        summary = (inspect.getdoc(sources) or "").split("\n")[0]
        _CARDS[sources.__name__] = TextCard(sources.__name__, summary, licence, citation, sources())
        return sources

    return add


def names() -> tuple[str, ...]:
    """Names of all registered texts, whether or not this machine has them."""
    return tuple(_CARDS)


def describe(name: str) -> TextCard:
    """Card of a text: licence, citation, sources; `print` it. Raises ValueError with the nearest known name."""
    if name not in _CARDS:
        known = ", ".join(_CARDS)
        raise ValueError(f"neither a text of the list ({known}) nor a file or folder here{nearest(name, _CARDS)}")
    return _CARDS[name]


def missing(folder: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """Instruction that brings each text that is not on this machine, by name."""
    return remedies(_CARDS, where(folder, False))


def load(
    name: str,
    *,
    first: int | None = None,
    folder: str | os.PathLike[str] | None = None,
    download: bool | None = None,
) -> Corpus:
    """Corpus of a registered text, from the first of its sources that is available, or of a file or folder by its path.

    first: bytes to read of a file (None: all of it, up to 256 MiB). folder and download: as in `datasets.load`.
    Raises Unavailable, saying what was tried and how to get it, where no source has it; ValueError for an unknown name,
    and for a text that is damaged, empty, not UTF-8, or not what its digest says.
    """
    if name not in _CARDS and Path(name).expanduser().exists():
        return corpus(read_path(Path(name).expanduser(), first), name=name, source="file", licence="the user's own")
    card = describe(name)

    def read(source: TextSource, here: Where) -> Corpus:
        found = corpus(source.read(here), name=name, source=source.name, licence=card.licence)
        if source.sha256 not in (None, found.sha256):
            raise ValueError(f"sha256 expected {source.sha256}, got {found.sha256}")
        return found

    return first_available(name, card.sources, where(folder, download), read)[1]
