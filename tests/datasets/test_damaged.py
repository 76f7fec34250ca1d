"""Files of a user's that are damaged, truncated, or claim what they do not hold: one line, at once."""

import gzip
import io
import os
import random
import zipfile

import numpy as np
import pytest

from collapsebench.datasets.idx import read_idx
from collapsebench.datasets.own import own


def npy(array, shape=None, descr=None):
    """Bytes of a .npy file whose header claims another shape or type."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": descr or array.dtype.str, "fortran_order": False, "shape": shape or array.shape}
    )
    return file.getvalue() + array.tobytes()


def bomb():
    """A zip archive, as np.savez makes them, of a member that grows a thousandfold."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy(np.zeros(4_000_000)))
    return file.getvalue()


ROWS = np.arange(12.0).reshape(6, 2)
FILES = {
    "bomb.npy": bomb(),
    "huge.npy": npy(ROWS, (10**12, 10)),
    "huger.npy": npy(ROWS, (10**30, 10**30)),
    "negative.npy": npy(ROWS, (-1, 2)),
    "short.npy": npy(ROWS)[:-8],
    "header.npy": npy(ROWS)[:20],
    "objects.npy": npy(ROWS, descr="|O"),
    "deep.npy": b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"(" * 9000,
    "magic.npy": b"\x93NUMPY\x09\x09" + bytes(100),
    "empty.npy": b"",
    "empty.csv": b"",
    "ragged.csv": b"1,2\n3\n",
    "nul.csv": b"1,2\n\0,3\n",
    "bytes.csv": b"\xff\xfe\x00\x01" * 10,
    "long.csv": b"1\n" + b"x" * 1_000_000,
    "escape.csv": b"1,2\n\x1b[2J,3\n",
    "nan.csv": b"1,2\nnan,3\n",
    "huge.csv": b"1,2\n1e999,3\n",
}


def numbers(path):
    """All columns of a file of numbers."""
    rows = own(path)
    try:
        return rows.numbers(tuple(rows.columns))
    except ValueError as error:
        raise ValueError(f"{rows.name}: {error}") from None


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_one_line(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(FILES[name])
    with pytest.raises(ValueError, match=name) as refused:
        numbers(path)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 1000


def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.npy").mkdir()
    for name in ("pipe.csv", "folder.npy", "missing.csv", f"{'x' * 300}.csv", "a\0b.csv"):
        with pytest.raises(ValueError, match=r"no such file|it is a folder|File name too long") as refused:
            own(tmp_path / name)
        assert str(refused.value).isprintable()


@pytest.mark.parametrize("kind", ["npy", "csv", "idx", "idx.gz"])
def test_flipped_and_cut_files_are_read_or_refused(tmp_path, kind):
    """400 damages of each kind: another number is no error, anything else is one line."""
    text = "\n".join(f"{a},{b}" for a, b in ROWS).encode()
    idx = bytes((0, 0, 8, 2, 0, 0, 0, 6, 0, 0, 0, 2, *range(12)))
    whole = {"npy": npy(ROWS), "csv": text, "idx": idx, "idx.gz": gzip.compress(idx)}[kind]
    path, chance = tmp_path / f"file.{kind}", random.Random(kind)
    read = read_idx if kind.startswith("idx") else numbers
    refusals = []
    for i in range(400):
        at, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        damaged = whole[:at] if i % 4 == 0 else whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
        path.write_bytes(damaged)
        try:
            read(path)
        except ValueError as refusal:
            refusals.append(str(refusal))
    assert all(line.isprintable() for line in refusals)
    assert len(refusals) >= 100
