"""King James Bible, from a file: Debian's bible-kjv-text, or one of your own."""

from __future__ import annotations

from collapsebench.datasets.texts.local import TextFolder
from collapsebench.datasets.texts.registry import TextSource, text


@text(
    licence="public domain (in the United Kingdom, Crown patent)", citation="The Holy Bible, King James Version, 1611"
)
def kjv() -> tuple[TextSource, ...]:
    """King James Bible of 1611, 4.4 MB, one document a file: put its text or a file for each book in the data folder."""
    return (
        TextFolder(("kjv", "kjv.txt")),
        TextFolder(("/usr/share/bible-kjv-text",), name="debian", install="apt-get install bible-kjv-text"),
    )
