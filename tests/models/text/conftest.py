"""A small text in a folder of its own."""

import numpy as np
import pytest

SIGNS = "etaoinshrd lu\n"


@pytest.fixture(scope="session")
def small_text(tmp_path_factory):
    """Path of 40 documents of words of two to six letters, Zipf distributed, and a word of each document's own."""
    folder = tmp_path_factory.mktemp("text")
    random = np.random.default_rng(5)
    words = ["".join(random.choice(list("etaoinshrd"), random.integers(2, 7))) for _ in range(400)]
    p = 1 / np.arange(1, 401)
    for i in range(40):
        chosen = random.choice(words, 300, p=p / p.sum())
        (folder / f"{i:02}.txt").write_text(" ".join(chosen) + f" own{i} only{i} alone{i}\n")
    return str(folder)
