"""Results: an xarray Dataset with its provenance, saved as NetCDF-4."""

from __future__ import annotations

import contextlib
import datetime
import errno
import importlib
import importlib.metadata
import inspect
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import jax
import numpy as np
from jaxtyping import PyTree

from collapsebench import __version__
from collapsebench.experiment.experiment import Experiment
from collapsebench.specs import record
from collapsebench.specs.errors import RequestError, printable

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = "collapsebench.result"
SCHEMA_VERSION = "1.1"
RECORD_ARRAY = "record_array_"
"""Variables of that name, and a digest, are the bytes of the large arrays of the records among the attributes."""


def begin_import() -> None:
    """Import xarray in a thread, while the devices are busy or XLA compiles: nothing needs it before the result."""

    def load() -> None:
        with contextlib.suppress(RuntimeError):  # the run was refused, and the interpreter is shutting down
            importlib.import_module("xarray")

    if "xarray" not in sys.modules:
        threading.Thread(target=load).start()


def new_dataset(data: Any, coords: Any, attrs: Any) -> xr.Dataset:
    """xarray.Dataset(data, coords, attrs); imports xarray on the first call."""
    import xarray as xr

    return xr.Dataset(data, coords, attrs)


def is_dataset(value: object) -> bool:
    """Whether a value is an xarray.Dataset."""
    import xarray as xr

    return isinstance(value, xr.Dataset)


def from_columns(
    experiment: Experiment, columns: np.ndarray, snapshots: dict[int, PyTree], *,
    points: int | None, started: float, seconds: float, plan: Mapping[str, int], trajectories: range,
) -> xr.Dataset:  # fmt: skip
    """The dataset of metrics [lanes, generations, columns]; lanes = points * trajectories, or trajectories alone.

    plan: the sizes of the run by name. trajectories: their numbers.
    """
    dims: tuple[str, ...] = ("trajectory", "generation")
    if points is not None:
        columns = columns[: len(columns) // points * points]
        columns = columns.reshape(points, -1, *columns.shape[1:])
        dims = ("point", *dims)
    data: dict[str, Any] = {name: (dims, columns[..., i]) for i, name in enumerate(experiment.columns)}
    coords = {"trajectory": np.asarray(trajectories)[: columns.shape[-3]], "generation": np.arange(columns.shape[-2])}
    if snapshots and points is None:
        coords["snapshot"] = np.array(sorted(snapshots))
        data |= _snapshot_variables(snapshots)
    arrays: dict[str, bytes] = {}
    attrs = _provenance(experiment, started, seconds, plan, arrays)
    return describe(new_dataset(data | record_variables(arrays), coords, attrs), experiment)


def describe(dataset: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    """The dataset with `long_name` on every variable of the experiment, and `units` where the metric has one."""
    for name, metric in zip(experiment.metric_names, experiment.metrics, strict=True):
        units = {"units": metric.unit} if metric.unit else {}
        text = (inspect.getdoc(type(metric)) or name).split("\n")[0]
        own = text.startswith(f"{type(metric).__name__}(")  # the dataclass's own docstring says nothing
        dataset[name].attrs = {"long_name": name if own else text, **units}
        if metric.estimates:
            error = f"standard error of {name}, of the draws it was estimated from"
            dataset[f"{name}_standard_error"].attrs = {"long_name": error, **units}
    if "ended" in dataset:
        dataset["ended"].attrs = {"long_name": "1 from the generation on whose training met a loss that is not finite"}
    dataset["trajectory"].attrs = {"long_name": "number of the independent run"}
    dataset["generation"].attrs = {"long_name": "generation; 0 is the model fitted to real data"}
    return dataset


def record_variables(arrays: Mapping[str, bytes]) -> dict[str, Any]:
    """Variables for the large arrays of a record, by digest, as bytes: NetCDF lacks some dtypes."""
    about = {"long_name": "bytes of an array that a record among the attributes names by its digest"}
    return {
        (name := f"{RECORD_ARRAY}{digest}"): (f"{name}_byte", np.frombuffer(raw, np.uint8), about)
        for digest, raw in arrays.items()
    }


def kept_records(dataset: xr.Dataset) -> dict[str, Any]:
    """The dataset's variables of record arrays, for a new dataset with the same attributes."""
    return {str(name): dataset[name].variable for name in dataset.data_vars if str(name).startswith(RECORD_ARRAY)}


def _snapshot_variables(snapshots: dict[int, PyTree]) -> dict[str, Any]:
    stacked = jax.tree.map(lambda *a: np.stack(a, axis=1), *(snapshots[g] for g in sorted(snapshots)))
    leaves = jax.tree_util.tree_leaves_with_path(stacked)
    variables = {}
    for path, leaf in leaves:
        name = "_".join(["sample", *([jax.tree_util.keystr(path, simple=True, separator="_")] if path else [])])
        extra = tuple(f"{name}_axis_{i}" for i in range(leaf.ndim - 3))
        about = {"long_name": "draws from the models that are kept"}
        variables[name] = (("trajectory_kept", "snapshot", "row", *extra)[: leaf.ndim], leaf, about)
    return variables


def _provenance(
    experiment: Experiment, started: float, seconds: float, plan: Mapping[str, int], arrays: dict[str, bytes]
) -> dict[str, Any]:
    device, config = jax.devices()[0], cast(Any, jax.config)
    seen = {name: digest for metric in experiment.metrics for name, digest in metric.provenance(experiment).items()}
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "experiment": json.dumps(experiment.to_json(arrays)),
        "digest": experiment.digest,
        "name": experiment.name,
        "seed": experiment.seed,
        "handover": str(experiment.handover),
        "versions": json.dumps(versions()),
        "device_kind": device.device_kind,
        "device_count": jax.local_device_count(),
        "x64": int(experiment.x64),
        "matmul_precision": str(config.jax_default_matmul_precision or "default"),
        "commit": _commit(),
        "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        **plan,
        **({"features": json.dumps(seen)} if seen else {}),
    }


def versions() -> dict[str, str]:
    """Versions of collapsebench, jax, jaxlib, flax and numpy by name, "unknown" where not installed."""
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


class NotSaved(OSError):
    """OSError of a result that could not be written: `result`, its `filename`, and the reason `strerror`."""

    def __init__(self, error: Exception, path: Path, result: xr.Dataset) -> None:
        code = error.errno if isinstance(error, OSError) else None
        code = errno.ENOTDIR if code == errno.EEXIST else code  # mkdir, where a file stands in a folder's place
        super().__init__(code or 0, os.strerror(code) if code else " ".join(str(error).split()), str(path))
        self.result = result


def save(dataset: xr.Dataset, path: str | Path) -> Path:
    """Write a result as NetCDF-4 (h5netcdf), whole or not at all. Returns the path.

    Raises RequestError for what is no dataset, and NotSaved, an OSError of one line, where nothing can be written.
    """
    if not is_dataset(dataset):
        raise RequestError(
            f"save: it takes a result, an xarray.Dataset, and then a path, not a value of type {type(dataset).__name__}"
        )
    path = Path(path)
    encoding = {
        name: {"zlib": True, "complevel": 1, "shuffle": True} for name in dataset.data_vars if dataset[name].ndim
    }
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        try:
            dataset.to_netcdf(partial, engine="h5netcdf", encoding=encoding)
            partial.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise
    except (OSError, RuntimeError) as error:  # HDF5 says RuntimeError when the disk is full while it closes the file
        raise NotSaved(error, path, dataset) from error
    return path


def load(path: str | Path) -> xr.Dataset:
    """Read a result file (NetCDF-4) as an xarray Dataset.

    Raises RequestError, one line, for a file that is missing, is no result, or is of another major schema.
    """
    import xarray as xr

    path = Path(path)
    if not path.exists():
        raise RequestError(f"path = {path}: no such file")
    try:
        dataset = xr.load_dataset(path, engine="h5netcdf")
    except Exception as error:
        raise RequestError(f"path = {path}: not a NetCDF-4 file that can be read ({type(error).__name__})") from error
    schema, version = (printable(str(dataset.attrs.get(name)), 30) for name in ("schema", "schema_version"))
    if schema != SCHEMA:
        raise RequestError(f"path = {path}: schema is {schema!r}, not {SCHEMA!r}")
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise RequestError(
            f"path = {path}: schema version {version}; this version reads {SCHEMA_VERSION.split('.')[0]}.x"
        )
    return dataset


def experiment_of(dataset: xr.Dataset) -> Experiment:
    """The experiment that made a result. Raises RequestError, one line, as `Experiment.from_json` does; runs nothing."""
    data = record.parse(dataset.attrs.get("experiment"), "experiment")
    arrays = {name.removeprefix(RECORD_ARRAY): kept.values for name, kept in kept_records(dataset).items()}
    return Experiment.from_json(data, arrays)
