"""Imports point one way, and only figures import matplotlib."""

import ast
from pathlib import Path

import collapsebench

ROOT = Path(collapsebench.__file__).parent
# Each layer may import itself (a noun's files: only their own package's nothing) and what stands before it.
LAYERS = [
    {"errors", "version"},
    {"types", "registry", "streams", "numerics", "linalg", "samplers"},
    {
        "distributions",
        "regime",
        "estimators",
        "em",
        "datasets",
        "theory",
        "sources",
        "learning",
        "networks",
        "network_model",
        "features",
    },
    {"models", "targets", "regimes", "curation", "metrics"},
    {"trajectory", "compiled"},
    {"loop"},
    {"experiment", "devices"},
    {"results"},
    {"runner"},
    {"sweeps", "by_hand"},
    {"ablation", "profiles"},
    {"figures", "drawing"},
    {"study"},
    {"papers", "studies"},
    {"reproduce", "catalogue", "contracts", "progress"},
    {"report"},
    {"bench"},
    {"commands"},
    {"cli"},
]
RANK = {name: i for i, layer in enumerate(LAYERS) for name in layer}
NOUNS = {"models", "targets", "regimes", "curation", "metrics"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            base = "collapsebench." if node.level else ""
            if node.module == "collapsebench" or (node.level and not node.module):
                yield from (f"collapsebench.{alias.name}" for alias in node.names)
            else:
                yield base + node.module if node.level else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT).with_suffix("")
        if relative.parts[0] != "__init__":
            yield path, relative.parts[0]


def test_every_module_has_a_place():
    assert {place for _, place in modules()} <= set(RANK)


def test_imports_point_one_way():
    wrong = []
    for path, place in modules():
        if place == "theory":
            continue
        for name in imports(path):
            parts = name.split(".")
            if parts[0] != "collapsebench" or len(parts) < 2 or parts[1] not in RANK or parts[1] == place:
                continue
            if RANK[parts[1]] > RANK[place] or (parts[1] in NOUNS and place in NOUNS):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


def test_a_noun_does_not_import_its_own_kind():
    wrong = []
    for path, place in modules():
        if place in NOUNS and path.name != "__init__.py":
            wrong += [f"{path.name}: {name}" for name in imports(path) if name.startswith(f"collapsebench.{place}.")]
    assert not wrong


def test_theory_imports_no_jax_and_nothing_of_ours():
    for path in (ROOT / "theory").glob("*.py"):
        found = {name.split(".")[0] for name in imports(path)}
        assert not found & {"jax", "flax", "xarray"}, path
        outside = [
            n for n in imports(path) if n.startswith("collapsebench.") and not n.startswith("collapsebench.theory")
        ]
        assert not [name for name in outside if (ROOT / f"{name.split('.')[1]}.py").exists()], path


def test_only_drawing_imports_matplotlib():
    users = {path.name for path, _ in modules() if any(name.startswith("matplotlib") for name in imports(path))}
    assert users == {"drawing.py"}
