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

from collapsebench import __version__
from collapsebench.experiment.experiment import Experiment
from collapsebench.runs import integrity
from collapsebench.specs import files, record
from collapsebench.specs.errors import RequestError, printable

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = "collapsebench.result"
SCHEMA_VERSION = "1.2"
SIGNED = 2
"""The minor version from which on every file holds a digest of all that is in it."""
EVENTS = {"ended": 0.0, "coarse": -1}
"""Variables that a result has only where such an event occurred, and what they are where it did not."""
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
    experiment: Experiment, columns: np.ndarray, snapshots: Mapping[int, Mapping[str, np.ndarray]], *,
    points: int | None, started: float, seconds: float, plan: Mapping[str, int], trajectories: range,
    generations: np.ndarray | None = None, past: np.ndarray | None = None,
) -> xr.Dataset:  # fmt: skip
    """The dataset of metrics [lanes, generations, columns]; lanes = points * trajectories, or trajectories alone.

    snapshots: draws by generation and leaf. plan: the sizes of the run by name. trajectories: their numbers. generations:
    those that are recorded (None: all, from 0). past [lanes]: the first generation whose rows float32 was too coarse for.
    """
    dims: tuple[str, ...] = ("trajectory", "generation")
    count = len(columns) // (points or 1) * (points or 1)
    columns = columns[:count]
    if points is not None:
        columns = columns.reshape(points, -1, *columns.shape[1:])
        dims = ("point", *dims)
    data: dict[str, Any] = {name: (dims, columns[..., i]) for i, name in enumerate(experiment.columns)}
    numbers = np.arange(columns.shape[-2]) if generations is None else generations
    done = trajectories[: columns.shape[-3]]
    coords = {"trajectory": np.arange(done.start, done.stop, done.step), "generation": numbers}
    if "ended" not in data and np.isnan(
        columns[..., 0].min(initial=np.inf)
    ):  # no metric of a model whose fit failed is a number
        data["ended"] = (dims, np.isnan(columns).all(axis=-1).astype(columns.dtype))
    if past is not None and (past[:count] >= 0).any():
        data["coarse"] = (dims[:-1], past[:count].reshape(columns.shape[:-2]))
    if snapshots and points is None:
        coords["snapshot"] = np.array(sorted(snapshots))
        data |= _snapshot_variables(snapshots)
    for name, text in experiment.target.files().items():
        raw = np.frombuffer(text.encode(), np.uint8)
        data[f"file_{name}"] = (f"file_{name}_byte", raw, {"long_name": f"the {name}'s file, in bytes"})
    arrays: dict[str, bytes] = {}
    attrs = _provenance(experiment, started, seconds, plan, arrays)
    return describe(new_dataset(data | record_variables(arrays), coords, attrs), experiment)


def describe(dataset: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    """The dataset with `long_name` on every variable of the experiment, and `units` where the metric has one."""
    for name, metric in zip(experiment.metric_names, experiment.metrics, strict=True):
        units = {"units": metric.unit} if metric.unit else {}
        text = (inspect.getdoc(type(metric)) or name).split("\n")[0]
        own = text.startswith(f"{type(metric).__name__}(")  # the dataclass's own docstring says nothing
        dataset.variables[name].attrs = {"long_name": name if own else text, **units}
        if metric.estimates:
            error = f"standard error of {name}, of the draws it was estimated from"
            dataset.variables[f"{name}_standard_error"].attrs = {"long_name": error, **units}
    if "ended" in dataset:
        dataset.variables["ended"].attrs = {
            "long_name": "1 from the generation on whose fit failed: no metric is a number"
        }
    if "coarse" in dataset:
        about = "first generation whose rows float32 was too coarse for: spread below 8 roundings of the mean; -1: none"
        dataset.variables["coarse"].attrs = {"long_name": about}
    dataset.variables["trajectory"].attrs = {"long_name": "number of the independent run"}
    dataset.variables["generation"].attrs = {"long_name": "generation; 0 is the model fitted to real data"}
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


def _snapshot_variables(snapshots: Mapping[int, Mapping[str, np.ndarray]]) -> dict[str, Any]:
    variables = {}
    first = next(iter(snapshots.values()))
    shown = first.get("x", next(iter(first.values()))).shape[1:2]
    for own in first:
        leaf = np.stack([snapshots[g][own] for g in sorted(snapshots)], axis=1)
        name = f"sample_{own}" if own else "sample"
        extra = tuple(f"{name}_axis_{i}" for i in range(leaf.ndim - 3))
        about = {"long_name": "draws from the models that are kept"}
        row = "row" if own in ("", "x") or leaf.shape[2:3] == shown else f"{name}_row"
        variables[name] = (("trajectory_kept", "snapshot", row, *extra)[: leaf.ndim], leaf, about)
    return variables


def _provenance(
    experiment: Experiment, started: float, seconds: float, plan: Mapping[str, int], arrays: dict[str, bytes]
) -> dict[str, Any]:
    device, config = jax.devices()[0], cast(Any, jax.config)
    recorded = experiment.to_json(arrays)
    seen = {name: digest for metric in experiment.metrics for name, digest in metric.provenance(experiment).items()}
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "experiment": json.dumps(recorded),
        "digest": record.digest(recorded),
        "name": experiment.name,
        "seed": experiment.seed,
        "handover": str(experiment.handover),
        "versions": json.dumps(versions()),
        "device_kind": device.device_kind,
        "device_count": jax.local_device_count(),
        "x64": int(experiment.x64),
        "matmul_precision": str(config.jax_default_matmul_precision or "float32"),
        "commit": commit(),
        "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        **plan,
        **({"features": json.dumps(seen)} if seen else {}),
        **({"data": json.dumps(own)} if (own := experiment.target.described()) else {}),
    }


@cache
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
def commit() -> str:
    """The name that git gives to the state of a clone; unknown outside of one."""
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
        signed = dataset.assign_attrs({integrity.INTEGRITY: integrity.digest(dataset)})
        with files.whole(path) as unfinished:
            signed.to_netcdf(unfinished, engine="h5netcdf", encoding=encoding)
    except (OSError, RuntimeError) as error:  # HDF5 says RuntimeError when the disk is full while it closes the file
        raise NotSaved(error, path, dataset) from error
    return path


def load(path: str | Path) -> xr.Dataset:
    """Read a result file (NetCDF-4) as an xarray Dataset.

    Raises RequestError, one line, for a file that is missing, damaged, no result, or of another major schema. Nothing but
    the file itself is opened: one that leads to other files or needs a plugin is refused.
    """
    import xarray as xr

    if not isinstance(path, str | Path):
        raise RequestError(f"path: it must be a file's name, not a value of type {type(path).__name__}")
    path = Path(path)
    if not os.path.exists(path):  # Path.exists raises for a name that is too long
        raise RequestError(f"path = {path}: no such file")
    try:
        why = integrity.inspect(path)
        dataset = xr.Dataset() if why else xr.load_dataset(path, engine="h5netcdf")
    except Exception as error:
        raise RequestError(f"path = {path}: not a NetCDF-4 file that can be read ({type(error).__name__})") from error
    if why:
        raise RequestError(printable(f"path = {path}: it is not read, for {why}"))
    schema, version = (printable(str(dataset.attrs.get(name)), 30) for name in ("schema", "schema_version"))
    if schema != SCHEMA:
        raise RequestError(f"path = {path}: schema is {schema!r}, not {SCHEMA!r}")
    major, _, minor = version.partition(".")
    if major != SCHEMA_VERSION.split(".")[0] or not minor.isdecimal():
        raise RequestError(
            f"path = {path}: schema version {version}; this version reads {SCHEMA_VERSION.split('.')[0]}.x"
        )
    signed = dataset.attrs.pop(integrity.INTEGRITY, None)
    if (signed is not None or int(minor) >= SIGNED) and signed != integrity.digest(dataset):
        raise RequestError(
            f"path = {path}: its digest is another: it is damaged, or was changed by another program than cb.save"
        )
    return dataset


def experiment_of(dataset: xr.Dataset) -> Experiment:
    """The experiment that made a result. Raises RequestError, one line, as `Experiment.from_json` does; runs nothing."""
    data = record.parse(dataset.attrs.get("experiment"), "experiment")
    arrays = {name.removeprefix(RECORD_ARRAY): kept.values for name, kept in kept_records(dataset).items()}
    return Experiment.from_json(data, arrays)
