"""Names of specs in messages, in the columns of a result and in records, where a name must outlive a file's move.

A record calls our registered classes by their registered name (`"kde"` in a field that says the noun, `"models.kde"`
elsewhere) and our other specs by the name of their class (`"Training"`, `"Mixture"`). A module would tell the latter
apart for certain, but would change with every move of a file, and with it every digest; so no two of them may have the
same name. The target and the distribution that are both called Normal are no such pair: one is registered, and is
`"normal"`. Classes of other packages are `"package.module:Class"`.
"""

from __future__ import annotations

import re

from collapsebench.specs.errors import RequestError, nearest, shown
from collapsebench.specs.pytree import MADE
from collapsebench.specs.registry import CURATORS, METRICS, MODELS, REGIMES, REGISTRIES, TARGETS, Registry, imported

NOUNS: dict[str, Registry] = {
    "models": MODELS, "targets": TARGETS, "regimes": REGIMES, "curators": CURATORS, "metrics": METRICS
}  # fmt: skip
FIELDS = {"model": "models", "target": "targets", "regime": "regimes", "curator": "curators", "metrics": "metrics"}
"""Field name -> noun of the part that it holds, in an experiment or in another part."""
_LONGEST = 200
_OURS = __name__.split(".")[0]


def spec_name(part: object) -> str:
    """Name of a spec in messages: its registered name, or its `module:Class`."""
    cls = type(part)
    return cls.__dict__.get("registry_name") or f"{cls.__module__}:{cls.__qualname__}"


def short_name(part: object) -> str:
    """Name of a spec in a column: its registered name, or its class's name in lower case with underscores."""
    name = type(part).__name__
    return type(part).__dict__.get("registry_name") or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def type_name(cls: type, field: str) -> str:
    """Name of a class in a record, as the value of the field `field`. Raises ValueError for an ambiguous class name."""
    if not is_ours(cls.__module__):
        return f"{cls.__module__}:{cls.__qualname__}"
    if name := cls.__dict__.get("registry_name"):
        noun = next(noun for noun, registry in NOUNS.items() if registry.holds(name, cls))
        return name if FIELDS.get(field) == noun else f"{noun}.{name}"
    if len(same := unregistered(cls.__name__)) > 1:
        raise ValueError(f"two specs are called {cls.__name__}: {', '.join(c.__module__ for c in same)}; rename one")
    return cls.__name__


def find_type(name: object, field: str, where: str, *, moved: bool = False) -> type:
    """The spec class of a type name in a record: one of this package's, or one that the caller has imported.

    Nothing but our own folders is imported, and nothing is called. `where` is what an error begins with. moved: a
    `module:Class` of ours is found by its class, for its file may have moved since. Raises RequestError.
    """
    if not isinstance(name, str) or len(name) > _LONGEST:
        raise RequestError(f"{where}: its type is no name but {shown(name)}")
    if ":" in name:
        module, _, attribute = name.partition(":")
        return _find_unregistered(attribute, where) if moved and is_ours(module) else imported(name, where)
    if name[:1].isupper() or name.startswith("_"):
        return _find_unregistered(name, where)
    noun, dot, rest = name.partition(".")
    noun, rest = (noun, rest) if dot else (FIELDS.get(field, ""), name)
    return _find_registered(NOUNS[noun], rest, where) if noun in NOUNS else _find_unregistered(name, where)


def check_word(word: str, field: str, where: str) -> None:
    """Raise RequestError unless `word` is the name of a known part: its owner will call `Registry.get` with it.

    Where that would load an entry point, nothing is loaded, and the error says what to import.
    """
    if len(word) > _LONGEST:
        raise RequestError(f"{where} = {word}: no name is that long")
    if ":" in word:
        imported(word, where)
    else:
        _find_registered(NOUNS[FIELDS[field]], word, where)


def unregistered(name: str | None = None) -> list[type]:
    """Imported spec classes of this package that are in no registry: all, or those of one class name."""
    own = [cls for cls in MADE.values() if is_ours(cls.__module__) and "registry_name" not in vars(cls)]
    return [cls for cls in own if name in (None, cls.__name__)]


def is_ours(module: str) -> bool:
    """Whether a module belongs to this package."""
    return module.split(".")[0] == _OURS


def _find_registered(registry: Registry, name: str, where: str) -> type:
    found = registry.own(name)
    for made in MADE.values():  # what is registered need not be a spec, and then it is not built
        if made is found:
            return made
    if (module := registry.module_of(name)) is not None:
        raise RequestError(f"{where} = {name}: a class of another package; import {module} first")
    raise RequestError(f"{where} = {name}: no {registry.noun} of that name{nearest(name, registry.own_names())}")


def _find_unregistered(name: str, where: str) -> type:
    """The unregistered spec class of this package with this name; imports the folders of all nouns if need be."""
    if not unregistered(name):
        for registry in REGISTRIES.values():
            registry.own_names()
    match unregistered(name):
        case [found]:
            return found
    raise RequestError(f"{where} = {name}: no spec of that name{nearest(name, [c.__name__ for c in unregistered()])}")
