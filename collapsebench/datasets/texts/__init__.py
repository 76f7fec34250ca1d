"""Texts: one file each, with licence, digest and fallback order; documents that are split into two parts.

    texts.names()                  what there is
    print(texts.describe("brown")) licence, citation, and who can serve it, first to last
    texts.load("pydoc")            a Corpus: documents, and which of them are held out; a file or a folder by its path

Adding a text is adding a file here. Standard library and NumPy only. Every error is a one-line ValueError.
"""

import importlib
import pkgutil

from collapsebench.datasets.texts.corpus import Corpus, Document, corpus
from collapsebench.datasets.texts.registry import TextCard, describe, load, missing, names, text

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["Corpus", "Document", "TextCard", "corpus", "describe", "load", "missing", "names", "text"]
