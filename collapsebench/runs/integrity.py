"""Integrity of a result's file: a digest over all that is in it, and what is looked at before HDF5 reads it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.specs.errors import bytes_text

if TYPE_CHECKING:
    import h5py
    import xarray as xr

INTEGRITY = "integrity"
"""The attribute that holds the digest."""
FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32"}
"""HDF5's own filters, which load no plugin."""
DEFLATED = 1100
"""No file of deflate is more times larger than what it was made from."""


def digest(dataset: xr.Dataset) -> str:
    """SHA-256 of a dataset's variables, coordinates, dimensions and attributes, in 64 digits."""
    found = hashlib.sha256()
    for name in sorted(map(str, dataset.variables)):
        variable = dataset.variables[name]
        found.update(_text([name, name in dataset.coords, list(map(str, variable.dims)), list(variable.shape)]))
        found.update(_text(_plain(variable.attrs)))
        _add(found, variable.values)
    found.update(_text(_plain({name: value for name, value in dataset.attrs.items() if name != INTEGRITY})))
    return found.hexdigest()


def _add(found: Any, values: np.ndarray) -> None:
    if values.dtype.kind in "OUST":  # words: xarray gives them back in another dtype than it was given
        found.update(_text([str(value) for value in values.ravel()]))
        return
    kind = "i1" if values.dtype.kind == "b" else values.dtype.str[1:]
    found.update(kind.encode())
    values = np.atleast_1d(values)
    for part in np.array_split(values, max(1, values.nbytes >> 26)) if len(values) else ():
        found.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)


def _plain(attrs: Mapping[Hashable, object]) -> dict[str, object]:
    """Attributes as JSON data, the same before a file was written and after it was read."""
    return {
        str(name): value.tolist() if isinstance(value, np.generic | np.ndarray) else value
        for name, value in attrs.items()
    }


def _text(data: object) -> bytes:
    return json.dumps(data, sort_keys=True, default=str).encode()


def inspect(path: Path) -> str:
    """What makes a NetCDF-4 file one that must not be read, as a phrase; empty if nothing does.

    Links to other files, data that lie in other files, filters that HDF5 would load as plugins, and data that are larger
    than the memory or than any compression explains. Raises OSError and others for what is no HDF5 file.
    """
    import h5py

    sizes: list[int] = []
    with h5py.File(path, "r") as file:
        why = _walk(file, sizes, 0)
    if why:
        return why
    total = sum(sizes)
    if total > DEFLATED * path.stat().st_size + (1 << 20):
        return f"it says that it holds {bytes_text(total)}, which no file of {path.stat().st_size} bytes does"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"it holds {bytes_text(total)}, and that is more than the memory" if total > memory else ""


def _walk(group: h5py.Group, sizes: list[int], depth: int) -> str:
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            return f"{name!a} is a link out of it"
        found = group[name]
        if isinstance(found, h5py.Group):
            if depth or (why := _walk(found, sizes, depth + 1)):
                return why if not depth else "its groups are nested"
        elif isinstance(found, h5py.Dataset):
            if found.is_virtual or found.external:
                return f"{name!a} lies in another file"
            pipeline = found.id.get_create_plist()
            for i in range(pipeline.get_nfilters()):
                if pipeline.get_filter(i)[0] not in FILTERS:
                    return f"{name!a} needs a filter that is not HDF5's own"
            sizes.append(int(np.prod(found.shape or (), dtype=np.float64)) * max(1, found.dtype.itemsize))
    return ""
