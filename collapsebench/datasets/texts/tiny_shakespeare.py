"""Tiny Shakespeare, by the `datasets` package or from a file."""

from __future__ import annotations

from collapsebench.datasets.texts.local import TextFolder
from collapsebench.datasets.texts.packages import HubDataset
from collapsebench.datasets.texts.registry import TextSource, text


@text(
    licence="public domain",
    citation="Karpathy (2015), The unreasonable effectiveness of recurrent neural networks, char-rnn's input.txt",
)
def tiny_shakespeare() -> tuple[TextSource, ...]:
    """Tiny Shakespeare: 1.1 MB of plays in one document, whose last fifth is held out."""
    return (
        TextFolder(("tiny_shakespeare.txt", "tiny_shakespeare/input.txt")),
        HubDataset("Trelis/tiny-shakespeare", column="Text"),
    )
