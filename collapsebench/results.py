"""The result schema: an xarray Dataset that knows how it was made, saved as NetCDF-4."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np
import xarray as xr

from collapsebench import __version__
from collapsebench.experiment import Experiment
from collapsebench.types import RequestError

SCHEMA = "collapsebench.result"
SCHEMA_VERSION = "1.0"


def from_columns(
    experiment: Experiment, columns: np.ndarray, snapshots: dict[int, Any], *,
    points: int | None, started: float, seconds: float, width: int,
) -> xr.Dataset:  # fmt: skip
    """The dataset of metrics [lanes, generations, columns]; lanes = points * trajectories, or trajectories alone."""
    dims: tuple[str, ...] = ("trajectory", "generation")
    if points is not None:
        columns = columns[: len(columns) // points * points]
        columns = columns.reshape(points, -1, *columns.shape[1:])
        dims = ("point", *dims)
    data: dict[str, Any] = {name: (dims, columns[..., i]) for i, name in enumerate(experiment.columns)}
    coords = {"trajectory": np.arange(columns.shape[-3]), "generation": np.arange(columns.shape[-2])}
    if snapshots and points is None:
        coords["snapshot"] = np.array(sorted(snapshots))
        data |= _snapshot_variables(snapshots)
    dataset = xr.Dataset(data, coords)
    dataset.attrs = _provenance(experiment, started, seconds, width)
    return dataset


def _snapshot_variables(snapshots: dict[int, Any]) -> dict[str, Any]:
    stacked = jax.tree.map(lambda *a: np.stack(a, axis=1), *(snapshots[g] for g in sorted(snapshots)))
    leaves = jax.tree_util.tree_leaves_with_path(stacked)
    variables = {}
    for path, leaf in leaves:
        name = "sample" + "".join("_" + str(getattr(p, "key", getattr(p, "name", p))).strip(".[]'") for p in path)
        extra = tuple(f"{name}_axis_{i}" for i in range(leaf.ndim - 3))
        variables[name] = (("trajectory_kept", "snapshot", "row", *extra)[: leaf.ndim], leaf)
    return variables


def _provenance(experiment: Experiment, started: float, seconds: float, width: int) -> dict[str, Any]:
    device = jax.devices()[0]
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "experiment": json.dumps(experiment.to_json()),
        "digest": experiment.digest,
        "name": experiment.name,
        "seed": experiment.seed,
        "handover": str(experiment.handover),
        "versions": json.dumps(versions()),
        "device_kind": device.device_kind,
        "device_count": jax.local_device_count(),
        "x64": int(experiment.x64),
        "matmul_precision": str(getattr(jax.config, "jax_default_matmul_precision", None) or "default"),
        "commit": _commit(),
        "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "width": width,
    }


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    found = {"collapsebench": __version__}
    for package in ("jax", "jaxlib", "flax", "numpy"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "unknown"
    return found


@cache
def _commit() -> str:
    here = Path(__file__).parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        inside = subprocess.run(
            ["git", "-C", str(here), "ls-files", "--error-unmatch", Path(__file__).name], capture_output=True, timeout=5
        )
        if inside.returncode:
            return "unknown"
        return subprocess.run(command, capture_output=True, text=True, timeout=5).stdout.strip() or "unknown"
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"


def save(dataset: xr.Dataset, path: str | Path) -> Path:
    """Write a result as NetCDF-4 (h5netcdf), whole or not at all. Returns the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    encoding = {name: {"zlib": True, "complevel": 4} for name in dataset.data_vars if dataset[name].ndim}
    partial = path.with_name(path.name + ".partial")
    dataset.to_netcdf(partial, engine="h5netcdf", encoding=encoding)
    partial.replace(path)
    return path


def load(path: str | Path) -> xr.Dataset:
    """Read a result.

    Raises RequestError, one line, for a file that is missing, is no result, or is of another major schema.
    """
    path = Path(path)
    if not path.exists():
        raise RequestError(f"path = {path}: no such file")
    try:
        dataset = xr.load_dataset(path, engine="h5netcdf")
    except Exception as error:
        raise RequestError(f"path = {path}: not a NetCDF-4 file that can be read ({type(error).__name__})") from error
    if dataset.attrs.get("schema") != SCHEMA:
        raise RequestError(f"path = {path}: schema is {dataset.attrs.get('schema')!r}, not {SCHEMA!r}")
    version = str(dataset.attrs.get("schema_version", ""))
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise RequestError(
            f"path = {path}: schema version {version}; this version reads {SCHEMA_VERSION.split('.')[0]}.x"
        )
    return dataset


def experiment_of(dataset: xr.Dataset) -> Experiment:
    """The experiment that made a result."""
    return Experiment.from_json(json.loads(dataset.attrs["experiment"]))
