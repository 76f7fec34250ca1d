"""Structure of the package: imports point one way between rooms, peers never import each other, no probing of parts."""

import pytest

from tests.structure import house

FLOORS = [
    {"specs", "theory"},
    {"parts", "datasets"},
    {"maths"},
    {"experiment", "learning", "engine", "regimes", "curators"},
    {"models", "targets", "metrics", "mitigations", "runs"},
    {"analysis"},
    {"oversight"},
    {"show"},
    {"literature"},
    {"bench"},
    {"cli"},
]
"""Each room may import from rooms further up in this list only."""
FLOOR = {room: i for i, rooms in enumerate(FLOORS) for room in rooms}
NOUNS = {"models", "targets", "regimes", "curators", "metrics", "mitigations"}
PROBES = 10


def test_the_root_holds_two_files():
    assert {path.name for path in house.HERE.iterdir() if path.is_file()} == {"__init__.py", "py.typed"}


def test_every_room_has_a_floor():
    assert {room for _, room in house.files()} == set(FLOOR)


def test_imports_point_one_way():
    wrong = [line for (room, other), lines in house.arrows().items() if FLOOR[other] >= FLOOR[room] for line in lines]
    assert not wrong


def test_no_room_is_in_a_circle():
    pairs = house.arrows()
    levels, circles = house.floors(pairs, set(FLOOR))
    assert not circles
    assert max(levels.values()) < len(FLOORS)


@pytest.mark.parametrize("noun", sorted(NOUNS))
def test_files_of_a_noun_do_not_import_each_other(noun):
    wrong = []
    for path in (house.HERE / noun).glob("[!_]*.py"):  # the room's own door may name what is registered by no name
        own = f"collapsebench.{noun}.{path.stem}."
        names = (n for n in house.imports(path) if n.startswith(f"collapsebench.{noun}.") and not n.startswith(own))
        wrong += [f"{path.name}: {name}" for name in names]
    assert not wrong


def test_theory_imports_no_jax_and_nothing_of_ours_but_errors():
    allowed = ("collapsebench.theory", "collapsebench.specs.errors")
    for path in (house.HERE / "theory").rglob("*.py"):
        names = list(house.imports(path))
        assert not {name.split(".")[0] for name in names} & {"jax", "flax", "xarray"}, path
        ours = [name for name in names if name.startswith("collapsebench.")]
        assert not [name for name in ours if not name.startswith(allowed)], path


def test_only_drawing_imports_matplotlib():
    users = {path.name for path, _ in house.files() if any(n.startswith("matplotlib") for n in house.imports(path))}
    assert users == {"drawing.py"}


def test_nothing_is_unpickled_or_evaluated():
    wrong = []
    for path, _ in house.files():
        wrong += [f"{path.name}: {n}" for n in house.imports(path) if n.split(".")[0] in ("pickle", "marshal", "dill")]
    assert not wrong


def test_parts_are_not_probed():
    """What a part may say is declared in parts/; the few probes left are of other packages, the reason beside them."""
    assert len(list(house.probes())) <= PROBES


def test_any_stands_in_few_signatures():
    """Half of the 964 that there were before the contracts were typed."""
    assert house.anys() <= 482
