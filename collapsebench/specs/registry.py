"""One registry per noun, filled by the files in the noun's folder and by the entry points of other packages.

A name never imports a module that it spells: `package.module:Class` finds what has been imported already, because names
also stand in files that somebody else wrote. What a user has typed is imported by `import_object`, and by nothing else.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from collapsebench.specs.errors import RequestError, nearest, shown
from collapsebench.specs.pytree import MADE

Class = TypeVar("Class", bound=type)


class Registry:
    """Registry of one noun: classes by name, from the noun's folder and from entry points, loaded on first use."""

    def __init__(self, noun: str, package: str, group: str | None = None) -> None:
        self.noun = noun
        self._package = package
        self._group = group or package
        self._entries: dict[str, Any] = {}
        self._filled = False

    def register(self, name: str) -> Callable[[Class], Class]:
        """Class decorator: register under `name` a class that needs no arguments and has small, fast defaults."""

        def add(entry: Class) -> Class:
            if self._entries.get(name, entry).__qualname__ != entry.__qualname__:
                raise ValueError(f"{self.noun} {name!r} is registered twice")
            entry.registry_name = name  # type: ignore[attr-defined]
            self._entries[name] = entry
            return entry

        return add

    def holds(self, name: str, cls: type) -> bool:
        """Whether a class is the one of that name. A class that is there has been imported: nothing else is."""
        return self._entries.get(name) is cls

    def _import_folder(self) -> None:
        """Import every file in the noun's own folder."""
        folder = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(folder.__path__):
            importlib.import_module(f"{self._package}.{module.name}")

    def _fill(self) -> None:
        if self._filled:
            return
        self._filled = True  # before it is: a file may look up a neighbour while it is imported
        try:
            self._import_folder()
            for point in importlib.metadata.entry_points(group=self._group):
                if point.name not in self._entries:
                    self.register(point.name)(point.load())
        except BaseException:
            self._filled = False  # the next look-up meets the same error, and not a registry half full
            raise

    def own(self, name: str) -> Any:
        """The class of that name in the noun's folder or registered already; None if there is none.

        Our folder's file of that name is asked first, and often no other is imported. No entry point is loaded.
        """
        if name not in self._entries and name.isidentifier() and not name.startswith("_"):
            file = f"{self._package}.{name}"
            if importlib.util.find_spec(file) is not None:
                importlib.import_module(file)
        if name not in self._entries:
            self._import_folder()
        return self._entries.get(name)

    def own_names(self) -> tuple[str, ...]:
        """Sorted names of the classes that `own` returns."""
        self._import_folder()
        return tuple(sorted(self._entries))

    def module_of(self, name: str) -> str | None:
        """The module of the entry point of that name, which is not imported; None without such an entry point."""
        points = importlib.metadata.entry_points(group=self._group)
        return next((point.module for point in points if point.name == name), None)

    def names(self) -> tuple[str, ...]:
        """Sorted names of all registered classes, those of entry points included."""
        self._fill()
        return tuple(sorted(self._entries))

    def items(self) -> Iterator[tuple[str, type]]:
        """Pairs (name, class) of all registered classes, in the order of `names`."""
        return ((name, self._entries[name]) for name in self.names())

    def __contains__(self, name: object) -> bool:
        """Whether a name is registered, here or by an entry point."""
        if not isinstance(name, str):
            return False
        if self.own(name) is None:
            self._fill()
        return name in self._entries

    def get(self, name: str, where: str = "") -> type:
        """The class registered as `name`, or the imported spec class called `package.module:Class`.

        where: what an error begins with (by default the noun). Raises RequestError, with the nearest known name or what to
        import.
        """
        where = where or self.noun
        if not isinstance(name, str):
            raise RequestError(f"{where} = {shown(name)}: it must be a name, such as {self.names()[0]}")
        if ":" in name:
            return imported(name, where)
        if name in self:
            return self._entries[name]
        for entry in self._entries.values():
            if getattr(entry, "__name__", None) == name:
                return entry
        raise RequestError(f"{where} = {name}: not one of {', '.join(self.names())}{nearest(name, self.names())}")

    def build(self, value: Any, **arguments: Any) -> Any:
        """A spec built from its registered name and `arguments`; a value that is no string is returned unchanged."""
        return self.get(value)(**arguments) if isinstance(value, str) else value

    def attribute(self, name: str) -> Any:
        """Module `__getattr__` of the noun's folder: a class by its class name, as in `cb.models.Gaussian`."""
        for more in () if name.startswith("_") else (self._import_folder, self._fill):  # ours load no other package
            more()
            for entry in self._entries.values():
                if getattr(entry, "__name__", None) == name:
                    return entry
        raise AttributeError(f"module {self._package!r} has no attribute {name!r}{nearest(name, self.classes())}")

    def classes(self) -> list[str]:
        """Sorted class names of all registered classes, for `dir()`."""
        return sorted({entry.__name__ for _, entry in self.items() if hasattr(entry, "__name__")})

    def one_line(self, name: str) -> str:
        """First line of the docstring of the class registered as `name`."""
        return (inspect.getdoc(self.get(name)) or "").split("\n")[0]


def imported(path: str, field: str) -> type:
    """The spec class `package.module:Class`, if its module has been imported already; imports nothing.

    Raises RequestError that says what to import.
    """
    if path in MADE:
        return MADE[path]
    module = path.rpartition(":")[0]
    if module in sys.modules:
        classes = [name for name in MADE if name.startswith(f"{module}:")]
        raise RequestError(f"{field} = {path}: {module} is imported and has no such spec{nearest(path, classes)}")
    raise RequestError(f"{field} = {path}: import {module} first; a name in a record or a spec imports nothing")


def import_object(path: str) -> Any:
    """Import the object that a user names as `package.module:Name` or `folder/file.py:Name`.

    Raises RequestError, one line.
    """
    source, _, attribute = path.rpartition(":")
    module: ModuleType | None = None
    try:
        module = _import_file(Path(source)) if source.endswith(".py") else importlib.import_module(source)
        return getattr(module, attribute)
    except RequestError:
        raise
    except (Exception, SystemExit) as error:  # whatever a stranger's file does while it is imported, or asked
        if not isinstance(error, AttributeError) or module is None:
            raise RequestError(f"{path}: {_one_line(error)}") from error
    names = [name for name in vars(module) if not name.startswith("_")]
    raise RequestError(f"{path}: {source} has no {attribute or 'name after the colon'}{nearest(attribute, names)}")


def _import_file(path: Path) -> ModuleType:
    """The module of a Python file, named by its stem and imported only once. Raises RequestError."""
    path = path.resolve()
    if not path.is_file():
        raise RequestError(f"{path}: no such file")
    for module in list(sys.modules.values()):
        known = getattr(module, "__file__", None)
        if known and Path(known).name == path.name and Path(known).resolve() == path:
            return module
    if path.stem in sys.modules:
        raise RequestError(f"{path}: another module is called {path.stem}; rename the file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise RequestError(f"{path}: not a Python file")
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)  # pytrees and repr look it up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module


def _one_line(error: BaseException) -> str:
    """Class and message of an error, with the file and line at which an import failed."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}, line {error.lineno})"
    message = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
    machinery = (__file__, importlib.__file__)
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if f.filename not in machinery and f.filename[0] != "<"
    ]
    if not frames:
        return message
    home = Path(frames[0].filename).parent
    frame = [f for f in frames if home in Path(f.filename).parents][-1]
    return f"{message} ({frame.filename}, line {frame.lineno})"


MODELS = Registry("model", "collapsebench.models")
TARGETS = Registry("target", "collapsebench.targets")
REGIMES = Registry("regime", "collapsebench.regimes")
CURATORS = Registry("curator", "collapsebench.curators")
METRICS = Registry("metric", "collapsebench.metrics")
MITIGATIONS = Registry("mitigation", "collapsebench.mitigations")
PAPERS = Registry("paper", "collapsebench.literature.papers", "collapsebench.papers")
STUDIES = Registry("study", "collapsebench.literature.studies", "collapsebench.studies")

REGISTRIES = {
    "models": MODELS, "targets": TARGETS, "regimes": REGIMES, "curators": CURATORS, "metrics": METRICS,
    "mitigations": MITIGATIONS, "papers": PAPERS, "studies": STUDIES,
}  # fmt: skip
