"""Topics of Python's help, from the standard library."""

from __future__ import annotations

import dataclasses

from collapsebench.datasets.source import Unavailable, Where
from collapsebench.datasets.texts.corpus import Document
from collapsebench.datasets.texts.registry import text


@dataclasses.dataclass(frozen=True)
class StandardLibrary:
    """Source of a text: the topics of `help()`, one document each; their words are those of the running Python."""

    name: str = "pydoc_data"
    sha256: str | None = None

    def available(self, here: Where) -> bool:
        """Whether `read` has something to read, nothing fetched."""
        return True

    def read(self, here: Where) -> list[Document]:
        """Topics by name. Raises Unavailable for a Python without them."""
        try:
            from pydoc_data.topics import topics
        except ImportError:
            raise Unavailable("this Python has no pydoc_data") from None
        return [Document(topics[name], name) for name in sorted(topics)]

    def remedy(self, here: Where) -> str:
        """Instruction that makes this source available."""
        return "it comes with Python"


@text(
    licence="PSF-2.0 (Python Software Foundation)",
    citation="Python Software Foundation, The Python Language Reference, as in pydoc_data.topics",
)
def pydoc() -> tuple[StandardLibrary, ...]:
    """Topics of Python's help(): about 80 documents, 460 kB of English and code; of the running Python's version."""
    return (StandardLibrary(),)
