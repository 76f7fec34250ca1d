"""Sweeps: many values of an experiment's fields; numbers are lanes of one program, shapes a loop."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping, Sized
from typing import Any

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.given import target_of
from collapsebench.parts.checks import build_part
from collapsebench.parts.target import Target
from collapsebench.specs import record
from collapsebench.specs.errors import RequestError, nearest, shown
from collapsebench.specs.names import FIELDS, NOUNS, short_name, spec_name
from collapsebench.specs.pytree import is_static

MOST = 100_000
"""Values of one field: each is checked by itself."""
_SHAPES_OF_RESULT = ("trajectories", "generations", "metrics", "name", "snapshots", "x64", "width")


@dataclasses.dataclass(frozen=True)
class Sweep:
    """An experiment and, for some of its fields (dotted paths), the values to run; every combination is run.

    A value may be a number or a whole part (`{"regime": [Replace(), Accumulate()]}`). Trajectory i sees the same
    random numbers at every point, so points can be compared pair by pair.
    Raises RequestError for a field that is not there, or that would change the shape of the result.
    """

    experiment: Experiment
    values: dict[str, Any]

    def __post_init__(self) -> None:
        check_experiment("sweep", self.experiment)
        if not isinstance(self.values, Mapping):
            raise RequestError(f"sweep = {shown(self.values)}: it must be a dict of fields and their values")
        for path, values in self.values.items():
            if not isinstance(path, str):
                raise RequestError(f"sweep = {shown(path)}: a field is named by a word, such as 'model.dim'")
            if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
                raise RequestError(f"sweep = {path}: {shown(values)} is one value; give a list of them")
            if not isinstance(values, Sized) or (isinstance(values, np.ndarray) and values.ndim != 1):
                raise RequestError(f"sweep = {path}: {shown(values)} has no length; give a list of values")
            if len(values) > MOST:
                raise RequestError(f"sweep = {path}: {len(values)} values; at most {MOST}")
        object.__setattr__(self, "values", {path: tuple(values) for path, values in self.values.items()})
        for path, values in self.values.items():
            if path.split(".")[0] in _SHAPES_OF_RESULT:
                raise RequestError(
                    f"sweep = {path}: it would change the result's shape; run it as experiments of its own"
                )
            if not values:
                raise RequestError(f"sweep = {path}: it has no values")
            for value in values:
                set_field(self.experiment, path, value)

    @property
    def size(self) -> int:
        """Number of points: combinations of the values."""
        return int(np.prod([len(values) for values in self.values.values()]))

    @property
    def digest(self) -> str:
        """SHA-256 of the records of the experiment and of the values, 16 digits."""
        return record.digest([self.experiment.to_json(), self.values_json()])

    def values_json(self, arrays: dict[str, bytes] | None = None) -> dict[str, list[Any]]:
        """The records of the values by path; the bytes of large arrays are added to `arrays`, as by `to_json`."""
        return {
            path: [record.encode(value, arrays, path.split(".")[-1]) for value in values]
            for path, values in self.values.items()
        }


def check_experiment(what: str, experiment: object) -> None:
    """Raise RequestError for what is no Experiment. what: the name of the function that takes it."""
    if not isinstance(experiment, Experiment):
        raise RequestError(f"{what}: it takes an Experiment, not a value of type {type(experiment).__name__}")


def set_field(experiment: Experiment, path: str, value: Any) -> Experiment:
    """The experiment with one field, named by a dotted path (`model.bandwidth`), replaced.

    Raises RequestError, with the nearest name, when there is no such field.
    """
    return _set(experiment, path.split("."), value, path)


def set_fields(experiment: Experiment, values: dict[str, Any]) -> Experiment:
    """The experiment with several fields replaced together, in order; only the result must be valid.

    Raises RequestError as `set_field` does, and where the fields do not go together.
    """
    whole: dict[str, Any] = {}
    for path, value in values.items():
        head, *rest = path.split(".")
        _check_name(experiment, head, path)
        if rest:
            part = whole.get(head, getattr(experiment, head))
            part = target_of(part) if head == "target" else part
            part = build_part(head, part) if head in FIELDS and isinstance(part, str) else part
            value = _set(part, rest, value, path)
        whole[head] = value
    return dataclasses.replace(experiment, **whole)


def _set(part: Any, path: list[str], value: object, whole: str) -> Any:
    if not dataclasses.is_dataclass(part) or isinstance(part, type):
        raise RequestError(f"{whole}: {whole.split('.')[0]} = {shown(part)} has no fields")
    _check_name(part, path[0], whole)
    if len(path) > 1:
        value = _set(getattr(part, path[0]), path[1:], value, whole)
    return dataclasses.replace(part.unpinned() if isinstance(part, Target) else part, **{path[0]: value})


def _check_name(part: Any, name: str, whole: str) -> None:
    names = [field.name for field in dataclasses.fields(part)]
    if name not in names and not names:
        raise RequestError(f"{whole}: {spec_name(part)} has no fields{_elsewhere(whole, name)}")
    if name not in names:
        owner = "" if isinstance(part, Experiment) else f" of {spec_name(part)}"
        raise RequestError(f"{whole}: no such field{owner}; there are {', '.join(names)}{nearest(name, names)}")


def _elsewhere(path: str, name: str) -> str:
    """Which registered parts of the noun have a field of that name, or of the nearest one."""
    registry = NOUNS[FIELDS[path.split(".")[0]]]
    fields = {own: [field.name for field in dataclasses.fields(registry.get(own))] for own in registry.own_names()}
    known = sorted({field for names in fields.values() for field in names})
    field = name if name in known else next(iter(difflib.get_close_matches(name, known, 1)), None)
    return "" if field is None else f"; {', '.join(own for own, names in fields.items() if field in names)} has {field}"


def is_leaf(experiment: Experiment, path: str, values: tuple[Any, ...]) -> bool:
    """Whether the field is a traced number, so that all its values are one compiled program."""
    if not all(isinstance(value, bool | int | float | np.number) for value in values):
        return False
    head, *rest = path.split(".")
    if head in ("n", "n_real") and not rest:
        same_real = head == "n_real" or experiment.n_real is not None
        return not experiment.handover.rows and (same_real or head == "n")
    if not rest or head not in ("target", "model", "regime", "curator"):
        return False
    part = getattr(experiment, head)
    if part.prepares:
        return False
    for name in rest[:-1]:  # a number of a part within a part, as `regime.after.real_fraction`
        if is_static(type(part), name):
            return False
        part = vars(part).get(name)
    return dataclasses.is_dataclass(part) and not is_static(type(part), rest[-1])


def label(value: Any) -> Any:
    """Coordinate of a swept value: the value itself if a number or a word, else `part_label` of it."""
    return value if isinstance(value, bool | int | float | str | np.number) else part_label(value)


def part_label(part: Any) -> str:
    """A short name for a part: its registered name, and the fields that are not at their defaults."""
    if not dataclasses.is_dataclass(part):
        return str(part)
    fields = dataclasses.fields(part)
    changed = [
        f"{f.name}={getattr(part, f.name)}" for f in fields if f.init and _differs(getattr(part, f.name), f.default)
    ]
    return short_name(part) + (f"({', '.join(changed)})" if changed else "")


def _differs(value: object, default: object) -> bool:
    return value is not default and (not isinstance(value, bool | int | float | str) or value != default)
