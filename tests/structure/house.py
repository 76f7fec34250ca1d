"""Structure of the package from its syntax trees: rooms, floors, arrows, circles, probes, `Any`, lines.

    python -m tests.structure.house [FOLDER]    prints them, of the package or of another copy of it

A room is a folder or a module in the package's root. An arrow is one room that imports from another, wherever in a file
the import stands. A room's floor is the longest way down from it; rooms that import each other, a circle, share one.
"""

import ast
import sys
from pathlib import Path

PACKAGE = "collapsebench"
HERE = Path(__file__).parents[2] / PACKAGE
FREE = {"specs", "cli"}
"""Rooms that may ask a part what it has: they meet what a user wrote before anything is known of it."""


def files(root=HERE):
    """(path, room) of every file of the package but `__init__.py` in its root."""
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts != ("__init__",):
            yield path, parts[0]


def imports(path, root=HERE):
    """Full names of the modules, or of names in modules, that a file imports."""
    package = (PACKAGE, *path.relative_to(root).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def arrows(root=HERE):
    """(room, imported room) -> the imports that make the arrow."""
    found = {}
    for path, room in files(root):
        for name in imports(path, root):
            parts = name.split(".")
            if parts[0] == PACKAGE and len(parts) > 1 and parts[1] != room and _exists(root, parts[1]):
                found.setdefault((room, parts[1]), []).append(f"{path.relative_to(root)}: {name}")
    return found


def _exists(root, room):
    return (root / room).is_dir() or (root / f"{room}.py").exists()


def floors(pairs, rooms):
    """(room -> floor, circles): a circle is a set of several rooms that reach each other."""
    below = {room: {b for a, b in pairs if a == room} for room in rooms}
    reach = {room: _reached(room, below) for room in rooms}
    groups = {room: frozenset({room} | {o for o in reach[room] if room in reach[o]}) for room in rooms}
    height = {}

    def of(group):
        if group not in height:
            under = {groups[b] for room in group for b in below[room]} - {group}
            height[group] = 1 + max((of(other) for other in under), default=-1)
        return height[group]

    return {room: of(groups[room]) for room in rooms}, {group for group in groups.values() if len(group) > 1}


def _reached(room, below):
    seen, todo = set(), [room]
    while todo:
        for other in below[todo.pop()] - seen:
            seen.add(other)
            todo.append(other)
    return seen


def probes(root=HERE):
    """Every `hasattr(...)` and `getattr(..., "constant"...)` outside of FREE: file and line."""
    for path, room in files(root):
        if room in FREE or path.name in {f"{name}.py" for name in FREE}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                constant = len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
                if node.func.id == "hasattr" or (node.func.id == "getattr" and constant):
                    yield f"{path.relative_to(root)}:{node.lineno}"


def anys(root=HERE):
    """How often `Any` stands in the signatures and class fields of the package."""
    count = 0
    for path, _ in files(root):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                arguments += [a for a in (node.args.vararg, node.args.kwarg) if a]
                count += sum(_any(a.annotation) for a in arguments) + _any(node.returns)
            elif isinstance(node, ast.ClassDef):
                count += sum(_any(s.annotation) for s in node.body if isinstance(s, ast.AnnAssign))
    return count


def _any(annotation):
    if annotation is None:
        return 0
    return sum(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(annotation))


def measure(root=HERE):
    """All of it, by name."""
    rooms = {room for _, room in files(root)}
    pairs = arrows(root)
    levels, circles = floors(pairs, rooms)
    return {
        "files in the root": len(list(root.glob("*.py"))) + len(list(root.glob("*.typed"))),
        "rooms": len(rooms),
        "floors": 1 + max(levels.values()),
        "arrows": len(pairs),
        "circles": [sorted(circle) for circle in circles],
        "probes": len(list(probes(root))),
        "Any in signatures": anys(root),
        "lines": sum(len(path.read_text().splitlines()) for path in root.rglob("*.py")),
        "by floor": [sorted(r for r in rooms if levels[r] == i) for i in range(1 + max(levels.values()))],
    }


if __name__ == "__main__":
    for name, value in measure(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE).items():
        print(f"{name:20} {value}")
