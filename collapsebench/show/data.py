"""Results as JSON data: what was run, and the numbers of its variables, means over trajectories where they have some."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.analysis.intervals import mean_interval
from collapsebench.runs.results import RECORD_ARRAY
from collapsebench.specs.arrays import encode_number

if TYPE_CHECKING:
    import xarray as xr

RECORDS = ("experiment", "sweep", "versions", "features", "data", "arms", "doses", "cost")
"""Attributes that are JSON themselves."""


def plain(value: object) -> Any:
    """Any numbers, words, lists and dicts as JSON data, with infinities and NaN as records write them."""
    if isinstance(value, dict):
        return {str(key): plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [plain(own) for own in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return encode_number(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def result_json(result: xr.Dataset) -> dict[str, object]:
    """`kind`, `attrs`, `coords` (values by dim) and `variables` (by name) of a result of any kind, as JSON data.

    A variable has `dims` and `values`, nested lists; one that has a number for each trajectory has the `mean` over them and
    its 95% interval, `low` and `high`. Draws, files and the arrays of records are left out: the result's file has them.
    """
    attrs = {str(name): json.loads(value) if name in RECORDS else value for name, value in result.attrs.items()}
    variables = {}
    for name, variable in result.data_vars.items():
        dims = [str(dim) for dim in variable.dims]
        if "trajectory_kept" in dims or str(name).startswith((RECORD_ARRAY, "file_")) or name == "coarse":
            continue
        told: dict[str, Any] = {"dims": [dim for dim in dims if dim != "trajectory"]}
        told |= {"units": variable.attrs["units"]} if "units" in variable.attrs else {}
        if "trajectory" in dims:
            found = mean_interval(variable.values, dims.index("trajectory"))
            told |= dict(zip(("mean", "low", "high"), found, strict=True))
        else:
            told["values"] = variable.values
        variables[str(name)] = told
    used = {dim for told in variables.values() for dim in told["dims"]}
    coords = {dim: result[dim].values for dim in map(str, result.dims) if dim in used and dim in result.coords}
    about: dict[str, object] = plain(
        {"kind": attrs.pop("kind", "run"), "attrs": attrs, "coords": coords, "variables": variables}
    )
    return about
