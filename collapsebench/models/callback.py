"""Callback: a model of plain Python functions of NumPy arrays, for generators that are not JAX."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from collapsebench.engine.calls import in_process, within
from collapsebench.parts.data import Batch, Kind
from collapsebench.parts.model import Model
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError, counted, nearest, printable
from collapsebench.specs.pytree import Key, spec, static


@dataclasses.dataclass(frozen=True)
class Functions:
    """The functions of a Callback; `log_prob`, `save` and `load` may be None."""

    fit: Callable[..., Any]
    sample: Callable[..., Any]
    log_prob: Callable[..., Any] | None = None
    save: Callable[[Any], bytes] | None = None
    load: Callable[[bytes], Any] | None = None


class Fitted:
    """Parameters that a user's `fit` has returned, whatever they are: one leaf of the state."""

    def __init__(self, value: Any) -> None:
        self.value = value


@spec
class Callback(Model):
    """A model of functions of NumPy arrays: scikit-learn, PyTorch, a simulator, a program on the command line.

    fit(rows, weights, rng) -> params, any object; with an argument `start` it gets the last parameters under warm_start
    (else None). sample(params, n, rng) -> n rows like the target's. log_prob(params, rows) -> [n] in nats; without it
    metrics that need a density are refused, and the others compare rows. rng: numpy.random.Generator, derived from
    (seed, trajectory, stream, generation). rows [n, dim]: float32, or float64 with x64; by kind also int32 [n] (count,
    symbol) or {"x": [n, dim], "y": [n]} (labelled). weights [n], all positive.

    name: what the record calls it; it may be left out where `fit` is a function of a module. workers: trajectories side
    by side, in threads, or with `processes` every call in one of so many processes (functions of a module, parameters
    that can be pickled). timeout: seconds after which a call has failed. save(params) -> bytes and load(bytes) -> params
    are needed only to resume a run that goes on from parameters: warm_start, or a regime with several models.
    """

    name: str = static("")
    kind: str = static("vector")
    workers: int = static(1, recorded=False)
    processes: bool = static(False, recorded=False)
    timeout: float | None = static(None, recorded=False)
    functions: Functions | None = static(None, recorded=False)

    hosted: ClassVar[bool] = True
    finite_only: ClassVar[bool] = True

    def __init__(
        self, fit: Callable[..., Any] | None = None, sample: Callable[..., Any] | None = None,
        log_prob: Callable[..., Any] | None = None, *, name: str = "", save: Callable[[Any], bytes] | None = None,
        load: Callable[[bytes], Any] | None = None, kind: str = "vector", workers: int = 1, processes: bool = False,
        timeout: float | None = None, functions: Functions | None = None,
    ) -> None:  # fmt: skip
        if functions is None and (fit is not None or sample is not None):
            functions = _checked(fit, sample, log_prob, save, load)
        if functions is not None and not name:
            name = _address(functions.fit)
        values = {
            "name": name, "kind": kind, "workers": workers, "processes": processes, "timeout": timeout,
            "functions": functions,
        }  # fmt: skip
        for field, value in values.items():
            object.__setattr__(self, field, value)
        self._check_options()

    def _check_options(self) -> None:
        if not isinstance(self.name, str):
            raise RequestError(f"name = {self.name!r}: it must be a word")
        if self.kind not in list(Kind):
            raise RequestError(f"kind = {self.kind}: not one of {', '.join(Kind)}{nearest(str(self.kind), Kind)}")
        if not isinstance(self.workers, int | np.integer) or isinstance(self.workers, bool) or self.workers < 1:
            raise RequestError(f"workers = {self.workers!r}: it must be a whole number of at least 1")
        if self.timeout is not None and (not isinstance(self.timeout, int | float) or not self.timeout > 0):
            raise RequestError(f"timeout = {self.timeout!r}: it must be a positive number of seconds")

    def check(self, experiment: Setting) -> None:
        """Raise RequestError without functions, or for an experiment that needs more than rows."""
        functions = self.functions
        if functions is None:
            raise self.refuse(
                f"no record holds the functions of {self.name or 'a Callback'}; make it again with "
                "cb.models.Callback(fit, sample, name=...)"
            )
        if not experiment.handover.rows:
            raise RequestError(f"handover = {experiment.handover}: a Callback draws rows; use samples")
        if experiment.warm_start and not _takes(functions.fit, "start"):
            raise RequestError("warm_start = True: fit must take an argument `start`, the last parameters")

    @property
    def saves(self) -> bool:  # type: ignore[override]
        """Whether `save` and `load` were given."""
        return self.functions is not None and self.functions.save is not None

    @property
    def has_density(self) -> bool:  # type: ignore[override]
        """Whether `log_prob` was given."""
        return self.functions is not None and self.functions.log_prob is not None

    def init(self, key: Key) -> PyTree:
        return ()

    def fit(self, key: Key, params: PyTree, data: Batch) -> Fitted:
        w = np.asarray(data.w)
        rows, weights = _numpy(jax.tree.map(lambda a: np.asarray(a)[w > 0], data.x)), w[w > 0]
        start = {"start": params.value if isinstance(params, Fitted) else None}
        more = start if _takes(self._given().fit, "start") else {}
        return Fitted(self._call("fit", rows, weights, _generator(key), **more))

    def sample(self, key: Key, params: Fitted, n: int) -> PyTree:
        made = self._call("sample", params.value, int(n), _generator(key))
        return jax.tree.map(lambda a: self._drawn(a, n), made)

    def _drawn(self, a: Any, n: int) -> Array:
        array = np.asarray(a)
        if array.dtype.kind not in "fiub":
            raise self.refuse(f"sample gives {_what(a)}, not rows of numbers")
        if array.shape[:1] != (n,):
            raise self.refuse(f"sample gives shape {array.shape} for {counted(n, 'row')}")
        if not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(array))[0][0])
            raise self.refuse(f"sample gives {array[row].ravel()[~np.isfinite(array[row].ravel())][0]} in row {row}")
        return jnp.asarray(array, jnp.int32 if self.kind == Kind.SYMBOL else jnp.result_type(float))

    def log_prob(self, params: Fitted, x: PyTree) -> Float[Array, " n"]:
        if not self.has_density:
            raise self.refuse("it has no log_prob")
        rows = jax.tree.leaves(x)[0].shape[0]
        density = np.asarray(self._call("log_prob", params.value, _numpy(x)))
        if density.shape != (rows,) or density.dtype.kind not in "fi":
            raise self.refuse(f"log_prob gives shape {density.shape} for {counted(rows, 'row')}")
        return jnp.asarray(density, jnp.result_type(float))

    def pack(self, params: PyTree) -> PyTree:
        if not self.saves:
            return ()
        if not isinstance(params, Fitted):
            return np.zeros(0, np.uint8)
        data = self._call("save", params.value)
        if not isinstance(data, bytes | bytearray | memoryview):
            raise self.refuse(f"save gives {_what(data)}, not bytes")
        return np.frombuffer(data, np.uint8)

    def unpack(self, packed: PyTree) -> PyTree:
        return Fitted(self._call("load", bytes(packed))) if self.saves and len(packed) else None

    def _given(self) -> Functions:
        assert self.functions is not None, "checked before a run"
        return self.functions

    def _call(self, what: str, *arguments: Any, **more: Any) -> Any:
        """The answer of one of the functions. Raises RequestError, one line, where it raises or does not answer."""
        function = getattr(self._given(), what)
        try:
            if self.processes:
                return in_process(self.workers, self.timeout, function, *arguments, **more)
            return within(self.timeout, function, *arguments, **more)
        except TimeoutError:
            raise self.refuse(f"{what} has not answered within {self.timeout:g} s") from None
        except RequestError:
            raise
        except Exception as error:
            said = error.stderr if isinstance(error, subprocess.CalledProcessError) else None
            last = f": {str(said).strip().splitlines()[-1]}" if said and str(said).strip() else ""
            raise self.refuse(printable(f"{what} raised {type(error).__name__}: {error}{last}")) from error

    def refuse(self, why: str) -> RequestError:
        return RequestError(f"model = callback {self.name}: {why}")


def _checked(fit: Any, sample: Any, log_prob: Any, save: Any, load: Any) -> Functions:
    for name, function, needed in (
        ("fit", fit, True), ("sample", sample, True), ("log_prob", log_prob, False), ("save", save, load is not None),
        ("load", load, save is not None),
    ):  # fmt: skip
        if not callable(function) and (needed or function is not None):
            raise RequestError(f"{name} = {function!r}: a Callback needs a function here")
    return Functions(fit, sample, log_prob, save, load)


def _address(function: Any) -> str:
    """`module:name` of a function of a module. Raises RequestError for others, which one name would not tell apart."""
    name = f"{getattr(function, '__module__', None)}:{getattr(function, '__qualname__', '<object>')}"
    if "<" in name or name.startswith(("__main__", "None")):
        raise RequestError(
            f"name: {name} tells no two functions apart; give name=..., the name of this model in results"
        )
    return name


@cache
def _takes(function: Any, argument: str) -> bool:
    try:
        return argument in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _generator(key: Key) -> np.random.Generator:
    return np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())


def _numpy(x: PyTree) -> PyTree:
    return jax.tree.map(np.array, x)  # copies: a function may change its rows


def _what(value: object) -> str:
    return f"a value of type {type(value).__name__}"
