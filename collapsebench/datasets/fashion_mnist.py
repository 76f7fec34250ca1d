"""Fashion-MNIST, from IDX files: a Debian package, the data folder or a download."""

from __future__ import annotations

from collapsebench.datasets.idx import IdxDownload, IdxFolder, Part
from collapsebench.datasets.registry import dataset
from collapsebench.datasets.source import Source

SHAPE = (28, 28)
PARTS = (
    Part(
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        60000,
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    Part(
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
        10000,
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)
DIGEST = "e5a89dea1fb92660e15eeb72ad190b2fe158f55d2abb49198d17e8b586a0d9bc"
DEBIAN = "/usr/share/datasets/fashion-mnist"
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)


@dataset(
    licence="MIT (Zalando SE, 2017)",
    citation="Xiao, Rasul and Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking machine learning "
    "algorithms, arXiv:1708.07747",
    shape=SHAPE,
    classes=10,
)
def fashion_mnist() -> tuple[Source, ...]:
    """Photographs of clothing at 28 x 28, pixels 0 to 255, ten kinds: 60000 training rows, then 10000 test rows."""
    return (
        IdxFolder((DEBIAN,), PARTS, SHAPE, DIGEST, "debian", install="apt-get install dataset-fashion-mnist"),
        IdxFolder(("fashion_mnist", "fashion-mnist", "FashionMNIST/raw"), PARTS, SHAPE, DIGEST),
        IdxDownload(MIRRORS, "fashion_mnist", PARTS, SHAPE, DIGEST),
    )
