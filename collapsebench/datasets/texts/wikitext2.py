"""WikiText-2, by the `datasets` package or from a file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from collapsebench.datasets.texts.corpus import Document
from collapsebench.datasets.texts.local import TextFolder
from collapsebench.datasets.texts.packages import HubDataset
from collapsebench.datasets.texts.registry import TextSource, text

HEADING = re.compile(r"(?m)^(?= = [^=\n]+ = $)")
"""Where an article begins: a line ` = Title = `, while sections have more signs."""


def articles(rows: Iterable[str]) -> list[Document]:
    """Articles of the lines of WikiText."""
    return _articles("".join(row if row.endswith("\n") else f"{row}\n" for row in rows), "wikitext2")


def _articles(whole: str, name: str) -> list[Document]:
    parts = HEADING.split(whole)
    return [Document(part, part.strip().split("\n")[0].strip(" =")) for part in parts if part.strip()]


@text(
    licence="CC BY-SA 3.0 (Wikipedia's authors)",
    citation="Merity, Xiong, Bradbury and Socher (2017), Pointer sentinel mixture models, ICLR, arXiv:1609.07843",
)
def wikitext2() -> tuple[TextSource, ...]:
    """WikiText-2's training part: 600 articles of Wikipedia, 2 million words, rare ones as <unk>."""
    return (
        TextFolder(("wikitext2.txt", "wikitext-2/wiki.train.tokens"), reader=_articles),
        HubDataset("Salesforce/wikitext", "wikitext-2-v1", documents=articles),
    )
