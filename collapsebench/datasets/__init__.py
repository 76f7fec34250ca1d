"""Data sets of real rows: one file each, with licence, digest and fallback order.

    datasets.names()                    what there is
    print(datasets.describe("mnist"))   licence, citation, size, and who can serve it, first to last
    datasets.load("digits")             a Table: x float32 [rows, features], y int32 [rows]
    datasets.pca(table.x, 8)            a linear map to 8 dimensions and back

Adding a data set is adding a file here: the import below finds it. NumPy and the standard library only; what a
loader needs beyond them, it imports when it is asked to load. Every error is a one-line ValueError.
"""

import importlib
import pkgutil

from collapsebench.datasets.idx import IdxDownload, IdxFolder, Part, read_idx
from collapsebench.datasets.projection import Pca, pca
from collapsebench.datasets.registry import Card, dataset, describe, load, missing, names
from collapsebench.datasets.source import ScikitLearn, Source, Table, Unavailable, Where, where

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "Card", "IdxDownload", "IdxFolder", "Part", "Pca", "ScikitLearn", "Source", "Table", "Unavailable", "Where",
    "dataset", "describe", "load", "missing", "names", "pca", "read_idx", "where",
]  # fmt: skip
