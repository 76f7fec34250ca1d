"""An experiment is pure data: what is real, what learns, what it learns from, what is measured, and how much of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from typing import Any

import numpy as np

from collapsebench.errors import RequestError, nearest
from collapsebench.registry import CURATORS, METRICS, MODELS, REGIMES, TARGETS, Registry
from collapsebench.types import Handover

_PARTS: dict[str, Registry] = {"target": TARGETS, "model": MODELS, "regime": REGIMES, "curator": CURATORS}
_LEAST = {"n": 1, "generations": 1, "trajectories": 1, "seed": 0, "holdout": 1, "n_real": 1, "width": 1}


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A self-consuming loop. Parts may be given as specs or as registered names; a variant is `dataclasses.replace`.

    n: synthetic rows per generation. n_real: real rows at the start (None: n). holdout: real rows that only metrics
    see. generations: fits, the first of them on real data. snapshots: generations whose draws are kept for pictures.
    width: trajectories in one vectorised pass (None: chosen from the memory at hand); part of the record, because
    float32 results depend on it in the fifth digit.
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
    holdout: int = 1024
    handover: str = "samples"
    warm_start: bool = False
    x64: bool = False
    curator: Any = None
    snapshots: tuple[int, ...] = ()
    width: int | None = None

    def __post_init__(self) -> None:
        for field, registry in _PARTS.items():
            if (value := getattr(self, field)) is not None:
                object.__setattr__(self, field, registry.build(value))
        metrics = (self.metrics,) if isinstance(self.metrics, str) else tuple(self.metrics)
        object.__setattr__(self, "metrics", tuple(METRICS.build(metric) for metric in metrics))
        object.__setattr__(self, "snapshots", tuple(sorted(int(g) for g in self.snapshots)))
        self._check()

    def _check(self) -> None:
        for field, least in _LEAST.items():
            value = getattr(self, field)
            if value is None and field in ("n_real", "width"):
                continue
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise RequestError(f"{field} = {value!r}: it must be a whole number of at least {least}")
        if self.handover not in list(Handover):
            known = ", ".join(Handover)
            raise RequestError(f"handover = {self.handover}: not one of {known}{nearest(str(self.handover), Handover)}")
        if not self.metrics:
            raise RequestError("metrics = (): name at least one, for instance variance")
        if self.snapshots and not 0 <= self.snapshots[0] <= self.snapshots[-1] < self.generations:
            raise RequestError(f"snapshots = {self.snapshots}: generations run from 0 to {self.generations - 1}")
        check_dims(self.target, self.model)
        for metric in self.metrics:
            if not hasattr(type(metric), "estimates"):
                raise RequestError(f"metrics = {spec_name(metric)}: a metric derives from collapsebench.Metric")
        for part in (self.target, self.model, self.regime, self.curator, *self.metrics):
            check = getattr(part, "check", None)
            if check is not None:
                check(self)
        if self.handover != Handover.SAMPLES and self.regime.needs_samples:
            name = spec_name(self.regime)
            raise RequestError(
                f"regime = {name}: it must see single samples, which handover = {self.handover} never makes"
            )
        if self.handover != Handover.SAMPLES and self.curator is not None:
            name = spec_name(self.curator)
            raise RequestError(
                f"curator = {name}: it must see single samples, which handover = {self.handover} never makes"
            )
        if self.handover == Handover.SUMMARY and not hasattr(self.model, "summary"):
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
        """What a run measures per generation: each metric, and the standard error of one that estimates."""
        pairs = zip(self.metric_names, self.metrics, strict=True)
        return tuple(c for name, m in pairs for c in ([name, f"{name}_standard_error"] if m.estimates else [name]))

    def to_json(self) -> dict[str, Any]:
        """The experiment as JSON data; `from_json` gives it back."""
        return {field.name: _encode(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Experiment:
        values = {key: _decode(key, value) for key, value in data.items()}
        return cls(**values)

    @property
    def digest(self) -> str:
        """SHA-256 of the JSON form, 16 digits: the same for the same experiment, on any machine."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]


def check_dims(target: Any, model: Any) -> None:
    """Raise RequestError unless model and target agree on the dimension or the number of classes."""
    for field in ("dim", "classes"):
        ours, theirs = getattr(model, field, None), getattr(target, field, None)
        if ours is not None and theirs is not None and ours != theirs:
            raise RequestError(f"model.{field} = {ours}: the target has {field} = {theirs}; make them equal")
    kinds = [getattr(part, "kind", "vector") for part in (target, model)]
    if kinds[0] != kinds[1]:
        raise RequestError(
            f"model = {spec_name(model)}: it learns {kinds[1]} data, but target {spec_name(target)} gives {kinds[0]} data"
        )


def spec_name(part: Any) -> str:
    """The registered name of a spec, or the `module:Class` that finds it."""
    cls = type(part)
    return getattr(cls, "registry_name", None) or f"{cls.__module__}:{cls.__qualname__}"


def short_name(part: Any) -> str:
    """The registered name of a spec, or its class's name in lower case with underscores."""
    name = type(part).__name__
    return getattr(type(part), "registry_name", None) or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _encode(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _encode(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
        return {"type": spec_name(value), **fields}
    if isinstance(value, tuple | list):
        return [_encode(entry) for entry in value]
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, float) or math.isfinite(value) else str(value)
    return {"array": np.asarray(value).tolist(), "dtype": str(np.asarray(value).dtype)}


def _decode(field: str, value: Any) -> Any:
    if isinstance(value, dict) and "array" in value:
        return np.asarray(value["array"], dtype=value["dtype"])
    if isinstance(value, dict) and "type" in value:
        arguments = {key: _decode(key, entry) for key, entry in value.items() if key != "type"}
        return _find_spec(value["type"], field)(**arguments)
    if isinstance(value, list):
        return tuple(_decode("metrics" if field == "metrics" else field, entry) for entry in value)
    return value


def _find_spec(name: str, field: str) -> Any:
    if ":" in name:
        return MODELS.get(name)
    registry = METRICS if field == "metrics" else _PARTS.get(field)
    if registry is None:
        raise RequestError(f"{field}: type {name} is not registered")
    return registry.get(name)
