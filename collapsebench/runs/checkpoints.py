"""Checkpoints: what runs have measured and where they stand, saved at the ends of blocks, so that they can go on.

A folder holds one request of a user, which may be many runs (a sweep's shapes, the arms of an ablation, the experiments
of a paper). Each run has two files there: a log, to which its numbers are appended, and a safetensors file with its
cursor, its snapshots and the SHA-256 of both, which replaces the one before. Neither imports, calls or unpickles anything.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path

from collapsebench.engine.cursor import Lanes
from collapsebench.runs.checkpoint import Checkpoint
from collapsebench.specs import files

_NOW: ContextVar[Folder | None] = ContextVar("checkpoints", default=None)


def _tell(message: str) -> None:
    print(f"collapsebench: {message}", file=sys.stderr)


@contextlib.contextmanager
def checkpoints(
    folder: str | Path, *, resume: bool = True, keep: bool = False, tell: Callable[[str], None] = _tell
) -> Iterator[None]:
    """Context in which every run saves where it stands below `folder`, and goes on from what an earlier one saved there.

    The folder is removed when the context ends without an error; after a stop, a crash or a kill the same calls go on to
    the same bits, and what was finished is not run again. Within it Ctrl-C and SIGTERM stop a run at the end of a block.
    resume: False starts anew. keep: the folder stays, with the last state of every run that is one chunk; a run of more
    generations, or of more trajectories, goes on from there, to what it would have given from the start at the same
    width. tell: is given each note.
    While another process works in the folder, this one neither reads nor saves. A run raises RequestError, one line, for
    a checkpoint that is damaged, or of another version, device, or random stream: finish it there, or resume=False.
    """
    path = Path(folder)
    with _locked(path) as mine:
        if not mine:
            tell(f"{path}: another process is at work on the same request; this one keeps no checkpoint")
            yield
            return
        own = Folder(path, resume, keep, tell)
        token = _NOW.set(own)
        try:
            with files.scratch(path):
                yield
            if not keep:
                own.remove()
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


@dataclasses.dataclass
class Folder:
    """The folder of a request's checkpoints, and which of its files the request has used. `tell` is given notes."""

    path: Path
    resume: bool
    keep: bool
    tell: Callable[[str], None]
    used: set[Path] = dataclasses.field(default_factory=set)

    def remove(self) -> None:
        """Remove what the request has used, and files that nobody has finished."""
        for path in (*self.used, *self.path.glob(".collapsebench-*")):
            path.unlink(missing_ok=True)


def checkpoint_of(request: Callable[[], Mapping[str, object]], lanes: Lanes) -> Checkpoint | None:
    """The checkpoint of a run in the folder of the context; None outside of `checkpoints`.

    request: gives JSON data that tell it from every other run, but for its numbers of generations and lanes.
    """
    folder = _NOW.get()
    return None if folder is None else Checkpoint(folder, request(), lanes)
