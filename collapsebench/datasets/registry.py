"""Registry of data sets by name: one decorated function per file, which returns its sources in fallback order."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from collapsebench.datasets.source import Served, Source, Table, Unavailable, Where, one_line, table, where
from collapsebench.specs.errors import counted

Sources = Callable[[], tuple[Source, ...]]
S = TypeVar("S", bound=Served)
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Card:
    """Description of a data set, without loading it. `sources` is the fallback order, first to last."""

    name: str
    summary: str
    licence: str
    citation: str
    shape: tuple[int, ...]
    classes: int
    sources: tuple[Source, ...]
    module: str = ""

    @property
    def rows(self) -> int:
        """Number of rows of the largest source; a fallback may hold fewer."""
        return max(source.rows for source in self.sources)

    @property
    def features(self) -> int:
        """Number of features of a row, the product of `shape`."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    @property
    def sha256(self) -> dict[str, str | None]:
        """Digest of the Table by source name; None where each file is checked instead."""
        return {source.name: source.sha256 for source in self.sources}

    def __str__(self) -> str:
        here = where()
        lines = [
            f"{self.name}: {self.summary}",
            f"  size      {self.rows} x {self.features} {self.shape}, {counted(self.classes, 'class')}",
            f"  licence   {self.licence}",
            f"  citation  {self.citation}",
        ]
        for place, source in enumerate(self.sources, 1):
            check = f"sha256 {source.sha256}" if source.sha256 else "sha256 of each file"
            lines.append(
                f"  source {place}  {source.name}: {counted(source.rows, 'row')}, {check}; {source.remedy(here)}"
            )
        return "\n".join(lines)


_CARDS: dict[str, Card] = {}


def dataset(*, licence: str, citation: str, shape: tuple[int, ...], classes: int) -> Callable[[Sources], Sources]:
    """Decorator that registers a data set: function name = name, docstring = summary, return value = sources.

    Raises ValueError where another module has the name.
    """

    def add(sources: Sources) -> Sources:
        name = sources.__name__
        if name in _CARDS and _CARDS[name].module != sources.__module__:
            raise ValueError(f"dataset {name!r} is registered twice: {_CARDS[name].module}, {sources.__module__}")
        summary = (inspect.getdoc(sources) or "").split("\n")[0]
        _CARDS[name] = Card(name, summary, licence, citation, shape, classes, sources(), sources.__module__)
        return sources

    return add


def names() -> tuple[str, ...]:
    """Names of all registered data sets, whether or not this machine has them."""
    return tuple(_CARDS)


def describe(name: str) -> Card:
    """Card of a data set: licence, citation, size, and the sources with their digests; `print` it.

    Raises ValueError with the nearest known name.
    """
    if not isinstance(name, str) or name not in _CARDS:
        raise ValueError(f"dataset = {one_line(name)}: not one of {', '.join(names())}{nearest(name, names())}")
    return _CARDS[name]


def load(
    name: str,
    *,
    source: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    download: bool | None = None,
) -> Table:
    """Table of a data set, from the first of its sources that is available, digest checked.

    source: one source by name and no fallback, for a result that must not depend on the machine. folder and download:
    as in `where`; nothing is fetched unless download, or COLLAPSEBENCH_DOWNLOAD=1, allows it.
    Raises Unavailable, saying what was tried and how to get it, where none has it; ValueError for an unknown name or
    source, and for data that is damaged or is not what its digest says (which no fallback hides).
    """
    card = describe(name)
    by_name = {each.name: each for each in card.sources}
    if source is not None and (not isinstance(source, str) or source not in by_name):
        raise ValueError(f"source = {one_line(source)}: {name} has {', '.join(by_name)}{nearest(source, by_name)}")
    asked = card.sources if source is None else (by_name[source],)
    each, (x, y) = first_available(name, asked, where(folder, download), lambda each, here: each.read(here))
    return table(each, x, y, name=name, shape=card.shape, licence=card.licence)


def missing(folder: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """Instruction that brings each data set that is not on this machine, by name."""
    return remedies(_CARDS, where(folder, False))


def remedies(cards: Mapping[str, Any], here: Where) -> dict[str, str]:
    """Instruction that brings each data set or text that has no source on this machine, by name."""
    absent = {name: c.sources for name, c in cards.items() if not any(source.available(here) for source in c.sources)}
    return {name: ", or ".join(dict.fromkeys(each.remedy(here) for each in own)) for name, own in absent.items()}


def first_available(name: str, sources: Sequence[S], here: Where, read: Callable[[S, Where], T]) -> tuple[S, T]:
    """The first source that is available and what `read` makes of it.

    Raises Unavailable, saying what was tried and how to get it, where none is; ValueError, with the source's name, for
    what is damaged.
    """
    tried = []
    for source in sources:
        try:
            return source, read(source, here)
        except Unavailable as reason:
            tried.append(f"{source.name} ({one_line(reason)})")
        except ValueError as error:
            raise ValueError(f"{name} from {source.name}: {one_line(error)}") from error
    remedies = dict.fromkeys(source.remedy(here) for source in sources)
    raise Unavailable(f"{name} is not on this machine: {', or '.join(remedies)}; tried {', '.join(tried)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The phrase `, did you mean 'x'?` for the known name that is closest; empty if none is close."""
    close = difflib.get_close_matches(one_line(name).lower(), list(known), n=1, cutoff=0.4)
    return f", did you mean {close[0]!r}?" if close else ""
