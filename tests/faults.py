"""Faults on purpose: `python -m tests.faults [KILLS] [STOPS] [PAIRS] [FLIPS]`, whose table says what survived.

Commands are killed at random moments and given again, until their results must equal those that nothing has disturbed,
bit by bit, with nothing else left in the folder. The same commands are given twice at once; and bits are flipped in
results and checkpoints.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import h5py

from collapsebench.runs import results
from collapsebench.runs.checkpoints import checkpoints
from collapsebench.runs.runner import Stopped, run
from collapsebench.specs.errors import RequestError

COMMANDS = {
    "run": ["run", "gaussian", "--n", "3000", "--trajectories", "2000", "--generations", "200"],
    "sweep": ["run", "gerstgrasser/regression", "--set", "trajectories=400", "--set", "generations=40"],
    "ablate": ["ablate", "gaussian", "--n", "2000", "--trajectories", "400", "--no-doses"],
    "reproduce": ["reproduce", "seddik", "gerstgrasser", "--scale", "smoke"],
}
IN_A_ROW = 4
"""Times that one command is killed before it may end."""
STARTED = 2.0
"""Seconds without a checkpoint that a process may have lost before its first block: import, trace and compile."""


def start(name: str, out: Path, **more: str) -> subprocess.Popen[str]:
    """A command as its own process; what it prints is piped."""
    command = [sys.executable, "-m", "collapsebench.cli", *COMMANDS[name], "--out", str(out)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env={**os.environ, **more})


def end(name: str, out: Path) -> float:
    """Give a command and let it end; the seconds. Raises AssertionError where it does not end well."""
    begun = time.monotonic()
    process = start(name, out)
    told = process.communicate()[1]
    assert process.returncode in (0, 1), (process.returncode, told)  # 1: a claim differs, at smoke scale
    return time.monotonic() - begun


def listing(out: Path) -> list[str]:
    """Everything below a folder."""
    return sorted(str(path.relative_to(out)) for path in out.rglob("*"))


def same(first: Path, second: Path) -> None:
    """Raise AssertionError unless two folders hold the same files, and results of the same numbers."""
    assert listing(first) == listing(second), set(listing(first)) ^ set(listing(second))
    for path in first.rglob("*.nc"):
        ours, theirs = results.load(path), results.load(second / path.relative_to(first))
        assert ours.drop_attrs().identical(theirs.drop_attrs()), path
    for path in first.rglob("*.csv"):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path


class Undisturbed:
    """What each command gives when nothing happens to it, and how long it takes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seconds: dict[str, float] = {}

    def of(self, name: str) -> tuple[Path, float]:
        out = self._folder / name
        if name not in self._seconds:
            end(name, out)  # compiles
            self._seconds[name] = end(name, out)
        return out, self._seconds[name]


def interrupt(name: str, number: signal.Signals, good: Undisturbed, folder: Path, chance: random.Random) -> list[str]:
    """Interrupt a command some times, each at a random moment, then let it end. What became of each process."""
    wanted, seconds = good.of(name)
    out, became = folder / "out", []
    shutil.rmtree(out, ignore_errors=True)
    earlier = chance.random() < 0.5
    if earlier:  # a whole result of the same request is there already
        shutil.copytree(wanted, out)
    for _ in range(IN_A_ROW):
        process = start(name, out)
        try:
            process.wait(chance.uniform(0.2, seconds))
            became.append("ended before")
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            told = process.communicate()[1]
            assert "Traceback" not in told, told
            assert process.returncode in (0, 1, 3) or process.returncode == -number, (process.returncode, told)
            became.append("killed" if process.returncode < 0 else f"stopped with {process.returncode}")
        if earlier:
            for path in wanted.rglob("*.nc"):
                kept = results.load(out / path.relative_to(wanted))
                assert kept.drop_attrs().identical(results.load(path).drop_attrs()), path
    end(name, out)
    same(out, wanted)
    return became


def pair(name: str, good: Undisturbed, folder: Path, chance: random.Random) -> None:
    """Give one command twice at once."""
    wanted, _ = good.of(name)
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    first = start(name, out)
    time.sleep(chance.choice([0.0, 0.05, 0.5]))
    second = start(name, out)
    for process in (first, second):
        told = process.communicate()[1]
        assert process.returncode in (0, 1), (process.returncode, told)
    same(out, wanted)


def flips(path: Path, times: int, read, chance: random.Random, region: list[range] | None = None) -> Counter[str]:
    """Flip one random bit of a file, `times` over; `read` then gives what was there, or refuses in one line.

    region: the bytes that are flipped (None: any of the file).
    """
    whole, wanted, became = path.read_bytes(), read(), Counter()
    bytes_of = [at for part in region or [range(len(whole))] for at in part]
    for _ in range(times):
        at = chance.choice(bytes_of)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        try:
            found = read()
        except RequestError as refusal:
            became["in several lines"] += "\n" in str(refusal)
            became["noticed"] += 1
        else:
            assert wanted == found, f"a flip at {at} of {path.name} was not noticed"
            became["harmless"] += 1
    path.write_bytes(whole)
    return became


def regions(path: Path) -> dict[str, list[range]]:
    """Where the numbers, the coordinates and the attributes of a result lie in its file."""
    found: dict[str, list[range]] = {"data": [], "coordinates": [], "attributes": []}
    whole, coords = path.read_bytes(), set(results.load(path).coords)
    with h5py.File(path, "r") as file:
        for name, values in file.items():
            kind = found["coordinates" if name in coords else "data"]
            if values.chunks:
                chunks = (values.id.get_chunk_info(i) for i in range(values.id.get_num_chunks()))
                kind += [range(chunk.byte_offset, chunk.byte_offset + chunk.size) for chunk in chunks]
            elif (offset := values.id.get_offset()) is not None:
                kind.append(range(offset, offset + values.id.get_storage_size()))
        texts = [value.encode() for value in file.attrs.values() if isinstance(value, str) and len(value) > 3]
    found["attributes"] = [range(at, at + len(text)) for text in texts if (at := whole.find(text)) >= 0]
    return found


def content(path: Path):
    """All that a result holds, for a comparison."""
    data = results.load(path)
    return {str(name): (v.dims, v.values.tobytes(), str(dict(v.attrs))) for name, v in data.variables.items()}, str(
        data.attrs
    )


def stopped_run(experiment, folder: Path, blocks: int) -> None:
    """Stop a run by Ctrl-C after some blocks; its checkpoint is then in the folder."""
    seen = 0

    def count(step) -> None:
        nonlocal seen
        seen += not step.compiling
        if seen == blocks:
            os.kill(os.getpid(), signal.SIGINT)

    try:
        with checkpoints(folder):
            run(experiment, progress=count)
    except Stopped:
        return
    raise AssertionError("it was not stopped")


def main(kills: int = 100, stops: int = 20, pairs: int = 20, flipped: int = 100, seed: int = 0) -> None:
    """Do all of it, and print what became of it."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        good = Undisturbed(folder / "good")
        for number, times in ((signal.SIGKILL, kills), (signal.SIGTERM, stops)):
            became: Counter[str] = Counter()
            for i in range(-(-times // IN_A_ROW)):
                name = list(COMMANDS)[i % len(COMMANDS)]
                became.update(f"{name}: {word}" for word in interrupt(name, number, good, folder, chance))
                print(number.name, i, name, dict(became), flush=True)
        for i in range(pairs):
            pair(list(COMMANDS)[i % len(COMMANDS)], good, folder, chance)
            print("pair", i, "both ended well", flush=True)
        path = next(good.of("run")[0].glob("*.nc"))
        for kind, region in regions(path).items():
            times = flipped * (3 if kind == "data" else 1)
            print(f"flips in {kind}:", dict(flips(path, times, lambda: content(path), chance, region)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
