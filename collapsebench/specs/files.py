"""Files that are written whole or not at all, and folders that are checked before anything is written to them."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from collapsebench.specs.errors import RequestError, bytes_text

_SCRATCH: ContextVar[Path | None] = ContextVar("scratch", default=None)
_LEFT = re.compile(r"\.collapsebench-(\d+)-[0-9a-f]{8}(\.\w+)?")
"""Names of unfinished files: process, a random part, and the ending, by which some libraries choose a format."""
OLD = 60.0
"""Seconds without a change after which the unfinished file of a process that is gone is removed."""


def cache_home() -> Path:
    """collapsebench's folder in the user's cache folder: XDG_CACHE_HOME, or ~/.cache where that is no absolute path."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return Path(home if os.path.isabs(home) else os.path.expanduser(os.path.join("~", ".cache")), "collapsebench")


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[None]:
    """Context in which the files of `folder`'s parent, and below that, are unfinished in `folder` and nowhere else."""
    token = _SCRATCH.set(folder)
    try:
        yield
    finally:
        _SCRATCH.reset(token)


@contextlib.contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Context that gives another name to write to; at its end that file is on the disk under the name `path`.

    After an error, or where the process is killed, `path` is what it was before. A symbolic link at `path` is replaced,
    never followed. Folders that are missing are made. Raises OSError.
    """
    path = Path(path)
    if path.is_dir() and not path.is_symlink():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    own = _SCRATCH.get()
    folder = own if own is not None and own.parent in (path.parent, *path.parent.parents) else path.parent
    if folder is path.parent:
        remove_unfinished(folder)
    unfinished = folder / f".collapsebench-{os.getpid()}-{secrets.token_hex(4)}{path.suffix}"
    try:
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    sync_folder(path.parent)


def write_text(path: str | Path, text: str) -> Path:
    """Write a text file (UTF-8), whole or not at all. Returns the path."""
    with whole(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return Path(path)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the file system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_unfinished(folder: Path) -> None:
    """Remove what processes that are gone have left unfinished in a folder."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            found = _LEFT.fullmatch(entry.name)
            if found and time.time() - entry.stat().st_mtime > OLD and not _alive(int(found[1])):
                os.unlink(entry.path)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def inside(folder: Path, name: str) -> Path:
    """The path of a folder's entry. Raises RequestError where that is a symbolic link: it would lead out of the folder."""
    path = folder / name
    if path.is_symlink():
        raise RequestError(f"{path}: it is a symbolic link, which is not followed inside of {folder}; remove it")
    return path


def try_folder(out: Path, names: tuple[str, ...] = (), size: int = 0) -> None:
    """Create the output folder and check that it takes files of these names, and `size` bytes in all.

    Raises RequestError before anything runs where it does not; what was created is then removed again.
    """
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        longest = os.pathconf(out, "PC_NAME_MAX")
        for name in names:
            if len(os.fsencode(name)) > longest:
                raise RequestError(
                    f"name: {len(os.fsencode(name))} bytes make a file name that is too long for {out}; at most {longest}"
                )
        with tempfile.TemporaryFile(dir=out):
            pass
        status = os.statvfs(out)
        if (free := status.f_bavail * status.f_frsize) < size:
            raise RequestError(
                f"--out {out}: the result needs about {bytes_text(size)} and {bytes_text(free)} are free; "
                "choose another folder, fewer trajectories, or record=50"
            )
    except (OSError, RequestError) as error:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, RequestError) or error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        why = "it is a file" if out.is_file() else f"no file can be written there ({error.strerror})"
        raise RequestError(f"--out {out}: {why}; name a folder") from error
