"""Checkpoints: what runs have measured and where they stand, saved at the ends of blocks, so that they can go on.

A folder holds one request of a user, which may be many runs (a sweep's shapes, the arms of an ablation, the experiments
of a paper). Each run has two files there: a log, to which its numbers are appended, and a safetensors file with its
cursor, its snapshots and the SHA-256 of both, which replaces the one before. Neither imports, calls or unpickles anything.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import jax
import numpy as np

from collapsebench.engine.cursor import Cursor, Lanes
from collapsebench.engine.host import Host
from collapsebench.engine.loop import Compiled
from collapsebench.engine.plan import Plan
from collapsebench.maths.streams import fingerprint
from collapsebench.runs.columns import Columns
from collapsebench.runs.results import commit, versions
from collapsebench.specs import files
from collapsebench.specs.errors import RequestError, printable

SHARE = 0.025
"""Share of a run's time that saving it may take."""
GUESS = 0.01, 2e8
"""Seconds of a save that moves nothing, and bytes a second, before the first one was timed."""
_HEAD = struct.Struct("<4q")
"""Before each entry of a log: first and last lane and generation of its numbers."""
_NOW: ContextVar[Folder | None] = ContextVar("checkpoints", default=None)


def _tell(message: str) -> None:
    print(f"collapsebench: {message}", file=sys.stderr)


@contextlib.contextmanager
def checkpoints(folder: str | Path, *, resume: bool = True, tell: Callable[[str], None] = _tell) -> Iterator[None]:
    """Context in which every run saves where it stands below `folder`, and goes on from what an earlier one saved there.

    The folder is removed when the context ends without an error; after a stop, a crash or a kill the same calls go on to
    the same bits, and what was finished is not run again. Within it Ctrl-C and SIGTERM stop a run at the end of a block.
    resume: False starts anew. tell: is given each note, one line (None of them is an error).
    While another process works in the folder, this one neither reads nor saves. A run raises RequestError, one line, for
    a checkpoint that is damaged, or of another version, device, or random stream: finish it there, or resume=False.
    """
    path = Path(folder)
    with _locked(path) as mine:
        if not mine:
            tell(f"{path}: another process is at work on the same request; this one keeps no checkpoint")
            yield
            return
        if not resume:
            _empty(path)
        token = _NOW.set(Folder(path, tell))
        try:
            with files.scratch(path):
                yield
            _empty(path)
        finally:
            _NOW.reset(token)
            with contextlib.suppress(OSError):  # what is there is kept, with its folder
                path.rmdir()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Context with the folder locked: False where another process has it. The lock ends with the process."""
    while True:
        path.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:  # its owner has just finished, and removed it
            continue
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            with contextlib.suppress(FileNotFoundError):
                if os.fstat(handle).st_ino == os.stat(path).st_ino:
                    yield True
                    return
        finally:
            os.close(handle)


def _empty(path: Path) -> None:
    for entry in list(os.scandir(path)):
        if entry.name.endswith((".log", ".safetensors")) or entry.name.startswith(".collapsebench-"):
            os.unlink(entry.path)


@dataclasses.dataclass
class Folder:
    """The folder of a request's checkpoints. `tell` is given notes."""

    path: Path
    tell: Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Saved:
    """What a checkpoint holds beside its log: sizes of the run, where it stands, and the seconds it has taken."""

    plan: Plan
    cursor: Cursor
    seconds: float


def checkpoint_of(request: Mapping[str, Any], lanes: Lanes) -> Checkpoint | None:
    """The checkpoint of a run in the folder of the context; None outside of `checkpoints`.

    request: JSON data that tell it from every other run.
    """
    folder = _NOW.get()
    return None if folder is None else Checkpoint(folder, request, lanes)


class Checkpoint:
    """The checkpoint of one run: `load` what is saved, then `keep` after each block."""

    def __init__(self, folder: Folder, request: Mapping[str, Any], lanes: Lanes) -> None:
        text = json.dumps(request, sort_keys=True)
        self._stem = folder.path / hashlib.sha256(text.encode()).hexdigest()[:24]
        self._folder, self._lanes = folder, lanes
        self._machine = _machine(lanes)
        self._hash, self._length = hashlib.sha256(), 0
        self._pending: list[tuple[slice, slice]] = []
        self._last, self._cost = time.monotonic(), 0.0
        self._begun, self._before = time.monotonic(), 0.0
        self._works = True

    @property
    def _log(self) -> Path:
        return self._stem.with_suffix(".log")

    @property
    def _file(self) -> Path:
        return self._stem.with_suffix(".safetensors")

    # --- reading ----------------------------------------------------------------------------------------------------

    def load(self, engine: Compiled | Host, columns: Columns) -> Saved | None:
        """What is saved of the run, its numbers and snapshots filled into `columns`; None where there is nothing.

        Raises RequestError for a checkpoint that is damaged, or was written elsewhere than by what runs now.
        """
        if not self._file.exists():
            return None
        arrays, about = self._read()
        if found := _difference(about.get("machine", {}), self._machine):
            raise RequestError(f"checkpoint = {self._file}: {found}; finish it there, or start anew with --no-resume")
        with self._reading():
            plan = Plan(**{name: int(size) for name, size in about["plan"].items()})
            self._replay(columns, int(about["log_bytes"]), str(about["log_sha256"]))
            for name, array in arrays.items():
                kind, _, rest = name.partition(":")
                if kind == "snapshot":
                    generation, _, leaf = rest.partition(":")
                    columns.snapshots.setdefault(int(generation), {})[leaf] = array
            state = {name.removeprefix("cursor:"): a for name, a in arrays.items() if name.startswith("cursor:")}
            cursor = Cursor(int(state["lane"]), int(state["generation"]))
            if state.keys() > {"lane", "generation"}:
                cursor = Cursor.from_arrays(state, engine.full(plan), self._lanes.program)
            self._before = float(about["seconds"])
        return Saved(plan, cursor, self._before)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:
            why = printable(str(error) or type(error).__name__, 120)
            raise RequestError(
                f"checkpoint = {self._file}: it is damaged ({why}); start anew with --no-resume"
            ) from error

    def _read(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        from safetensors import safe_open

        with self._reading(), safe_open(self._file, "np") as file:
            told = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if told.get("sha256") != _digest(arrays, told.get("about", "")):
                raise ValueError("its SHA-256 is another")
            about = json.loads(told["about"])
        return arrays, about

    def _replay(self, columns: Columns, length: int, digest: str) -> None:
        """Fill in the numbers of the log, and cut off what was appended after the cursor was saved."""
        count, dtype = len(columns.values), columns.values.dtype
        with self._log.open("rb+") as log:
            found = hashlib.sha256()
            while log.tell() < length:
                found.update(head := log.read(_HEAD.size))
                low, high, start, stop = _HEAD.unpack(head)
                where = columns.where(slice(start, stop))
                shape = (count, high - low, where.stop - where.start)
                found.update(raw := log.read(int(np.prod(shape, dtype=np.int64)) * dtype.itemsize))
                columns.fill(slice(low, high), slice(start, stop), np.frombuffer(raw, dtype).reshape(shape))
            if log.tell() != length or found.hexdigest() != digest:
                raise ValueError("the SHA-256 of its log is another")
            log.truncate()
        self._hash, self._length = found, length

    # --- writing ----------------------------------------------------------------------------------------------------

    def keep(
        self, columns: Columns, plan: Plan, lanes: slice, generations: slice, cursor: Cursor, now: bool = False
    ) -> None:
        """Take note of a block that `columns` holds, and save all if enough time has passed since the last save.

        now: save in any case. Where nothing can be written the run goes on without a checkpoint, and a note says so.
        """
        if not self._works:
            return
        self._pending.append((lanes, generations))
        waited = time.monotonic() - self._last
        if not now and waited * SHARE < self._expected(columns, cursor):
            return
        begun = time.monotonic()
        try:
            self._save(columns, plan, cursor)
        except (OSError, RequestError) as error:
            self._works = False
            why = str(error) if isinstance(error, RequestError) else error.strerror or str(error)
            self._folder.tell(f"{self._folder.path}: no checkpoint can be kept ({why}); the run goes on")
        self._last = time.monotonic()
        self._cost = self._last - begun

    def _expected(self, columns: Columns, cursor: Cursor) -> float:
        """Seconds that a save should take now."""
        fixed, rate = GUESS
        numbers = sum((lanes.stop - lanes.start) * (where.stop - where.start) * len(columns.values)
                      for lanes, generations in self._pending for where in [columns.where(generations)])  # fmt: skip
        state = sum(leaf.nbytes for leaf in jax.tree.leaves((cursor.state, cursor.fit)) if hasattr(leaf, "nbytes"))
        return max(self._cost, fixed + (numbers * columns.values.dtype.itemsize + state) / rate)

    def _save(self, columns: Columns, plan: Plan, cursor: Cursor) -> None:
        from safetensors.numpy import save_file

        arrays = {
            f"cursor:{name}": np.asarray(a, order="C") for name, a in cursor.to_arrays(self._lanes.program).items()
        }
        for generation, leaves in columns.snapshots.items():
            arrays |= {f"snapshot:{generation}:{leaf}": np.asarray(a, order="C") for leaf, a in leaves.items()}
        found, length = self._hash.copy(), self._length
        with self._log.open("rb+" if self._length else "wb") as log:
            log.seek(length)
            log.truncate()
            for lanes, generations in self._pending:
                numbers = columns.values[:, lanes, columns.where(generations)]
                head = _HEAD.pack(lanes.start, lanes.stop, generations.start, generations.stop)
                for raw in (head, np.ascontiguousarray(numbers).data.cast("B") if numbers.size else b""):
                    found.update(raw)
                    log.write(raw)
            length = log.tell()
            log.flush()
            os.fsync(log.fileno())
        seconds = self._before + time.monotonic() - self._begun
        about = json.dumps(
            {"machine": self._machine, "plan": dataclasses.asdict(plan), "log_bytes": length,
             "log_sha256": found.hexdigest(), "seconds": seconds}
        )  # fmt: skip
        with files.whole(self._file) as unfinished:
            save_file(arrays, unfinished, {"about": about, "sha256": _digest(arrays, about)})
        self._hash, self._length, self._pending = found, length, []


def _digest(arrays: Mapping[str, np.ndarray], about: str) -> str:
    found = hashlib.sha256(about.encode())
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        found.update(f"{name} {array.dtype} {array.shape}".encode())
        found.update(array.reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def _machine(lanes: Lanes) -> dict[str, str]:
    """All that the bits of a run follow from, beside its request."""
    found = versions()
    device, config = jax.devices()[0], jax.config
    return {
        **{name: found[name] for name in ("collapsebench", "jax", "jaxlib", "numpy")},
        "commit": commit(), "device": device.device_kind, "devices": str(jax.local_device_count()),
        "matmul precision": str(getattr(config, "jax_default_matmul_precision", None)),  # no attribute of its type
        "random stream": fingerprint(lanes.root),
    }  # fmt: skip


def _difference(old: Any, new: Mapping[str, str]) -> str:
    """The first thing in which a checkpoint's machine is not this one, as a phrase; empty where there is none."""
    old = old if isinstance(old, dict) else {}
    for name, value in new.items():
        if (other := printable(str(old.get(name)), 60)) != value:
            return f"its {name} is {other}, and here it is {value}"
    return ""
