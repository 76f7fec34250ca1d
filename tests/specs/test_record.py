"""Records: round trips, stable digests, readable text; reading needs no data and runs nothing."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.experiment.sweep import Sweep
from collapsebench.learning.training import Training
from collapsebench.literature import catalogue
from collapsebench.literature.study import studies
from collapsebench.maths.distributions.mixture import Mixture
from collapsebench.runs import results
from collapsebench.specs import record
from collapsebench.specs.arrays import DTYPES, INLINE
from collapsebench.specs.names import FIELDS, NOUNS, type_name, unregistered
from collapsebench.specs.pytree import MADE
from tests.specs.defaults import defaults

CLASSES = {f"{noun}.{name}": cls for noun, registry in NOUNS.items() for name, cls in registry.items()}
FIELD = {noun: field for field, noun in FIELDS.items()}
STUDIES = {name: one for study in studies() for name, one in catalogue._experiments_of(study).items()}
HERE = Path(__file__).parent
MIXTURE = Mixture.spherical(np.array([[-1.0], [2.0]]), 0.5)
LARGE = np.arange(INLINE, dtype=np.float32)


@cb.spec
class Holder:
    """Fields of every kind, for values that no part of ours holds."""

    value: Any = None
    number: float = 0.5
    word: str = cb.static("plain")
    model: Any = None


def text_of(part, arrays=None):
    return json.dumps({"record": record.VERSION, **record.encode_fields(part, arrays)}, allow_nan=False)


def again(part):
    """The part after a way through JSON text."""
    arrays: dict[str, bytes] = {}
    return type(part)(**record.decode_fields(type(part), json.loads(text_of(part, arrays)), arrays))


def alike(first, second):
    """Equal, with the same types, and the same bits in arrays."""
    if hasattr(first, "dtype") and not dataclasses.is_dataclass(first):
        first, second = np.asarray(first), np.asarray(second)
        return (first.dtype, first.shape, first.tobytes()) == (second.dtype, second.shape, second.tobytes())
    if dataclasses.is_dataclass(first):
        names = [own.name for own in dataclasses.fields(first)]
        return type(first) is type(second) and all(alike(getattr(first, n), getattr(second, n)) for n in names)
    if isinstance(first, tuple):
        return isinstance(second, tuple) and len(first) == len(second) and all(map(alike, first, second))
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(alike(first[key], second[key]) for key in first)
    return type(first) is type(second) and (first == second or first != first)


def changed(own, random):
    """A value of a field that is not its default, by the type of the default."""
    value = own.default
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + int(random.integers(1, 100))
    if isinstance(value, float):
        return float(random.choice([random.normal(), np.inf, -np.inf, 5e-324, 1e22]))
    if isinstance(value, str):
        return value + random.choice([" ", "\n", "\u00fc", "inf"]) if own.name not in FIELDS else value
    if isinstance(value, tuple):
        return (*value, (3, 4), 5)
    if isinstance(value, Training):
        return Training(steps=7, decay=0.1, average=0.5, optimiser="sgd")
    return random.normal(size=(2, 1)).astype(np.float32)


@pytest.mark.parametrize("name", CLASSES)
def test_every_part_comes_back(name, random):
    holder = dataclasses.make_dataclass("One", [(FIELD[name.split(".")[0]], Any, None), ("elsewhere", Any, None)])
    cls = CLASSES[name]
    fields = [own for own in dataclasses.fields(cls) if own.init and own.default is not dataclasses.MISSING]
    fields = [own for own in fields if own.metadata.get("recorded", True)]
    parts = [cls()]
    for _ in range(5):
        some = [own for own in fields if random.random() < 0.5]
        static = [own for own in some if own.metadata.get("static") and own.default is None]
        parts.append(cls(**{own.name: changed(own, random) for own in some if own not in static}))
    for part in parts:
        assert alike(again(holder(part, (part,))), holder(part, (part,)))
    assert json.loads(text_of(holder(cls(), cls()))) == {
        "record": 2, FIELD[name.split(".")[0]]: {"type": name.split(".")[1]}, "elsewhere": {"type": name}
    }  # fmt: skip


VALUES = {
    "words that are numbers": (float("inf"), -float("inf"), float("nan"), "inf", "-inf", "nan", "infinity", "NaN"),
    "numbers": (0, 1, -1, 2**63, 10**30, 0.1, 1e-310, -0.0, 1.0, True, False, None),
    "nested": ((), ((1, (2.0, "three")), (True, None)), {"a": {"type": (1,), "array": {}}, "": ()}),
    "specs": (MIXTURE, Training(), cb.models.VAE(training=Training(rate=1.0)), Holder(value=Holder(number=2.0))),
    "arrays": tuple(np.asarray([0, 1, 2.5], dtype) for dtype in DTYPES if dtype != "bfloat16"),
    "odd arrays": (np.float32([np.nan, np.inf, -np.inf, -0.0]), np.asarray(3), np.zeros((0, 3)), np.zeros((2, 0), "int8"),
                   np.asarray([1, 2], ml_dtypes.bfloat16), np.ones((1, 2, 1), bool), np.asarray([2**64 - 1], "uint64")),
    "large arrays": (LARGE, LARGE.astype(ml_dtypes.bfloat16), LARGE.reshape(2, -1).T, np.zeros(INLINE + 1, bool)),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_every_value_comes_back(name):
    assert alike(again(Holder(VALUES[name])), Holder(VALUES[name]))


def test_numbers_of_numpy_are_numbers_and_names_are_words():
    written = [np.float32(0.5), np.int8(3), np.bool_(True), np.float64("-inf"), jnp.asarray(2.0)]
    read = again(Holder(tuple(written))).value
    assert alike(read[:4], (0.5, 3, True, -float("inf")))
    assert alike(read[4], np.float32(2.0))  # an array without dimensions stays one
    assert type(again(cb.models.KernelDensity(bandwidth="scott")).bandwidth).__name__ == "Name"


def test_bytes_of_an_array_in_either_order_are_one_digest():
    big = record.encode(LARGE.astype(">f4"))
    assert big == record.encode(LARGE)
    assert big["dtype"] == "float32"


def test_equal_experiments_have_one_digest():
    mixes = [cb.regimes.Mix(real_fraction=x) for x in (1.0, 1, np.float64(1))]
    assert len({cb.Experiment(regime=mix, n=n).digest for mix in mixes for n in (100, np.int64(100))}) == 1
    assert cb.Experiment(regime=mixes[0]).digest != cb.Experiment(regime=cb.regimes.Mix(real_fraction=0.5)).digest


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_every_experiment_of_a_study_comes_back(name):
    request = STUDIES[name]
    experiment = request if isinstance(request, cb.Experiment) else request.experiment
    arrays: dict[str, bytes] = {}
    text = json.dumps(experiment.to_json(arrays))
    assert cb.Experiment.from_json(json.loads(text), arrays).digest == experiment.digest
    assert "collapsebench." not in text  # a file may move
    assert len(text) < 3000


def test_a_record_is_a_page():
    model = cb.models.VAE(dim=4, hidden=(8,), training=Training(steps=10))
    found = cb.Experiment(name="page", target=cb.targets.Normal(dim=4), model=model, metrics="nll", x64=True).to_json()
    assert found == {
        "record": 2, "name": "page", "target": {"type": "normal", "dim": 4},
        "model": {"type": "vae", "dim": 4, "hidden": [8], "training": {"type": "Training", "steps": 10}},
        "regime": {"type": "replace"}, "metrics": [{"type": "nll"}], "n": 100, "generations": 50, "trajectories": 100,
        "seed": 0, "x64": True,
    }  # fmt: skip


def test_a_new_field_with_a_default_changes_no_digest():
    old = dataclasses.make_dataclass("Part", [("a", int, 1)], frozen=True)
    new = dataclasses.make_dataclass("Part", [("a", int, 1), ("b", float, 0.5)], frozen=True)
    assert record.encode(old(2)) == record.encode(new(2)) != record.encode(new(2, 1.0))


def test_written_records_keep_their_meaning():
    """A default that changes, or a field that goes, changes what records mean: see `defaults`."""
    now = defaults()
    for name, fields in json.loads((HERE / "defaults.json").read_text()).items():
        assert {field: now[name].get(field, "gone") for field in fields} == fields, name
    new = {name for name in now if name not in json.loads((HERE / "defaults.json").read_text())}
    assert not new, "python -m tests.specs.defaults > tests/specs/defaults.json"


def test_no_two_specs_of_ours_have_one_name(monkeypatch):
    names = [cls.__name__ for cls in unregistered()]
    assert len(names) == len(set(names))
    assert type_name(type(cb.distributions.Normal.standard(1)), "params") == "Normal"
    assert type_name(cb.targets.Normal, "target") == "normal"
    twin = type("Normal", (), {"__module__": "collapsebench.elsewhere"})
    monkeypatch.setitem(MADE, "collapsebench.elsewhere:Normal", twin)
    with pytest.raises(ValueError, match="two specs are called Normal"):
        record.encode(cb.distributions.Normal.standard(1))


@pytest.mark.parametrize("value", [print, object(), np.asarray(["a"]), np.asarray([1j]), {1: 2}, {"a": print}])
def test_what_has_no_record_is_refused_in_one_line(value):
    with pytest.raises(cb.RequestError, match=r"^value: ") as error:
        record.encode_fields(Holder(value))
    assert "\n" not in str(error.value)


# --- results --------------------------------------------------------------------------------------------------------


def result_of(experiment):
    """A result as a run makes it, of numbers that no run has made."""
    columns = np.ones((3, 2, len(experiment.columns)), np.float32)
    sizes = {"plan": {"width": 1}, "trajectories": range(3)}
    return results.from_columns(experiment, columns, {}, points=None, started=0.0, seconds=1.0, **sizes)


def test_large_arrays_are_variables_of_the_result(tmp_path):
    truth = cb.targets.Truth(
        model=cb.models.Categorical(classes=5000), params=np.linspace(0, 1, 5000, dtype=np.float32)
    )
    experiment = cb.Experiment(target=truth, model=cb.models.Categorical(classes=5000), metrics="nll")
    loaded = cb.load(cb.save(result_of(experiment), tmp_path / "large.nc"))
    assert len(loaded.attrs["experiment"]) < 1000
    found = results.experiment_of(loaded)
    assert alike(found.target.params, truth.params)
    assert found.digest == experiment.digest == loaded.attrs["digest"]
    assert results.experiment_of(cb.profile(loaded)).digest == experiment.digest
    (name,) = results.kept_records(loaded)
    with pytest.raises(cb.RequestError, match=f"array {name[13:]} is not beside the record"):
        cb.Experiment.from_json(json.loads(loaded.attrs["experiment"]))
    loaded[name].values[0] ^= 1
    with pytest.raises(cb.RequestError, match="is not what its digest says"):
        results.experiment_of(loaded)


def test_values_of_a_sweep_are_records():
    base = cb.Experiment(
        target=cb.targets.Categorical(classes=3), model=cb.models.Categorical(classes=3), metrics="nll"
    )
    probs = [np.asarray([0.2, 0.3, x]) for x in (0.5, 0.5 + 1e-12)]  # they print alike
    digests = {Sweep(base, {"target.probs": [p]}).digest for p in probs}
    assert len(digests) == 2
    found = Sweep(cb.Experiment(), {"regime": ["replace", cb.regimes.Mix()], "n": (10, 20)}).values_json()
    assert found == {"regime": ["replace", {"type": "mix"}], "n": [10, 20]}


def test_reading_needs_no_data_set_and_running_does():
    data = {
        "record": 2,
        "target": {"type": "dataset", "name": "/no/such.csv", "dim": 1},
        "metrics": [{"type": "variance"}],
    }
    experiment = cb.Experiment.from_json(data)
    assert experiment.target.name == "/no/such.csv"
    with pytest.raises(cb.RequestError, match="no such file"):
        cb.run(experiment)


# --- version 1 ------------------------------------------------------------------------------------------------------

FIRST = json.loads((HERE / "schema1.json").read_text())
"""Records that the last code before version 2 wrote."""


@pytest.mark.parametrize("name", FIRST)
def test_version_1_is_read(name, tmp_path):
    experiment = cb.Experiment.from_json(FIRST[name])
    dataset = result_of(experiment).assign_attrs(experiment=json.dumps(FIRST[name]))
    loaded = results.experiment_of(cb.load(cb.save(dataset, tmp_path / "first.nc")))
    assert loaded.digest == experiment.digest
    assert cb.Experiment.from_json(experiment.to_json()).digest == experiment.digest
    assert cb.profile(dataset).attrs["kind"] == "profile"


def test_version_1_means_what_it_meant():
    read = {name: cb.Experiment.from_json(data) for name, data in FIRST.items()}
    assert read["defaults"] == cb.Experiment()
    assert read["words"].model == cb.models.EarlyStopped(steps=float("inf"), decay=0.0)
    assert read["scott"].model == cb.models.KernelDensity(bandwidth="scott")
    assert read["training"].model == cb.models.Flow(training=Training(steps=3, decay=1e-4))
    assert read["names of parts"].target == cb.targets.Truth(model="kde")
    assert alike(read["arrays"].target.params, MIXTURE)
    assert type(read["a paper's class"].model).__name__ == "CorrectedGaussian"
    assert read["every part"].metrics[1].quantile == 0.01
    assert read["parameters"].model.start["params"]["layer_0"]["Dense_0"]["kernel"].dtype == np.float32
