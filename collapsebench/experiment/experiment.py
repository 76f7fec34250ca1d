"""Experiment: target, model, regime, curator, metrics and sizes of a self-consuming loop, as data."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Mapping
from typing import Any

import numpy as np

from collapsebench.experiment.given import target_of
from collapsebench.parts.checks import asking, build_part, check_dims, check_drawn, check_family, check_part
from collapsebench.parts.data import Handover
from collapsebench.specs import record
from collapsebench.specs.errors import RequestError, nearest, shown
from collapsebench.specs.names import short_name, spec_name
from collapsebench.specs.pytree import Unnamed, names_fields

_PARTS = ("target", "model", "regime", "curator")
_ALWAYS = ("name", "target", "model", "regime", "metrics", "n", "generations", "trajectories", "seed")
"""Fields that a record holds even at their default: without them a record would not tell what was run."""
_INT32 = 2**31 - 1
_SIZES = {
    "n": (1, 10**30), "generations": (1, 10**8), "trajectories": (1, _INT32), "seed": (0, 2**64 - 1),
    "holdout": (1, _INT32), "n_real": (1, 10**30), "width": (1, _INT32), "record": (2, _INT32),
}  # fmt: skip
"""Least and largest of whole numbers: those that index or count in a compiled program have 32 bits, and sizes that are
no more than weights stay well inside of float32."""


HOLDOUT = Unnamed(1024)


@names_fields
@dataclasses.dataclass(frozen=True)
class Experiment:
    """Specification of a self-consuming loop; parts are specs or registered names, a variant is `dataclasses.replace`.

    target: also a file of your own (.csv, .npy, .parquet, .jsonl, .txt), an array, or a table of pandas or polars.
    n: synthetic rows per generation. n_real: real rows at the start (None: n). holdout: real rows that only metrics
    see; if it is not named, 1024 or what a data set has. generations: fits, the first of them on real data. handover:
    "samples", "summary" or "population" (see `Handover`). warm_start: a fit starts from the last model instead of from
    init. curator: what weighs the synthetic rows (None: all alike). x64: float64 throughout. snapshots: generations
    whose draws are kept for pictures.
    width: trajectories in one vectorised pass (None: chosen from the memory at hand); part of the record, because
    float32 results depend on it in the fifth digit. host: one generation of one trajectory after another, a network's fit
    in pieces, for generations that last minutes (a model that is no JAX always runs so).
    record: how many generations are measured and held by the result, evenly spread from the first to the last (None: all).
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
        with asking(self.target):  # a target that reads a file is pinned to its rows, and may become one of their kind
            object.__setattr__(self, "target", self.target.pinned())
        self._check_together()
        self.check_parts()

    def _settle(self) -> None:
        """Bring the fields into their form. Raises RequestError for a value of a wrong type or size."""
        object.__setattr__(self, "target", target_of(self.target))
        for field in _PARTS:
            if (value := getattr(self, field)) is not None or field != "curator":
                object.__setattr__(self, field, build_part(field, value))
        metrics = self.metrics if isinstance(self.metrics, tuple | list) else (self.metrics,)
        object.__setattr__(self, "metrics", tuple(build_part("metrics", metric) for metric in metrics))
        snapshots = self.snapshots if isinstance(self.snapshots, tuple | list) else (self.snapshots,)
        if not all(isinstance(g, int | np.integer) and not isinstance(g, bool) for g in snapshots):
            raise RequestError(
                f"snapshots = {shown(self.snapshots)}: they must be whole numbers, generations from 0 on"
            )
        object.__setattr__(self, "snapshots", tuple(sorted(int(g) for g in snapshots)))
        self._check()

    def _check(self) -> None:
        if not isinstance(self.handover, str) or self.handover not in list(Handover):
            close = nearest(str(self.handover), Handover) if isinstance(self.handover, str) else ""
            raise RequestError(f"handover = {shown(self.handover)}: not one of {', '.join(Handover)}{close}")
        object.__setattr__(self, "handover", Handover(self.handover))
        for field, (least, most) in _SIZES.items():
            value = getattr(self, field)
            if value is None and field in ("n_real", "width", "record"):
                continue
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise RequestError(f"{field} = {shown(value)}: it must be a whole number of at least {least}")
            if value > most:
                raise RequestError(f"{field} = {shown(value)}: at most {most}")
        if not isinstance(self.name, str) or not self.name or not self.name.isprintable():
            raise RequestError(f"name = {shown(self.name)}: it must be a word of printable characters")
        for field in ("warm_start", "x64", "host"):
            if not isinstance(getattr(self, field), bool | np.bool_):
                raise RequestError(f"{field} = {shown(getattr(self, field))}: it must be True or False")
        if not self.metrics:
            raise RequestError("metrics = (): name at least one, for instance variance")
        if self.snapshots and not 0 <= self.snapshots[0] <= self.snapshots[-1] < self.generations:
            raise RequestError(f"snapshots = {shown(self.snapshots)}: generations run from 0 to {self.generations - 1}")
        for field in _PARTS:
            if (part := getattr(self, field)) is not None:
                with asking(part):
                    check_part(field, part)
        for metric in self.metrics:
            with asking(metric):
                check_part("metrics", metric)

    def _check_together(self) -> None:
        """Raise RequestError for parts of different sizes, and for sets of rows that cannot be drawn at once."""
        with asking(self.target), asking(self.model):
            check_dims(self.target, self.model)
        if self.handover.rows and max(self.n, self.n_real or 0) > _INT32:
            raise RequestError(f"n = {self.n}: at most 2**31 - 1 samples can be drawn; handover = summary has no limit")
        check_drawn("holdout", self.holdout, self.holdout, self.target)
        if self.handover.rows:
            check_drawn("n", self.n, max(self.n, self.n_real or 0), self.target)
        sets: dict[str, Any] = {}
        try:
            with asking(self.regime):
                sets["regime"] = self.regime.capacity(self.n, self.generations)
                sets["regime's fresh rows"] = self.regime.fresh_capacity(self.n)
        except OverflowError:
            sets["regime"] = float("inf")
        for field, rows in sets.items():
            if self.handover.rows or not rows < 1e30:
                check_drawn(field, self.regime, float(rows), self.target)

    def check_parts(self) -> None:
        """Raise RequestError where a part refuses the others, or lacks its data.

        Skipped when a record is read: that needs no data set, and its sizes are not trusted. A run checks again. Sizes of
        a model, and a holdout, that were not named become the data's.
        """
        with asking(self.target):
            most = self.target.held_out_rows() if isinstance(self.holdout, Unnamed) else None
        with asking(self.model):
            object.__setattr__(self, "model", self.model.suited(self.target))
        check_dims(self.target, self.model)
        if isinstance(self.holdout, Unnamed):
            object.__setattr__(self, "holdout", HOLDOUT if most is None else Unnamed(min(HOLDOUT, most)))
        for part in (self.target, self.model, self.regime, self.curator, *self.metrics):
            if part is not None:
                with asking(part):
                    part.check(self)
        check_family(self.target)
        check_family(self.model)
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
        if self.record is None or self.record >= self.generations:
            return np.arange(self.generations)
        kept = self.record
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
            made._check_together()
        return made

    def _repr_html_(self) -> str:
        """Table of the fields, for a notebook; those at their defaults are left out."""
        kept = [name for name in self.to_json({}) if name != "record" or self.record is not None]
        rows = "".join(f"<tr><td>{name}<td>{html.escape(shown(getattr(self, name)))}" for name in kept)
        return f"<table>{rows}</table>"

    @property
    def digest(self) -> str:
        """SHA-256 of the record, 16 digits: the same for the same experiment, on any machine."""
        return record.digest(self.to_json())
