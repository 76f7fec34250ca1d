"""What a command leaves behind: whole results, nothing half-written, nothing outside of --out."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.engine import loop

SMALL = ["run", "gaussian", "--n", "20", "--generations", "6", "--trajectories", "4", "--set", "metrics=variance"]


@pytest.fixture
def stop_after(monkeypatch):
    """Make the next run stop by a signal while it computes some block."""
    compiled = loop.compiled

    def arrange(blocks, number=signal.SIGTERM):
        monkeypatch.setattr(loop, "SECONDS", 0.0)
        seen = []

        def counted(*sizes):
            def advance(*args):
                seen.append(1)
                if len(seen) == blocks:
                    signal.raise_signal(number)
                return compiled(*sizes)(*args)

            return advance

        monkeypatch.setattr(loop, "compiled", counted)

    return arrange


def names(folder):
    return sorted(
        path.name.partition("-")[2].partition(".")[0][8:] + "".join(path.suffixes) for path in folder.iterdir()
    )


WHOLE = [".csv", ".nc", ".png", ".svg"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_same_command_goes_on(ask, tmp_path, stop_after, number):
    stop_after(3, number)
    code, _, err = ask(*SMALL, "--out", str(tmp_path))
    assert code == 3
    assert err.strip().endswith("the same command goes on from where it stood")
    assert names(tmp_path) == sorted([*(f"-stopped{end}" for end in WHOLE), ".checkpoint"])
    (path,) = tmp_path.glob("*.nc")
    assert cb.load(path).attrs["stopped"] == "3 of 6 generations are here"
    code, _, err = ask(*SMALL, "--out", str(tmp_path))
    assert code == 0, err
    assert names(tmp_path) == WHOLE
    assert cb.load(next(tmp_path.glob("*.nc"))).sizes["generation"] == 6


def test_a_stopped_rerun_replaces_nothing(ask, tmp_path, stop_after):
    assert ask(*SMALL, "--out", str(tmp_path))[0] == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    stop_after(2)
    assert ask(*SMALL, "--out", str(tmp_path))[0] == 3
    assert before.items() <= {path.name: path.read_bytes() for path in tmp_path.glob("*.*") if path.is_file()}.items()


def test_more_generations_go_on_from_what_was_kept(ask, tmp_path):
    assert ask(*SMALL, "--keep", "--out", str(tmp_path))[0] == 0
    longer = [*SMALL[:5], "9", *SMALL[6:]]
    assert ask(*longer, "--out", str(tmp_path))[0] == 0
    first, second = (cb.load(path) for path in sorted(tmp_path.glob("*.nc"), key=os.path.getmtime))
    np.testing.assert_array_equal(first.variance, second.variance[:, :6])
    assert not list(tmp_path.glob("*.checkpoint"))


def test_nobody_reads_what_is_printed(tmp_path):
    command = [sys.executable, "-u", "-m", "collapsebench.cli", *SMALL, "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        told = process.stderr.read().decode()
    assert process.returncode == 0, told
    assert "rror" not in told
    assert names(tmp_path) == WHOLE


def test_a_name_that_no_file_can_have_is_refused(ask, tmp_path):
    code, _, err = ask(*SMALL, "--set", f"name={'x' * 300}", "--out", str(tmp_path / "new"))
    assert code == 2
    assert "too long" in err
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_too_small_is_refused(ask, tmp_path, monkeypatch):
    class Full:
        f_bavail, f_frsize = 1, 16

    monkeypatch.setattr(os, "statvfs", lambda path: Full)
    code, _, err = ask(*SMALL, "--out", str(tmp_path / "new"))
    assert code == 2
    assert "record=50" in err
    assert not list(tmp_path.iterdir())


def test_links_inside_of_the_folder_are_not_followed(ask, tmp_path):
    out, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    assert ask(*SMALL, "--out", str(out))[0] == 0
    for path in list(out.iterdir()):
        path.unlink()
        path.symlink_to(other / path.name)
    assert ask(*SMALL, "--out", str(out))[0] == 0
    assert not list(other.iterdir())
    (out / "digits").symlink_to(other)
    code, _, err = ask("reproduce", "digits", "--scale", "smoke", "--out", str(out))
    assert code == 2
    assert "symbolic link" in err
    assert not list(other.iterdir())


def test_a_full_disk_leaves_what_was_there(ask, tmp_path, monkeypatch):
    assert ask(*SMALL, "--out", str(tmp_path))[0] == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = ask(*SMALL, "--out", str(tmp_path))
    assert code == 4
    assert "the disk is full" in err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
