"""Compiled programs: how many of them a process keeps, and the persistent cache between processes.

A process forgets them before they map more pieces of memory than Linux allows.

The cache is JAX's own, in a private folder whose every entry is checked. JAX looks an executable up by a hash of the
program's text, the versions, the flags, the compile options and the devices. An entry is XLA's serialised executable (a
protocol buffer around machine code), compressed by zlib or, where it is installed, by zstandard. Nothing is unpickled, but
who can write an entry can run code here. JAX relies on zlib's checksum, has none with zstandard (there a flipped bit ends
the process, or worse), and never replaces a damaged entry. So the folder is the user's alone, there is one for each kind of
processor, and an entry is only read if its SHA-256 is the one it was written with; any other is deleted, and the program
compiled anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import platform
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
from jax._src import compilation_cache

from collapsebench.specs.errors import say
from collapsebench.specs.files import cache_home

HITS = "/jax/compilation_cache/cache_hits"
"""What jax.monitoring is told when a program comes from the cache."""
MOST = 1 << 30
"""Bytes that are kept; beyond that the entries that were not used for longest are deleted."""
MAPS, MOST_MAPS = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")
"""Where Linux lists the pieces of memory that this process maps, and says how many it may: 65530, if nobody changed it."""
SHARE = 0.6
"""Share of them at which programs are forgotten: what one run compiles fits into the rest."""
_PROCESSOR = ("flags", "Features", "CPU implementer", "CPU part", "CPU variant", "model name")
"""Lines of /proc/cpuinfo that say what code a processor runs: x86 has flags, ARM features and a part of a maker."""


_looked = -math.inf


def make_room() -> None:
    """Forget the compiled programs of this process where they map nearly as many pieces of memory as Linux allows.

    A loop's program maps 100 to 500 pieces, and JAX keeps every program; where Linux refuses one piece more, XLA ends
    the process with a segmentation fault while it compiles. It looks once a second, as a long list takes 10 ms to read.
    """
    global _looked
    now = time.monotonic()
    if now < _looked + 1:
        return
    _looked = now
    with contextlib.suppress(OSError):  # no Linux
        if MAPS.read_bytes().count(b"\n") > SHARE * int(MOST_MAPS.read_text()):
            jax.clear_caches()


class CheckedCache:
    """JAX's interface of a persistent cache: one file an entry, which is a SHA-256 and then the entry's bytes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder  # JAX logs it by that name

    def get(self, key: str) -> bytes | None:
        """The entry of that key; None where it is missing or damaged (it is then deleted)."""
        path = self._file(key)
        try:
            raw = path.read_bytes()
            value = raw[hashlib.sha256().digest_size :]
            if raw != _sealed(key, value):
                path.unlink()
                return None
            os.utime(path)
        except OSError:
            return None
        return value

    def put(self, key: str, value: bytes) -> None:
        """Write an entry atomically; a full disk, or any other OSError, is ignored."""
        with contextlib.suppress(OSError):
            with tempfile.NamedTemporaryFile(dir=self._path, delete=False) as file:
                try:
                    file.write(_sealed(key, value))
                    file.close()  # Windows renames no open file
                    os.replace(file.name, self._file(key))
                except BaseException:
                    os.unlink(file.name)
                    raise
            self._forget()

    def _file(self, key: str) -> Path:
        return self._path / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.program"

    def _forget(self) -> None:
        """Delete the oldest files beyond MOST bytes, those that a killed process left half written among them."""
        found = ((path, path.stat()) for path in self._path.iterdir())
        files = sorted(((at.st_mtime, at.st_size, path) for path, at in found), reverse=True)
        kept = 0
        for _, size, path in files:
            kept += size
            if kept > MOST:
                path.unlink()


def _sealed(key: str, value: bytes) -> bytes:
    """The digest of an entry and of its key (a file that got another's name is no entry), then the entry."""
    return hashlib.sha256(f"{key}\n".encode() + value).digest() + value


def program_folder() -> Path:
    """Folder of compiled programs between processes: below the user's cache folder, one for each processor.

    What was compiled for one processor may stop another, and homes are shared. Raises OSError without a home.
    """
    given = os.path.isabs(os.environ.get("XDG_CACHE_HOME", ""))
    if not given and os.name == "posix" and not os.environ.get("HOME"):
        raise OSError("HOME is not set")
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        text = ""
    return cache_home() / f"xla-{processor(text)}"


def processor(cpuinfo: str) -> str:
    """Digest of what a processor's /proc/cpuinfo says of the code that it runs; cores may differ.

    Elsewhere of what Python knows: the version of a Mac's kernel names its chip.
    """
    names = ((line.split(":")[0].strip(), line) for line in cpuinfo.splitlines())
    own = sorted({" ".join(line.split()) for name, line in names if name in _PROCESSOR})
    known = own or [platform.processor(), platform.version()]
    return hashlib.sha256(f"{platform.machine()} {known}".encode()).hexdigest()[:12]


def private_folder(folder: Path) -> Path:
    """The folder, created with mode 0700 where missing. Raises OSError where it is not the user's alone.

    Windows says who may read a file by other means, and the folders of a profile are private there.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(f"{folder} is a link, not a folder")
    if os.name == "posix":
        if found.st_uid != os.getuid():
            raise OSError(f"{folder} belongs to another user")
        if found.st_mode & 0o077:
            raise OSError(f"{folder} has mode {stat.S_IMODE(found.st_mode):04o}, and others may use it; 0700 is needed")
        for above in folder.resolve().parents:
            if above.stat().st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
                raise OSError(
                    f"{above} has mode {stat.S_IMODE(above.stat().st_mode):04o}, and anyone may replace {folder}"
                )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(f"{folder}: no file can be written there")
    return folder


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Context in which compiled programs are written to and read from `program_folder()`.

    Where JAX_COMPILATION_CACHE_DIR says where, that is the caller's business; where the folder is not the user's alone,
    one line says so and nothing is kept.
    """
    config: Any = jax.config
    if config.jax_compilation_cache_dir is not None or not config.jax_enable_compilation_cache:
        yield
        return
    own: Any = compilation_cache
    try:
        folder, jaxs_cache = private_folder(program_folder()), own.get_file_cache
    except (OSError, RuntimeError, AttributeError) as error:  # no private folder, no home, or a JAX without that seam
        why = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else error
        say(f"compiled programs are not kept: {why}", 0)
        yield
        return
    own.get_file_cache = lambda path: (CheckedCache(Path(path)), path)  # JAX has no public way to
    try:
        with _settings(
            jax_compilation_cache_dir=str(folder), jax_persistent_cache_min_compile_time_secs=0.1,
            jax_persistent_cache_enable_xla_caches="none",  # what XLA keeps of a GPU's tuning has no digest
        ):  # fmt: skip
            yield
    finally:
        own.get_file_cache = jaxs_cache


@contextlib.contextmanager
def without_cache() -> Iterator[None]:
    """Context without the persistent cache, so that a compile time measured inside is that of a compilation."""
    with _settings(jax_enable_compilation_cache=False):
        yield


@contextlib.contextmanager
def empty_cache() -> Iterator[None]:
    """Context with a persistent cache that begins empty: each program is compiled once, and fetched when it is met again."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _settings(
            jax_enable_compilation_cache=True, jax_compilation_cache_dir=folder,
            jax_persistent_cache_min_compile_time_secs=0.0, jax_persistent_cache_enable_xla_caches="none",
        ),
    ):  # fmt: skip
        yield


@contextlib.contextmanager
def _settings(**settings: Any) -> Iterator[None]:
    """Context with these settings of JAX. Its cache is opened anew, for JAX remembers how it was from the first look."""
    config: Any = jax.config
    before = {name: getattr(config, name) for name in settings}

    def change(values: dict[str, Any]) -> None:
        for name, value in values.items():
            config.update(name, value)
        compilation_cache.reset_cache()

    change(settings)
    try:
        yield
    finally:
        change(before)
