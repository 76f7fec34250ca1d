"""Files of one run in a folder of checkpoints: a log, to which its numbers are appended, and the cursor's file."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shutil
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from collapsebench.engine.cursor import Block, Cursor, Lanes
from collapsebench.engine.host import Host
from collapsebench.engine.loop import Compiled
from collapsebench.engine.plan import Plan
from collapsebench.maths.streams import fingerprint
from collapsebench.runs.columns import Columns
from collapsebench.runs.results import commit, versions
from collapsebench.specs import files
from collapsebench.specs.errors import RequestError, printable

if TYPE_CHECKING:
    from collapsebench.runs.checkpoints import Folder

SHARE = 0.025
"""Share of a run's time that saving it may take."""
GUESS = 0.01, 2e8
"""Seconds of a save that moves nothing, and bytes a second, before the first one was timed."""
_HEAD = struct.Struct("<4q")
"""Before each entry of a log: first and last lane and generation of its numbers."""
_NAMED = re.compile(r"[0-9a-f]+-(\d+)x(\d+)\.safetensors")


@dataclasses.dataclass(frozen=True)
class Saved:
    """What a checkpoint holds beside its log: sizes of the run, where it stands, and the seconds it has taken."""

    plan: Plan
    cursor: Cursor
    seconds: float


class Checkpoint:
    """The checkpoint of one run: `load` what is saved, then `keep` after each block."""

    def __init__(self, folder: Folder, request: Mapping[str, object], lanes: Lanes) -> None:
        text = json.dumps(request, sort_keys=True)
        self._name = hashlib.sha256(text.encode()).hexdigest()[:24]
        self._folder, self._lanes = folder, lanes
        self._size = lanes.program.generations, len(lanes)
        self._log, self._file = self._paths(self._size)
        folder.used |= {self._log, self._file}
        self._machine = _machine(lanes)
        self._hash, self._length = hashlib.sha256(), 0
        self._pending: list[tuple[slice, slice]] = []
        self._last, self._cost = time.monotonic(), 0.0
        self._begun, self._before = time.monotonic(), 0.0
        self._works = True

    def _paths(self, size: tuple[int, int]) -> tuple[Path, Path]:
        """The log and the cursor's file of the run with so many generations and lanes."""
        stem = self._folder.path / f"{self._name}-{size[0]}x{size[1]}"
        return stem.with_suffix(".log"), stem.with_suffix(".safetensors")

    def _found(self) -> tuple[int, int] | None:
        """Generations and lanes of what is saved: the same run, or the largest with fewer of one of the two."""
        names = (_NAMED.fullmatch(path.name) for path in self._folder.path.glob(f"{self._name}-*.safetensors"))
        sizes = [(int(name[1]), int(name[2])) for name in names if name]
        most, lanes = self._size
        fit = [(g, n) for g, n in sizes if (g == most and n <= lanes) or (n == lanes and g < most)]
        return max(fit, default=None)

    # --- reading ----------------------------------------------------------------------------------------------------

    def load(self, engine: Compiled | Host, columns: Columns) -> Saved | None:
        """What is saved of the run, its numbers and snapshots filled into `columns`; None where there is nothing.

        Raises RequestError for a checkpoint that is damaged, or was written elsewhere than by what runs now.
        """
        size = self._found() if self._folder.resume else None
        if size is None:
            return None
        log, file = self._paths(size)
        arrays, about = self._read(file)
        if found := _difference(about.get("machine", {}), self._machine):
            raise RequestError(f"checkpoint = {file}: {found}; finish it there, or start anew with --no-resume")
        with self._reading(file):
            plan = Plan(**{name: int(size) for name, size in about["plan"].items()})
            state = {name.removeprefix("cursor:"): a for name, a in arrays.items() if name.startswith("cursor:")}
            cursor = Cursor(int(state["lane"]), int(state["generation"]))
            if size != self._size:
                if not self._extends(size, cursor, columns):
                    return None
                shutil.copyfile(log, self._log)
                self._folder.used |= {log, file}
            self._replay(columns, int(about["log_bytes"]), str(about["log_sha256"]))
            if columns.past is not None:
                columns.past[: size[1]] = arrays["past"]
            for name, array in arrays.items():
                kind, _, rest = name.partition(":")
                if kind == "snapshot":
                    generation, _, leaf = rest.partition(":")
                    columns.snapshots.setdefault(int(generation), {})[leaf] = array
            if size[1] < self._size[1]:
                plan, cursor = engine.plan(plan.width), Cursor(size[1])
            elif state.keys() > {"lane", "generation"}:
                grow = size != self._size
                cursor = Cursor.from_arrays(state, engine.full(plan), self._lanes.program, grow)
            self._before = float(about["seconds"])
        return Saved(plan, cursor, self._before)

    def _extends(self, size: tuple[int, int], cursor: Cursor, columns: Columns) -> bool:
        """Whether a smaller run, which stands at a cursor, has what this one would have come to."""
        (generations, lanes), program = size, self._lanes.program
        if lanes < self._size[1]:
            return cursor.lane == lanes or (cursor.lane, cursor.generation) == (0, generations)
        same = program.regime.capacity(program.n, generations) == program.capacity  # else it drew other rows
        return bool(same and not cursor.lane and len(columns.recorded) == self._size[0])

    @contextlib.contextmanager
    def _reading(self, path: Path) -> Iterator[None]:
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:
            why = printable(str(error) or type(error).__name__, 120)
            raise RequestError(f"checkpoint = {path}: it is damaged ({why}); start anew with --no-resume") from error

    def _read(self, path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        from safetensors import safe_open

        with self._reading(path), safe_open(path, "np") as file:
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
                if (size := count * shape[1] * shape[2] * dtype.itemsize) > length:
                    raise ValueError("an entry of its log is longer than the log")
                found.update(raw := log.read(size))
                columns.fill(slice(low, high), slice(start, stop), [np.frombuffer(raw, dtype).reshape(shape)])
            if log.tell() != length or found.hexdigest() != digest:
                raise ValueError("the SHA-256 of its log is another")
            log.truncate()
        self._hash, self._length = found, length

    # --- writing ----------------------------------------------------------------------------------------------------

    def keep(self, columns: Columns, plan: Plan, block: Block, now: bool = False) -> None:
        """Take note of a block that `columns` holds, and save all if enough time has passed since the last save.

        now: save in any case. Where nothing can be written the run goes on without a checkpoint, and a note says so.
        """
        if not self._works:
            return
        self._pending.append((block.lanes, block.generations))
        cursor = block.cursor
        if self._folder.keep and cursor.lane == len(self._lanes) == block.lanes.stop - block.lanes.start:
            cursor, now = Cursor(0, self._size[0], block.carry), True
        waited = time.monotonic() - self._last
        if not now and waited * SHARE < self._expected(columns, cursor):
            return
        begun = time.monotonic()
        try:
            self._save(columns, plan, cursor)
        except (OSError, RequestError) as error:
            self._works = False
            if not self._length:
                self._log.unlink(missing_ok=True)
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
        if columns.past is not None:
            arrays["past"] = columns.past
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
        "matmul precision": str(getattr(config, "jax_default_matmul_precision", None) or "float32"),  # no attribute of its type
        "random stream": fingerprint(lanes.root),
    }  # fmt: skip


def _difference(old: object, new: Mapping[str, str]) -> str:
    """The first thing in which a checkpoint's machine is not this one, as a phrase; empty where there is none."""
    old = old if isinstance(old, dict) else {}
    for name, value in new.items():
        if (other := printable(str(old.get(name)), 60)) != value:
            return f"its {name} is {other}, and here it is {value}"
    return ""
