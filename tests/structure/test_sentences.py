"""Every public module, class, function and method of the package has a docstring, as the syntax trees show it."""

import ast
from functools import cache

import pytest

from tests.structure import house

ROOMS = sorted({room for _, room in house.files()})
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def _public(name):
    return not name.startswith("_")


def _signature(node):
    """Whether it is one of several signatures of the function that follows them."""
    return any(isinstance(own, ast.Name) and own.id == "overload" for own in node.decorator_list)


def _names(tree, module):
    """Local name -> full name, of what a file imports from the package and of the classes that it defines."""
    names = {node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _documented(cls):
    """Names of a class's methods that have a docstring, and of its fields that a string follows."""
    yield from (node.name for node in cls.body if isinstance(node, FUNCTIONS) and ast.get_docstring(node))
    for field, after in zip(cls.body, cls.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield field.target.id


@cache
def _read(root):
    """(module, room, tree) of every file, and full name of a class -> (full names of its bases, documented names)."""
    files, classes = [], {}
    for path, room in house.files(root):
        parts = [house.PACKAGE, *path.relative_to(root).with_suffix("").parts]
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree = ast.parse(path.read_text())
        files.append((module, room, tree))
        names = _names(tree, module)
        for cls in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            bases = [names.get(base.id) for base in cls.bases if isinstance(base, ast.Name)]
            classes[f"{module}.{cls.name}"] = bases, set(_documented(cls))
    return files, classes


def undocumented(root=house.HERE):
    """(room, full name) of what is public and has no docstring.

    Exempt: `__call__` and the other special methods, whatever is nested in a function, an `overload`, and a method that
    overrides a documented one, for `help` shows the base's docstring.
    """
    files, classes = _read(root)

    def inherited(name, attribute):
        bases, _ = classes.get(name, ((), ()))
        return any(attribute in classes.get(base, ((), ()))[1] or inherited(base, attribute) for base in bases)

    for module, room, tree in files:
        if not ast.get_docstring(tree):
            yield room, module
        for node in tree.body:
            if not isinstance(node, FUNCTIONS | ast.ClassDef) or not _public(node.name) or _signature(node):
                continue
            if not ast.get_docstring(node):
                yield room, f"{module}.{node.name}"
            for method in (m for m in node.body if isinstance(node, ast.ClassDef) and isinstance(m, FUNCTIONS)):
                name = f"{module}.{node.name}"
                if _public(method.name) and not ast.get_docstring(method) and not inherited(name, method.name):
                    yield room, f"{name}.{method.name}"


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_public_has_a_docstring(room):
    assert not [name for other, name in undocumented() if other == room]


def test_what_has_none_is_told_from_what_inherits_one(tmp_path):
    room = tmp_path / "room"
    room.mkdir()
    (room / "base.py").write_text('"""D."""\nclass Base:\n    """D."""\n    def told(self):\n        """D."""\n')
    (room / "bare.py").write_text(
        "from collapsebench.room.base import Base as B\ndef f():\n    def inner(): ...\ndef _g(): ...\n"
        "class C(B):\n    def __call__(self): ...\n    def told(self): ...\n    def untold(self): ...\n"
        "class Alone:\n    def told(self): ...\n"
    )
    bare = ["", ".f", ".C", ".C.untold", ".Alone", ".Alone.told"]
    assert list(undocumented(tmp_path)) == [("room", f"collapsebench.room.bare{name}") for name in bare]
