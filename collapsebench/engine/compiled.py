"""Compiled programs outlive the process: in JAX's cache, and whole loops so that they are found without being traced.

JAX's own cache keeps what XLA made, but is asked by the program's text, and that text has to be traced anew: most of
the time to a first result. Here a loop is asked for by everything its text follows from: this package's source, the
versions, the settings, the devices, and the classes, static fields and shapes of its arguments. A loop for which that
is not all (a class from elsewhere, a function in a field) is not kept.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import hashlib
import importlib.metadata
import os
import pickle
import platform
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
from jax.experimental import serialize_executable
from jax.experimental.compilation_cache import compilation_cache

FOUND = "/collapsebench/loop_found"
"""What jax.monitoring is told when a kept program is read."""
MOST = 2048
"""Files that are kept; beyond that the ones that were not used for longest are deleted."""
_PLAIN = (str, int, float, complex, bool, type(None), enum.Enum, jax.Array)
_SHARDING = {"Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape"}


class _Store:
    """The folder, and what this process has found in it; no folder: nothing is kept."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.found: dict[str, Any] = {}


_store = _Store()


def program_folder() -> Path:
    """Where compiled programs are kept between processes, below the user's cache folder.

    One folder per kind of processor: what was compiled for one may stop another, and homes are shared.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "collapsebench" / f"programs-{_processor()}"


@functools.cache
def _processor() -> str:
    """Digest of the instructions that this machine's processor has."""
    try:
        flags = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags"))
    except (OSError, StopIteration):
        flags = platform.processor()
    return hashlib.sha256(f"{platform.machine()} {flags}".encode()).hexdigest()[:12]


@contextlib.contextmanager
def kept(folder: Path | None = None) -> Iterator[None]:
    """Keep what is compiled inside: whole loops in `folder`, by default where JAX keeps its programs.

    JAX keeps them in `program_folder()`, unless JAX_COMPILATION_CACHE_DIR says where. Where its compilation cache is
    switched off nothing is kept.
    """
    config: Any = jax.config
    if config.jax_compilation_cache_dir is None:
        config.update("jax_compilation_cache_dir", str(program_folder()))
        config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    before = _store.folder, _store.found
    chosen = folder or Path(config.jax_compilation_cache_dir)
    _store.folder, _store.found = chosen if config.jax_enable_compilation_cache else None, {}
    try:
        yield
    finally:
        _store.folder, _store.found = before


class Loop:
    """A function that jit compiles; inside `kept()` at most once in all processes, and the numbers are the same."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        functools.update_wrapper(self, function)
        self._function, self._options = function, options
        self._jitted = jax.jit(function, **options)

    def __call__(self, *arguments: Any, **static: Any) -> Any:
        where = _where(self._function, arguments, static)
        if where is None:
            return self._jitted(*arguments, **static)

        def make() -> Any:
            return self._compiled(where, arguments, static)

        def load(kept: Any) -> Any:
            program, result = kept
            takes, gives = jax.tree.structure((arguments, {})), jax.tree.structure(result)
            return serialize_executable.deserialize_and_load(program, takes, gives)

        return _recall(where, make, load)(*arguments)

    def _compiled(self, where: Path, arguments: tuple[Any, ...], static: dict[str, Any]) -> Any:
        """The executable, compiled for this purpose: one that JAX had from its cache cannot be written a second time."""

        @functools.wraps(self._function)
        def anew(*arguments: Any, **static: Any) -> Any:
            return self._function(*arguments, **static)

        lowered = jax.jit(anew, **self._options).lower(*arguments, **static)
        if not _alone(lowered.as_text()):
            return lowered.compile()
        with without_cache():
            program = lowered.compile()
        _write(where, lambda: (serialize_executable.serialize(program)[0], jax.tree.map(lambda _: 0, program.out_info)))
        return program

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jitted, name)


def loop(**options: Any) -> Callable[[Callable[..., Any]], Loop]:
    """Decorator: `jax.jit` with these options, and kept. Static arguments are given by name."""
    return functools.partial(Loop, **options)


def once(function: Callable[..., Any], *arguments: Any) -> Any:
    """`function(*arguments)` of a function whose result follows from its arguments' classes and shapes: kept."""
    where = _where(function, arguments, {})

    def make() -> Any:
        value = function(*arguments)
        if where is not None:
            _write(where, lambda: value)
        return value

    return _recall(where, make, lambda kept: kept)


@contextlib.contextmanager
def without_cache() -> Iterator[None]:
    """No program is taken from JAX's cache inside: a compile time is one, and an executable can be written.

    The flag alone does not do it: whether the cache is in use is remembered from the first look.
    """
    config: Any = jax.config
    before = config.jax_enable_compilation_cache
    config.update("jax_enable_compilation_cache", False)
    compilation_cache.reset_cache()
    try:
        yield
    finally:
        config.update("jax_enable_compilation_cache", before)
        compilation_cache.reset_cache()


def _recall(where: Path | None, make: Callable[[], Any], load: Callable[[Any], Any]) -> Any:
    """What is kept at `where`, or what is made."""
    if where is None:
        return make()
    if where.name not in _store.found:
        found = _read(where, load)
        _store.found[where.name] = make() if found is None else found
    return _store.found[where.name]


def _read(where: Path, load: Callable[[Any], Any]) -> Any:
    """What is kept, or None; a file that cannot be read is as good as none."""
    try:
        found = load(pickle.loads(where.read_bytes()))
        os.utime(where)
    except Exception:
        return None
    jax.monitoring.record_event(FOUND)
    return found


def _write(where: Path, make: Callable[[], Any]) -> None:
    """Keep what `make` returns, whole or not at all, for two processes may write the same file.

    A full disk, or a backend that cannot write its programs, costs speed and no more.
    """
    partial = where.with_name(f"{where.name}.{os.getpid()}")
    with contextlib.suppress(Exception):
        where.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(pickle.dumps(make()))
        partial.replace(where)
        files = sorted(where.parent.glob("*.loop"), key=lambda path: path.stat().st_mtime)
        for old in files[:-MOST]:
            old.unlink()
    with contextlib.suppress(OSError):
        partial.unlink()


def _alone(text: str) -> bool:
    """Whether a program calls nothing that its lowering has to set up first, as LAPACK's routines are."""
    return set(re.findall(r"custom_call @([\w.$]+)", text)) <= _SHARDING


def _where(function: Any, arguments: Any, static: dict[str, Any]) -> Path | None:
    if _store.folder is None or not ours(arguments):
        return None
    leaves, structure = jax.tree.flatten(arguments)
    kinds = [(leaf.shape, str(leaf.dtype), bool(getattr(leaf, "weak_type", False))) for leaf in leaves]
    text = repr((function.__module__, function.__qualname__, structure, kinds, sorted(static.items()), _surroundings()))
    return _store.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.loop"


def ours(value: Any) -> bool:
    """Whether a value is made of this package's classes and of plain ones, so that its source says what it does."""
    if dataclasses.is_dataclass(value):
        mine = type(value).__module__.split(".")[0] == __package__
        return mine and all(ours(getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, dict):
        return all(ours(part) for part in value.values())
    if isinstance(value, tuple | list):
        return all(ours(part) for part in value)
    return isinstance(value, _PLAIN) or type(value).__module__ == "numpy"


def _surroundings() -> Any:
    """What a program depends on beside its arguments: source, versions, settings, devices."""
    config: Any = jax.config
    settings = sorted((name, str(getattr(config, name, None))) for name in config.values)
    flags = [os.environ.get(name) for name in ("XLA_FLAGS", "LIBTPU_INIT_ARGS")]
    devices = [_processor(), *((device.id, device.device_kind) for device in jax.local_devices())]
    return _source(), _versions(), jax.local_devices()[0].client.platform_version, settings, flags, devices


@functools.cache
def _versions() -> tuple[str, ...]:
    """Of the packages that the loops are written with."""
    return tuple(importlib.metadata.version(package) for package in ("jax", "jaxlib", "flax", "optax", "numpy"))


@functools.cache
def _source() -> str:
    """Digest of the package's source."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
