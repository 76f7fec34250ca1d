"""IDX files: whole ones are read, plain and gzipped; any other is refused in one line, without a big allocation."""

import gzip
import hashlib
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from collapsebench.datasets import IdxDownload, IdxFolder, Unavailable, Where, read_idx

WHOLE = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])


def header(*axes: int, kind: int = 8) -> bytes:
    return struct.pack(f">BBBB{len(axes)}I", 0, 0, kind, len(axes), *axes)


@pytest.mark.parametrize("name", ["images", "images.gz", "images.bin"])
@pytest.mark.parametrize("packed", [False, True])
def test_reads_plain_and_gzip_whatever_the_name(tmp_path: Path, name: str, packed: bool) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(WHOLE) if packed else WHOLE)
    values = read_idx(path, (2, 3), hashlib.sha256(WHOLE).hexdigest())
    assert values.dtype == np.uint8
    assert values.tolist() == [[1, 2, 3], [4, 5, 6]]


HOSTILE = {
    "empty": (b"", "begins with nothing"),
    "text": (b"<html>not found</html>", "begins with 3c 68 74 6d"),
    "floats": (header(2, kind=0x0D) + bytes(8), "IDX type 0x0D"),
    "no axes": (header(), "0 axes"),
    "too many axes": (header(*[1] * 255) + b"\0", "255 axes"),
    "header cut": (WHOLE[:9], "truncated: the header of 2 axes ends after 9 bytes"),
    "axis of zero": (header(0, 2**32 - 1), "an axis is empty"),
    "data cut": (WHOLE[:-1], "6 bytes of data"),
    "bytes left over": (WHOLE + b"\0", "left over"),
    "enormous": (header(2**32 - 1, 2**32 - 1, 2**32 - 1, 2**32 - 1), "the limit is 1073741824"),
    "large": (header(2**29) + bytes(1000), "cannot hold"),
    "gzip of nothing": (gzip.compress(b""), "begins with nothing"),
    "gzip of half": (gzip.compress(WHOLE[:-2]), "truncated: header says 6 bytes of data, found 4"),
    "gzip and more": (gzip.compress(WHOLE + b"123"), "left over"),
    "gzip cut": (gzip.compress(WHOLE)[:-12], ""),
    "gzip checksum": (gzip.compress(WHOLE)[:-8] + bytes(8), "CRC"),
    "gzip magic only": (b"\x1f\x8b", ""),
    "gzip method": (b"\x1f\x8b\x07" + bytes(40), "compression method"),
    "gzip of noise": (gzip.compress(WHOLE)[:10] + b"\xff" * 60, ""),
    "gzip large": (gzip.compress(header(2**29) + bytes(1000)), "cannot hold"),
    "gzip bomb": (gzip.compress(header(9) + bytes(2**24)), "left over after the 9"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_one_line_and_no_memory(tmp_path: Path, case: str) -> None:
    content, says = HOSTILE[case]
    path = tmp_path / "hostile"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="hostile: ") as caught:
            read_idx(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert peak < 4 * 2**20


def test_every_truncation_and_every_flipped_byte_is_a_one_line_error(tmp_path: Path) -> None:
    path, digest = tmp_path / "file", hashlib.sha256(WHOLE).hexdigest()
    for whole in (WHOLE, gzip.compress(WHOLE, mtime=0)):
        for damaged in [whole[:k] for k in range(len(whole))] + [
            whole[:k] + bytes([whole[k] ^ 0x55]) + whole[k + 1 :] for k in range(len(whole))
        ]:
            path.write_bytes(damaged)
            try:
                outcome = read_idx(path, (2, 3), digest).tolist()
            except ValueError as error:
                outcome = str(error)
            if isinstance(outcome, str):
                assert outcome.startswith(f"{path}: ")
                assert "\n" not in outcome
            else:  # gzip's own header has bytes that mean nothing to the data
                assert outcome == [[1, 2, 3], [4, 5, 6]]
                assert whole is not WHOLE


def test_axes_digest_and_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(WHOLE)
    with pytest.raises(ValueError, match=r"axes expected \(3, 2\), header says \(2, 3\)"):
        read_idx(path, (3, 2))
    with pytest.raises(ValueError, match=f"expected {'0' * 64}, got {hashlib.sha256(WHOLE).hexdigest()}"):
        read_idx(path, sha256="0" * 64)
    with pytest.raises(ValueError, match="the limit is 5"):
        read_idx(path, limit=5)


def test_what_is_not_a_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent", Path("/dev/zero")):
        with pytest.raises(ValueError, match="not a file"):
            read_idx(path)


@pytest.mark.parametrize("packed", [False, True])
def test_folder_joins_parts_in_order(tiny, tmp_path: Path, packed: bool) -> None:
    tiny.write(tmp_path / "second", packed=packed)
    x, y = IdxFolder(("first", "second"), tiny.parts, tiny.shape).read(Where(tmp_path))
    np.testing.assert_array_equal(x, tiny.x)
    np.testing.assert_array_equal(y, tiny.y)


def test_folder_that_holds_some_files_is_an_error_not_a_fallback(tiny, tmp_path: Path) -> None:
    tiny.write(tmp_path / "tiny")
    (tmp_path / "tiny" / "t10k-labels").unlink()
    with pytest.raises(ValueError, match="lacks t10k-labels") as caught:
        IdxFolder(("tiny",), tiny.parts, tiny.shape).read(Where(tmp_path))
    assert not isinstance(caught.value, Unavailable)


def mirror(folder: Path) -> str:
    return f"{folder.as_uri()}/"


def test_download_needs_leave(tiny, tmp_path: Path) -> None:
    served = tiny.write(tmp_path / "server", packed=True)
    with pytest.raises(Unavailable, match="not allowed"):
        IdxDownload((mirror(served),), "tiny", tiny.parts, tiny.shape).read(Where(tmp_path / "data"))
    assert not (tmp_path / "data").exists()


def test_download_takes_the_next_mirror_when_one_lies_and_keeps_the_files(tiny, tmp_path: Path) -> None:
    served = tiny.write(tmp_path / "server", packed=True)
    liar = tiny.write(tmp_path / "liar", packed=True)
    changed = bytearray(tiny.files["train-images"])
    changed[-1] ^= 1
    (liar / "train-images.gz").write_bytes(gzip.compress(bytes(changed)))
    (liar / "t10k-images.gz").write_bytes(bytes(2**21))  # more than the file can be
    mirrors = mirror(tmp_path / "nowhere"), mirror(liar), mirror(served)
    here = Where(tmp_path / "data", download=True)
    x, y = IdxDownload(mirrors, "tiny", tiny.parts, tiny.shape).read(here)
    np.testing.assert_array_equal(x, tiny.x)
    np.testing.assert_array_equal(y, tiny.y)
    assert sorted(path.name for path in here.folder.iterdir()) == ["tiny"]
    np.testing.assert_array_equal(IdxFolder(("tiny",), tiny.parts, tiny.shape).read(here)[0], tiny.x)


def test_failed_download_leaves_nothing_and_is_unavailable(tiny, tmp_path: Path) -> None:
    served = tiny.write(tmp_path / "server", packed=True)
    (served / "t10k-labels.gz").unlink()
    here = Where(tmp_path / "data", download=True)
    mirrors = mirror(served), "https://mirror.invalid/"
    with pytest.raises(Unavailable, match=r"no mirror served t10k-labels\.gz: .*mirror\.invalid: .*asked for the net"):
        IdxDownload(mirrors, "tiny", tiny.parts, tiny.shape).read(here)
    assert list(here.folder.iterdir()) == []


def test_download_into_a_place_that_cannot_be_written(tiny, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="file"):
        IdxDownload((), "tiny", tiny.parts, tiny.shape).read(Where(tmp_path / "file", download=True))
