"""Persistent cache of compiled programs: private, checked, and never another program."""

import os
import stat
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache

import collapsebench as cb
from collapsebench.bench import events
from collapsebench.engine import cache

PROCESS = """
import sys
seen = []
sys.addaudithook(lambda event, arguments: seen.append(event) if event == "pickle.find_class" else None)
import jax
import numpy as np
import collapsebench as cb
from collapsebench.bench import events
from collapsebench.engine import cache
before = events.now()
with cache.kept():
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    value = jax.jit(lambda x: 3 * x + 1)(np.arange(4.0, dtype=np.float32))
    print(*value, (events.now() - before).hits, len(seen))
"""
"""A process that compiles one small program with the cache, and prints its answer, the hits and what was unpickled."""


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A home of the test's own, and JAX as a process finds it that was told of no cache."""
    config = jax.config
    before = config.jax_compilation_cache_dir
    config.update("jax_compilation_cache_dir", None)
    compilation_cache.reset_cache()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    yield tmp_path
    config.update("jax_compilation_cache_dir", before)
    compilation_cache.reset_cache()


def answer():
    """(a small program's answer, how often it came from the cache), compiled as in a new process."""

    @jax.jit
    def program(x):
        return jnp.sin(x) * 3 + x @ x

    before = events.now()
    value = np.asarray(program(jnp.arange(16.0).reshape(4, 4)))
    return value, (events.now() - before).hits


@pytest.fixture
def kept(home, monkeypatch):
    """A run of `answer` with the cache, whatever a program costs to compile."""

    def run():
        with cache.kept():
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
            return answer()

    return run


def files(home):
    return sorted(home.rglob("*.program"))


def test_a_program_is_found_again_and_gives_the_same_numbers(kept, home):
    (first, missed), (second, found) = kept(), kept()
    assert (missed, found > 0) == (0, True)
    assert np.array_equal(first, second)
    folder = files(home)[0].parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not list(folder.glob("tmp*")), "a temporary file is left"


def test_without_cache_nothing_is_found_and_afterwards_it_is(kept):
    kept()
    with cache.kept():
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        with cache.without_cache():
            assert answer()[1] == 0
        assert answer()[1] > 0


def test_a_flipped_byte_is_noticed_wherever_it_is(kept, home, capfd, random):
    """Twenty places of every file, the first and the last byte among them: right numbers, and not a word."""
    right, _ = kept()
    whole = {path: path.read_bytes() for path in files(home)}
    for place in [0, -1, *random.integers(0, 2**31, 18)]:
        for path, raw in whole.items():
            damaged = bytearray(raw)
            damaged[place % len(raw)] ^= 1 << int(random.integers(8))
            path.write_bytes(bytes(damaged))
        value, found = kept()
        assert found == 0
        assert np.array_equal(value, right)
    for path, raw in whole.items():
        path.write_bytes(raw[: len(raw) // 2])
    assert kept()[1] == 0
    assert capfd.readouterr().err == ""


def test_a_file_that_got_another_entrys_name_is_no_entry(tmp_path):
    store = cache.CheckedCache(tmp_path)
    store.put("one", b"its program")
    assert store.get("one") == b"its program"
    store._file("one").rename(store._file("other"))
    assert store.get("other") is None
    assert not list(tmp_path.iterdir())


def test_two_processes_may_write_at_once(home):
    """Both compile and both write; a third finds the program, and unpickles nothing."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(home)}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)

    def start():
        return subprocess.Popen([sys.executable, "-c", PROCESS], stdout=-1, stderr=-1, text=True, env=environment)

    pair = [start(), start()]
    said = [process.communicate() for process in pair] + [start().communicate()]
    answers = [out.split() for out, _ in said]
    assert [answer[:4] for answer in answers] == [["1.0", "4.0", "7.0", "10.0"]] * 3
    assert int(answers[2][4]) > 0
    assert answers[2][5] == "0"
    assert [error for _, error in said] == [""] * 3
    assert {path.suffix for path in files(home)[0].parent.iterdir()} == {".program"}


def spoil(folder, how, monkeypatch):
    if how == "mode 0777":
        folder.chmod(0o777)
    elif how == "another owner":
        monkeypatch.setattr(cache.os, "getuid", lambda: os.stat(folder).st_uid + 1)
    elif how == "a link":
        folder.rename(folder.with_name("elsewhere"))
        folder.symlink_to(folder.with_name("elsewhere"))
    elif how == "a file":
        folder.rename(folder.with_name("elsewhere"))
        folder.write_text("")
    elif how == "a parent for all":
        folder.parent.chmod(0o777)
    elif how == "no place":
        monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    elif how == "no home":
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.delenv("HOME")
    elif how == "another JAX":
        monkeypatch.delattr(cache.compilation_cache, "get_file_cache")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("mode 0777", "has mode 0777"),
        ("another owner", "another user"),
        ("a link", "a link"),
        ("a file", "File exists"),
        ("a parent for all", "may replace"),
        ("no place", "/dev/null"),
        ("no home", "HOME is not set"),
        ("another JAX", "get_file_cache"),
    ],
)
def test_a_folder_that_is_not_the_users_alone_is_not_used(how, why, kept, capsys, monkeypatch):
    right, _ = kept()
    spoil(cache.program_folder(), how, monkeypatch)
    value, found = kept()
    assert found == 0
    assert np.array_equal(value, right)
    said = capsys.readouterr().err
    assert said.startswith("collapsebench: compiled programs are not kept")
    assert why in said
    assert len(said.splitlines()) == 1


def test_the_callers_own_cache_is_the_callers_business(home, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    with cache.kept():
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "own")
    assert not files(home)


def test_the_folder_does_not_grow_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "MOST", 1000)
    store = cache.CheckedCache(tmp_path)
    for i in range(6):
        store.put(str(i), bytes(300))
        os.utime(store._file(str(i)), (i, i))
    assert [i for i in range(6) if store.get(str(i))] == [3, 4, 5]


def test_two_processors_are_two_folders():
    """x86 by its flags; two ARM processors with the same features by their parts."""
    arm = "CPU implementer : 0x41\nFeatures : fp asimd\nCPU part : {}\n"
    texts = [arm.format("0xd0c"), arm.format("0xd40"), "flags : sse avx\n", "flags : sse avx avx512f\n"]
    assert len({cache.processor(text) for text in texts}) == 4
    assert cache.processor(texts[0] + texts[1]) not in [cache.processor(text) for text in texts]  # big and little cores
    assert cache.processor(texts[0]) == cache.processor(texts[0] + "BogoMIPS : 50.0\n")


def test_programs_are_forgotten_before_they_map_too_many_pieces_of_memory(monkeypatch, tmp_path):
    forgotten = []
    monkeypatch.setattr(jax, "clear_caches", lambda: forgotten.append(True))

    def look(pieces, most="1000\n"):
        for name, text in (("MAPS", "piece\n" * pieces), ("MOST_MAPS", most)):
            (tmp_path / name).write_text(text)
            monkeypatch.setattr(cache, name, tmp_path / name)
        monkeypatch.setattr(cache, "_looked", -np.inf)
        cache.make_room()
        return len(forgotten)

    assert look(600) == 0
    assert look(601) == 1
    cache.make_room()
    assert len(forgotten) == 1, "it looks once a second"
    monkeypatch.setattr(cache, "_looked", -np.inf)
    cb.run(cb.Experiment(name="room", model="gaussian", n=2, generations=1, trajectories=1), progress=False)
    assert len(forgotten) == 2, "a run begins with it"
    (tmp_path / "MAPS").unlink()
    monkeypatch.setattr(cache, "_looked", -np.inf)
    cache.make_room()
    assert len(forgotten) == 2


MANY_RUNS = """
import ctypes
import sys
import collapsebench as cb
from collapsebench.engine import cache, devices

devices.mesh()
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PAGE, READ, BOTH, PRIVATE_ANONYMOUS = 4096, 1, 3, 0x22
pieces = int(cache.MOST_MAPS.read_text()) - cache.MAPS.read_bytes().count(b"\\n") - int(sys.argv[1])
base = libc.mmap(None, PAGE * (pieces + 2), BOTH, PRIVATE_ANONYMOUS, -1, 0)
for i in range(0, pieces, 2):
    libc.mprotect(base + PAGE * i, PAGE, READ)  # every other page: so many pieces
for n in range(2, 14):
    cb.run(cb.Experiment(name="many", model="gaussian", n=n, generations=1, trajectories=1), progress=False)
    print(n, cache.MAPS.read_bytes().count(b"\\n"), flush=True)
print("alive")
"""
"""A process that may map so many pieces more, and runs twelve experiments that are each a program of its own."""


@pytest.mark.slow
@pytest.mark.skipif(not cache.MOST_MAPS.exists(), reason="no Linux")
def test_a_process_outlives_its_programs():
    found = subprocess.run([sys.executable, "-c", MANY_RUNS, "600"], capture_output=True, text=True, check=False)
    assert found.stdout.endswith("alive\n"), (found.returncode, found.stdout)
