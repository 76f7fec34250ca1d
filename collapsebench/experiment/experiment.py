"""Experiment: target, model, regime, curator, metrics and sizes of a self-consuming loop, as data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Handover
from collapsebench.parts.metric import Metric
from collapsebench.parts.model import Model
from collapsebench.parts.regime import Regime
from collapsebench.parts.target import Target
from collapsebench.specs import record
from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.names import short_name, spec_name
from collapsebench.specs.pytree import Unnamed, is_spec
from collapsebench.specs.registry import CURATORS, METRICS, MODELS, REGIMES, TARGETS, Registry

_PARTS: dict[str, Registry] = {"target": TARGETS, "model": MODELS, "regime": REGIMES, "curator": CURATORS}
_BASES = {"target": Target, "model": Model, "regime": Regime, "curator": Curator, "metrics": Metric}
_ALWAYS = ("name", "target", "model", "regime", "metrics", "n", "generations", "trajectories", "seed")
"""Fields that a record holds even at their default: without them a record would not tell what was run."""
_LEAST = {"n": 1, "generations": 1, "trajectories": 1, "seed": 0, "holdout": 1, "n_real": 1, "width": 1, "record": 2}


HOLDOUT = Unnamed(1024)


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Specification of a self-consuming loop; parts are specs or registered names, a variant is `dataclasses.replace`.

    n: synthetic rows per generation. n_real: real rows at the start (None: n). holdout: real rows that only metrics
    see; if it is not named, 1024 or what a data set has. generations: fits, the first of them on real data. handover:
    "samples", "summary" or "population" (see `Handover`). warm_start: a fit starts from the last model instead of from
    init. curator: what weighs the synthetic rows (None: all alike). x64: float64 throughout. snapshots: generations
    whose draws are kept for pictures.
    width: trajectories in one vectorised pass (None: chosen from the memory at hand); part of the record, because
    float32 results depend on it in the fifth digit. host: one generation of one trajectory after another, a network's fit
    in pieces, for generations that last minutes (a model that is no JAX always runs so).
    record: how many generations the result holds, evenly spread from the first to the last (None: all of them).
    Raises RequestError, one line, for a value that no run could use.
    """

    name: str = "experiment"
    target: Any = "normal"
    model: Any = "gaussian"
    regime: Any = "replace"
    metrics: tuple[Any, ...] = ("variance",)
    n: int = 100
    generations: int = 50
    trajectories: int = 100
    seed: int = 0
    n_real: int | None = None
    holdout: int = HOLDOUT
    handover: Any = "samples"
    warm_start: bool = False
    x64: bool = False
    curator: Any = None
    snapshots: tuple[int, ...] = ()
    width: int | None = None
    host: bool = False
    record: int | None = dataclasses.field(default=None, metadata={"key": "recorded"})  # "record" is the version's

    def __post_init__(self) -> None:
        self._settle()
        self.check_parts()

    def _settle(self) -> None:
        """Bring the fields into their form. Raises RequestError for a value of a wrong type or size."""
        for field in _PARTS:
            if (value := getattr(self, field)) is not None or field != "curator":
                object.__setattr__(self, field, build_part(field, value))
        metrics = self.metrics if isinstance(self.metrics, tuple | list) else (self.metrics,)
        object.__setattr__(self, "metrics", tuple(build_part("metrics", metric) for metric in metrics))
        snapshots = self.snapshots if isinstance(self.snapshots, tuple | list) else (self.snapshots,)
        if not all(isinstance(g, int | np.integer) for g in snapshots):
            raise RequestError(f"snapshots = {self.snapshots!r}: they must be whole numbers, generations from 0 on")
        object.__setattr__(self, "snapshots", tuple(sorted(int(g) for g in snapshots)))
        self._check()

    def _check(self) -> None:
        if self.handover not in list(Handover):
            known = ", ".join(Handover)
            raise RequestError(f"handover = {self.handover}: not one of {known}{nearest(str(self.handover), Handover)}")
        object.__setattr__(self, "handover", Handover(self.handover))
        for field, least in _LEAST.items():
            value = getattr(self, field)
            if value is None and field in ("n_real", "width", "record"):
                continue
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise RequestError(f"{field} = {value!r}: it must be a whole number of at least {least}")
        if self.handover.rows and max(self.n, self.n_real or 0) >= 2**31:
            raise RequestError(f"n = {self.n}: at most 2**31 - 1 samples can be drawn; handover = summary has no limit")
        if self.seed >= 2**64:
            raise RequestError(f"seed = {self.seed}: it must be below 2**64")
        if not isinstance(self.name, str) or not self.name:
            raise RequestError(f"name = {self.name!r}: it must be a word")
        for field in ("warm_start", "x64", "host"):
            if not isinstance(getattr(self, field), bool | np.bool_):
                raise RequestError(f"{field} = {getattr(self, field)!r}: it must be True or False")
        if not self.metrics:
            raise RequestError("metrics = (): name at least one, for instance variance")
        if self.snapshots and not 0 <= self.snapshots[0] <= self.snapshots[-1] < self.generations:
            raise RequestError(f"snapshots = {self.snapshots}: generations run from 0 to {self.generations - 1}")
        for field in _PARTS:
            check_numbers(field, getattr(self, field))
        for metric in self.metrics:
            check_numbers("metrics", metric)
        check_dims(self.target, self.model)

    def check_parts(self) -> None:
        """Raise RequestError where a part refuses the others, or lacks its data.

        Skipped when a record is read: that needs no data set, and its sizes are not trusted. A run checks again. A target
        that reads a file is pinned to its rows here; sizes of a model, and a holdout, that were not named become the data's.
        """
        object.__setattr__(self, "target", self.target.pinned())
        object.__setattr__(self, "model", self.model.suited(self.target))
        check_dims(self.target, self.model)
        if isinstance(self.holdout, Unnamed):
            most = self.target.held_out_rows()
            object.__setattr__(self, "holdout", HOLDOUT if most is None else Unnamed(min(HOLDOUT, most)))
        for part in (self.target, self.model, self.regime, self.curator, *self.metrics):
            if part is not None:
                part.check(self)
        if not self.handover.rows and self.regime.needs_samples:
            name = spec_name(self.regime)
            raise RequestError(
                f"regime = {name}: it must see single samples, which handover = {self.handover} never makes"
            )
        if not self.handover.rows and self.curator is not None:
            name = spec_name(self.curator)
            raise RequestError(
                f"curator = {name}: it must see single samples, which handover = {self.handover} never makes"
            )
        if not (self.handover.rows or self.handover.infinite) and self.model.summary is None:
            name = spec_name(self.model)
            raise RequestError(
                f"handover = summary: model {name} has no sampling law of sufficient statistics; use samples"
            )

    @property
    def metric_names(self) -> tuple[str, ...]:
        """One name per metric; a second use of the same metric is numbered."""
        names: list[str] = []
        for metric in self.metrics:
            name = short_name(metric)
            names.append(name if name not in names else f"{name}_{sum(n.startswith(name) for n in names) + 1}")
        return tuple(names)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the numbers that a run records per generation.

        Each metric, the standard error of one that estimates, and for a network "ended": whether a loss that is not
        finite has ended the trajectory.
        """
        pairs = zip(self.metric_names, self.metrics, strict=True)
        measured = [c for name, m in pairs for c in ([name, f"{name}_standard_error"] if m.estimates else [name])]
        return (*measured, "ended") if self.model.streams else tuple(measured)

    @property
    def recorded(self) -> np.ndarray:
        """Numbers of the generations that a result holds, ascending."""
        kept = min(self.record or self.generations, self.generations)
        return np.unique(np.round(np.linspace(0, self.generations - 1, kept)).astype(int))

    def to_json(self, arrays: dict[str, bytes] | None = None) -> dict[str, Any]:
        """The experiment's record (see `specs.record`): JSON data, from which `from_json` makes the experiment.

        Large arrays stand in it by digest; their bytes are added to `arrays`.
        """
        return {"record": record.VERSION, **record.encode_fields(self, arrays, _ALWAYS)}

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, Any] | None = None) -> Experiment:
        """Rebuild the experiment of a record, from registered and already imported classes; runs nothing else.

        arrays: the bytes of its large arrays by digest. Raises RequestError, one line, that says what to import where a
        part is a class that has not been, and for what is no record.
        """
        with record.reading("experiment"):
            made, values = object.__new__(cls), record.decode_fields(cls, data, arrays)
            for own in dataclasses.fields(cls):
                object.__setattr__(made, own.name, values.get(own.name, own.default))
            made._settle()
        return made

    @property
    def digest(self) -> str:
        """SHA-256 of the record, 16 digits: the same for the same experiment, on any machine."""
        return record.digest(self.to_json())


def build_part(field: str, value: object) -> Any:
    """The target, model, regime, curator or metric that a name, a class or a spec stands for, as a spec.

    Raises RequestError for anything else.
    """
    registry = METRICS if field == "metrics" else _PARTS[field]
    part = registry.build(value)
    if isinstance(part, type):
        part = part()
    base = _BASES[field]
    if not isinstance(part, base):
        what = spec_name(part) if dataclasses.is_dataclass(part) else f"a value of type {type(part).__name__}"
        truth = field == "target" and isinstance(part, Model)
        why = (
            "it is a model; Truth(model, params) makes a target of it"
            if truth
            else f"a {base.noun.rstrip('s')} derives from collapsebench.{base.__name__}"
        )
        raise RequestError(f"{field} = {what}: {why}")
    if not is_spec(part):
        raise RequestError(f"{field} = {spec_name(part)}: it is no spec; decorate its class with @collapsebench.spec")
    return part


def check_numbers(field: str, part: Any) -> None:
    """Raise RequestError for a field of a spec that is no number, not finite, or out of its bounds."""
    if not dataclasses.is_dataclass(part):
        return
    for own in dataclasses.fields(part):
        if own.type not in ("float", "int", "bool", float, int, bool):
            continue
        value, (low, high) = getattr(part, own.name), own.metadata.get("within", (-math.inf, math.inf))
        if not isinstance(value, bool | int | float | np.generic | np.ndarray | jax.Array):
            raise RequestError(f"{field}.{own.name} = {value!r}: it must be a number")
        numbers = np.asarray(value, float)
        if np.isnan(numbers).any() or not ((numbers >= low) & (numbers <= high)).all():
            bounds = f"lie between {low:g} and {high:g}" if math.isfinite(high) else f"be at least {low:g}"
            bounds = bounds if math.isfinite(low) else "be a number"
            raise RequestError(f"{field}.{own.name} = {value}: it must {bounds}")


def check_dims(target: Target, model: Model) -> None:
    """Raise RequestError unless model and target agree on the dimension or the number of classes."""
    for field, ours, theirs in (("dim", model.dim, target.dim), ("classes", model.classes, target.classes)):
        for noun, size in (("model", ours), ("target", theirs)):
            if isinstance(size, int | np.integer) and size < 1:
                raise RequestError(f"{noun}.{field} = {size}: it must be at least 1")
        if ours is not None and theirs is not None and ours != theirs and not isinstance(ours, Unnamed):
            raise RequestError(f"model.{field} = {ours}: the target has {field} = {theirs}; make them equal")
    if target.kind != model.kind:
        learns, gives = model.kind, target.kind
        raise RequestError(
            f"model = {spec_name(model)}: it learns {learns} data, but target {spec_name(target)} gives {gives} data"
        )
