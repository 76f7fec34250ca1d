"""Persistent cache of compiled programs: JAX's own, in a private folder whose every entry is checked.

JAX asks a cache for the executable of a program's text; an entry is XLA's own serialised executable, compressed, which is
machine code: whoever can write the folder can run code here, and a damaged entry is a wrong program. So the folder is
the user's alone (mode 0700, no link), there is one for each kind of processor, and an entry is only read if its SHA-256
is the one it was written with. Nothing in it is unpickled.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache

from collapsebench.specs.errors import say

HITS = "/jax/compilation_cache/cache_hits"
"""What jax.monitoring is told when a program comes from the cache."""
MOST = 1 << 30
"""Bytes that are kept; beyond that the entries that were not used for longest are deleted."""
_DIGEST = hashlib.sha256().digest_size
_PROCESSOR = ("flags", "Features", "CPU implementer", "CPU part", "CPU variant", "model name")
"""Lines of /proc/cpuinfo that say what code a processor runs: x86 has flags, ARM features and a part of a maker."""


class CheckedCache:
    """JAX's interface of a persistent cache: one file an entry, which is its SHA-256 and then its bytes."""

    def __init__(self, folder: Path) -> None:
        self._path = self.folder = folder

    def get(self, key: str) -> bytes | None:
        """The entry of that key; None where it is missing or damaged (it is then deleted)."""
        path = self._file(key)
        try:
            raw = path.read_bytes()
            if hashlib.sha256(raw[_DIGEST:]).digest() != raw[:_DIGEST]:
                path.unlink()
                return None
            os.utime(path)
        except OSError:
            return None
        return raw[_DIGEST:]

    def put(self, key: str, value: bytes) -> None:
        """Write an entry atomically; a full disk, or any other OSError, is ignored."""
        with contextlib.suppress(OSError), tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            try:
                file.write(hashlib.sha256(value).digest() + value)
                file.close()
                os.replace(file.name, self._file(key))
                self._forget()
            except OSError:
                os.unlink(file.name)

    def _file(self, key: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.program"

    def _forget(self) -> None:
        files = [(path.stat().st_mtime, path.stat().st_size, path) for path in self.folder.glob("*.program")]
        excess = sum(size for _, size, _ in files) - MOST
        for _, size, path in sorted(files):
            if excess <= 0:
                return
            path.unlink()
            excess -= size


def program_folder() -> Path:
    """Folder of compiled programs between processes: below the user's cache folder, one for each processor.

    What was compiled for one processor may stop another, and homes are shared. Raises RuntimeError without a home.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    return home / "collapsebench" / f"xla-{processor(text)}"


@functools.cache
def processor(cpuinfo: str) -> str:
    """Digest of what a processor's /proc/cpuinfo says of the code that it runs."""
    lines = (line.split(":", 1) for line in cpuinfo.splitlines() if ":" in line)
    found = {name.strip(): value.strip() for name, value in lines if name.strip() in _PROCESSOR}
    own = sorted(found.items()) or platform.processor()
    return hashlib.sha256(f"{platform.machine()} {own}".encode()).hexdigest()[:12]


def private_folder(folder: Path) -> Path:
    """The folder, created with mode 0700 where missing. Raises OSError where others could write or own it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if stat.S_ISLNK(found.st_mode) or not stat.S_ISDIR(found.st_mode):
        raise OSError("it is a link, not a folder")
    if os.name == "posix":
        if found.st_uid != os.getuid():
            raise OSError("it belongs to another user")
        if found.st_mode & 0o077:
            raise OSError(f"others may use it (mode {stat.S_IMODE(found.st_mode):04o}; 0700 is needed)")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError("no file can be written there")
    return folder


@contextlib.contextmanager
def kept(folder: Path | None = None) -> Iterator[None]:
    """Context in which compiled programs are written to and read from `folder`, by default `program_folder()`.

    Where JAX_COMPILATION_CACHE_DIR says where, that is the caller's business; where the folder is not the user's alone,
    one line says so and nothing is kept.
    """
    config: Any = jax.config
    if config.jax_compilation_cache_dir is not None or not config.jax_enable_compilation_cache:
        yield
        return
    try:
        place = private_folder(folder or program_folder())
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        say(f"compiled programs are not kept in {folder or 'the cache folder'}: {why}", 0)
        yield
        return
    before = config.jax_persistent_cache_min_compile_time_secs
    config.update("jax_compilation_cache_dir", str(place))
    config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    _install()
    try:
        yield
    finally:
        config.update("jax_compilation_cache_dir", None)
        config.update("jax_persistent_cache_min_compile_time_secs", before)
        compilation_cache.reset_cache()


def _install() -> None:
    """Put a CheckedCache in the place of JAX's own. JAX has no public way to: it is set where JAX sets its own."""
    from jax._src import compilation_cache as own

    config: Any = jax.config
    store: Any = CheckedCache(Path(config.jax_compilation_cache_dir))
    compilation_cache.reset_cache()
    own._cache, own._cache_initialized = store, True


@contextlib.contextmanager
def without_cache() -> Iterator[None]:
    """Context without the persistent cache, so that a compile time measured inside is that of a compilation.

    The flag alone does not do it: whether the cache is in use is remembered from the first look.
    """
    from jax._src import compilation_cache as own

    config: Any = jax.config
    before, checked = config.jax_enable_compilation_cache, isinstance(own._cache, CheckedCache)
    config.update("jax_enable_compilation_cache", False)
    compilation_cache.reset_cache()
    try:
        yield
    finally:
        config.update("jax_enable_compilation_cache", before)
        compilation_cache.reset_cache()
        if checked:
            _install()
