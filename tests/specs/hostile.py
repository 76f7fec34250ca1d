"""Reads hostile records and reports the outcome: the process of tests/specs/test_hostile.py.

    python -m tests.specs.hostile FOLDER COUNT FILES

FOLDER holds a module and an entry point that write a file when they are imported, and a module that is imported by its
caller, whose `__getattr__`, functions and classes write one when they are called. Prints JSON: what Python's audit hook
saw while COUNT records were read, FILES of them from a saved result, the modules that came, the refusals, and how many
were read.
"""

import copy
import importlib.metadata
import json
import random
import sys
from pathlib import Path

NAMES = [
    "os:system", "subprocess:Popen", "builtins:eval", "builtins:exec", "importlib:import_module", "antigravity:fly",
    "this:s", "evil_module:Thing", "evil_module.py:Thing", "evil_entry", "models.evil_entry", "trap:Call", "trap:call",
    "trap:Plain", "trap:nothing_there", "trap:Fine", "trap:Fine.__init__", "trap:Fine.__class__", "trap:", ":trap", ":",
    "collapsebench.cli:main", "collapsebench.runs.results:save", "collapsebench.specs.registry:import_object", "numpy:load",
    "__init__", "__main__", "__class__", "models.__init__", "models.__main__", "..", ".", "", "models.", ".gaussian", "a" * 10**6,
    "gaussian", "kde", "normal", "targets.normal", "models.gaussian", "replace", "variance", "kl", "truncate", "papers.kazdan",
    "kazdan", "Training", "Mixture", "View", "Program", "Normal", "Experiment", "Registry", "type", "object", "\x1b[2Jred",
    "gauss\nian", "gau\u0000ssian", "\u202egaussian", "../../etc/passwd", "vae", "truth", "trained", "dataset", "images",
]  # fmt: skip
FIELDS = ["name", "target", "model", "regime", "metrics", "n", "generations", "trajectories", "seed", "n_real", "holdout",
          "handover", "warm_start", "x64", "curator", "snapshots", "width", "record", "type", "dim", "params", "start",
          "training", "steps", "__class__", "__init__", "__dict__", "__getattr__", "registry_name", "\x1b[31m", ""]  # fmt: skip

KNOWN = ("result.nc", "entry_points.txt", ".zip")
"""What may be opened for reading: the result, and the lists of entry points, from which no name is loaded."""


def deep(levels, key=None):
    value = 1
    for _ in range(levels):
        value = [value] if key is None else {key: value} if key != "type" else {"type": "truth", "model": value}
    return value


def value(draw):
    """Something that does not belong there, or does."""
    name = draw.choice(NAMES)
    return draw.choice([
        lambda: name,
        lambda: {"type": name},
        lambda: {"type": name, draw.choice(FIELDS): value(draw)},
        lambda: {"type": "truth", "model": name, "params": value(draw)},
        lambda: {"type": "early_stopped", "model": {"string": name}},
        lambda: {"type": "trained", "model": "flow", "target": name},
        lambda: {"type": "dataset", "name": draw.choice(["/dev/zero.npy", "evil.csv", "iris", "\\\\host\\share\\x.csv"])},
        lambda: {"type": "images", "name": draw.choice(["digits", "mnist", "../x"])},
        lambda: {"type": "trap:Fine", "value": name},
        lambda: deep(draw.choice([3, 60, 900, 10_000]), draw.choice([None, "dict", "type", "array"])),
        lambda: {"array": [[0.5] * 200] * 100, "dtype": "float32"},
        lambda: {"array": draw.choice([[1, [2]], ["1"], [None], "x", [10**400], [1e300], {}]), "dtype": "float32"},
        lambda: {"array": [1], "dtype": draw.choice(["object", "O", "V8", "U9", "datetime64[s]", "float32,int8", "", 3])},
        lambda: {"array": [], "dtype": "int8", "shape": draw.choice([[0, 10**12], [-1], [2**70], ["a"], 7, [0] * 90])},
        lambda: {"sha256": "0" * 64, "dtype": "float32", "shape": draw.choice([[10**12], [2**70, 2], [-5], None])},
        lambda: draw.choice([None, True, -1, 0, 1.5, 10**400, 1e308, float("nan"), "inf", [], {}, [[]], 10**5 * "x"]),
        lambda: [value(draw) for _ in range(3)],
    ])()  # fmt: skip


def named(name):
    """Where a name alone may stand."""
    return ({"model": name}, {"target": {"type": "truth", "model": name}}, {"metrics": [{"type": name}]},
            {"target": {"type": "trained", "target": name}})  # fmt: skip


def usual(draw):
    """A field and a value that an experiment may have."""
    return draw.choice([
        ("n", 7), ("seed", 2**64 - 1), ("name", "\x1b[2Jred"), ("width", 10**30), ("snapshots", [0]), ("x64", True),
        ("curator", None), ("model", "gaussian"), ("model", {"type": "early_stopped", "model": "poisson"}),
        ("regime", {"type": "mix", "real_fraction": 1}),
        ("model", {"type": "flow", "dim": 1, "layers": 10**12, "start": {"type": "trap:Fine", "value": "os:system"}}),
        ("target", {"type": "dataset", "name": "/dev/zero.npy", "dim": 1}), ("target", {"type": "images", "name": "mnist"}),
        ("target", {"type": "truth", "params": {"array": ["nan"], "dtype": "float16"}}),
        ("target", {"type": "normal", "sd": "inf"}),
    ])  # fmt: skip


def hostile(draw, record):
    """A record with some of its fields, or of its parts' fields, replaced."""
    record = copy.deepcopy(record)
    for _ in range(draw.choice([0, 0, 1, 1, 2, 4])):
        at = record
        while draw.random() < 0.4 and (inner := [v for v in at.values() if isinstance(v, dict) and v]):
            at = draw.choice(inner)
        at[draw.choice([*at, draw.choice(FIELDS)])] = value(draw)
    record |= dict([usual(draw)])
    return draw.choice([value(draw), [record]]) if draw.random() < 0.03 else record


def as_text(data):
    """JSON of data that may be nested too deep for `json.dumps`; then text that is nested just as deep."""
    try:
        return json.dumps(data)
    except RecursionError:
        return '{"record": 2, "model": ' + '{"type": "truth", "model": ' * 10_000 + "1" + "}" * 10_001


def main(folder, count, files):
    sys.path.insert(0, folder)
    import h5py
    import trap

    import collapsebench as cb
    from collapsebench.runs import results
    from collapsebench.specs.registry import REGISTRIES

    for registry in REGISTRIES.values():
        registry.own_names()
    assert trap.Fine().value == 1
    plain = cb.Experiment(trajectories=3, generations=4)
    first = json.loads(Path(__file__).with_name("schema1.json").read_text())
    bases = [
        plain.to_json(),
        {"target": {"type": "moons"}, "model": {"type": "vae"}, "metrics": [{"type": "nll"}], "record": 2},
        *first.values(),
    ]
    path = Path(folder) / "result.nc"
    dataset = results.new_dataset(
        {c: (("trajectory", "generation"), random_columns()) for c in plain.columns}, {"generation": range(4)},
        {"schema": results.SCHEMA, "schema_version": "1.0", "experiment": json.dumps(bases[0])},
    )  # fmt: skip
    cb.profile(cb.load(cb.save(dataset, path)))  # what is imported when it is first needed, is
    assert "evil_entry" in {point.name for point in importlib.metadata.entry_points(group="collapsebench.models")}
    assert "evil_module" not in sys.modules
    draw = random.Random("hostile")
    records = [{**bases[0], **part} for name in NAMES for part in named(name)]
    records += [hostile(draw, draw.choice(bases)) for _ in range(count - len(records))]
    draw.shuffle(records)
    texts = [as_text(record) for record in records]

    def read_json(record, text):
        cb.Experiment.from_json(record)

    def read_file(record, text):
        with h5py.File(path, "r+") as file:
            file.attrs["experiment"] = text
        cb.profile(cb.load(path))

    found = {"events": [], "refusals": [], "read": 0, "other": []}
    before = set(sys.modules)
    watching = [True]

    def watch(event, arguments):
        if not watching[0]:
            return
        if event == "open" and arguments[1] in ("r", "rb") and str(arguments[0]).endswith(KNOWN):
            return
        wanted = event in ("import", "exec", "compile", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.remove",
                           "os.rename", "os.mkdir", "open", "pickle.find_class", "marshal.loads", "ctypes.dlopen")  # fmt: skip
        if wanted or event.startswith(("subprocess.", "socket.", "shutil.", "urllib.", "webbrowser.")):
            found["events"].append(f"{event} {str(arguments)[:200]}")

    sys.addaudithook(watch)
    for read, some in ((read_json, count), (read_file, files)):
        for record, text in zip(records[:some], texts[:some], strict=True):
            try:
                read(record, text)
                found["read"] += 1
            except cb.RequestError as refusal:
                found["refusals"].append(str(refusal))
            except Exception as error:
                found["other"].append(f"{read.__name__} {type(error).__name__}: {str(error)[:200]} of {text[:300]}")
    watching[0] = False
    print(json.dumps({**found, "modules": sorted(set(sys.modules) - before)}))


def random_columns():
    draw = random.Random("columns")
    return [[draw.random() for _ in range(4)] for _ in range(3)]


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
