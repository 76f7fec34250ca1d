"""TinyStories, by the `datasets` package or from a file."""

from __future__ import annotations

from collapsebench.datasets.texts.local import TextFolder
from collapsebench.datasets.texts.packages import HubDataset
from collapsebench.datasets.texts.registry import TextSource, text

STORIES = 100_000


@text(
    licence="CDLA-Sharing-1.0",
    citation="Eldan and Li (2023), TinyStories: how small can language models be and still speak coherent English?, "
    "arXiv:2305.07759",
)
def tiny_stories() -> tuple[TextSource, ...]:
    """TinyStories: short stories in the words of small children, by GPT-3.5 and 4; the first 100,000."""
    return (
        TextFolder(("tiny_stories.txt", "TinyStoriesV2-GPT4-train.txt")),
        HubDataset("roneneldan/TinyStories", most=STORIES),
    )
