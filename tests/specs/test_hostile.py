"""Hostile records: nothing that they name is imported, called, opened or started."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import collapsebench as cb
from collapsebench.specs import record

COUNT, FILES = 1000, 200
BOOBY = "from pathlib import Path\nPath(__file__).with_suffix('.ran').write_text('ran')\nclass Thing: pass\n"
TRAP = """
from pathlib import Path
import dataclasses
import collapsebench as cb

def call(*arguments, **named):
    Path(__file__).with_suffix('.ran').write_text('ran')

def __getattr__(name):
    call()

class Call:
    def __init__(self, *arguments, **named):
        call()

@dataclasses.dataclass(frozen=True)
class Plain:
    x: int = 0
    def __post_init__(self):
        call()

@cb.spec
class Fine:
    value: object = 1
"""


def test_a_strangers_records_run_nothing(tmp_path):
    (tmp_path / "evil_module.py").write_text(BOOBY)
    (tmp_path / "trap.py").write_text(TRAP)
    about = tmp_path / "evil-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: evil\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[collapsebench.models]\nevil_entry = evil_module:Thing\n")
    command = [sys.executable, "-m", "tests.specs.hostile", str(tmp_path), str(COUNT), str(FILES)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["other"] == []
    assert found["modules"] == []
    assert found["events"] == []
    assert not list(tmp_path.glob("*.ran"))
    assert done.stderr == ""
    assert found["read"] + len(found["refusals"]) == COUNT + FILES
    assert found["read"] > 50  # else the records were so broken that nothing was tried
    for line in found["refusals"]:
        assert line.isprintable()
        assert len(line) < 300


def nested(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


WRONG = {
    "model = subprocess:Popen: subprocess is imported and has no such spec": {
        "model": {"type": "subprocess:Popen", "args": "id"}},
    "model = os:getcwd: os is imported": {"model": "os:getcwd"},
    "target.model = os:getcwd: os is imported": {"target": {"type": "truth", "model": "os:getcwd"}},
    "target.target = turtle:Turtle: import turtle first": {"target": {"type": "trained", "target": "turtle:Turtle"}},
    "model = my.package:Laplace: import my.package first": {"model": {"type": "my.package:Laplace"}},
    "model = __init__: no spec of that name": {"model": {"type": "__init__"}},
    "model = gausian: no model of that name, did you mean 'gaussian'?": {"model": {"type": "gausian"}},
    "model: Gaussian has no field '__class__'": {"model": {"type": "gaussian", "__class__": 1}},
    "target: Normal has no field 'variance'": {"target": {"type": "normal", "variance": 1}},
    "experiment: Experiment has no field 'trajectory', did you mean 'trajectories'?": {"trajectory": 3},
    "target.params: Mixture needs log_scale, factor": {"target": {
        "type": "truth", "params": {"type": "Mixture", "log_weights": 0, "mean": 0}}},
    "regime.real_fraction = 'half': it must be of type float": {"regime": {"type": "mix", "real_fraction": "half"}},
    "model.dim = array([1], dtype=int8): it must be of type int": {
        "model": {"type": "gaussian", "dim": {"array": [1], "dtype": "int8"}}},
    "model.training.steps = 'many': it must be of type int": {
        "model": {"type": "vae", "training": {"type": "Training", "steps": "many"}}},
    "model = normal: no model of that name": {"model": {"type": "normal"}},
    "model = normal: a model derives from collapsebench.Model": {"model": {"type": "targets.normal"}},
    "target.params = kde: no spec of that name": {"target": {"type": "truth", "params": {"type": "kde"}}},
    "metrics = normal: a metric derives from collapsebench.Metric": {"metrics": [{"type": "targets.normal"}]},
    "n = '\\x1b[2J': it must be a whole number": {"n": "\x1b[2J"},
    "snapshots: it is nested more than 50 levels deep": {"snapshots": nested(10_000)},
    "seed: an array of 8000 bytes is written out; at most 4096": {"seed": {"array": [1.0] * 1000, "dtype": "float64"}},
    "seed: dtype = 'object', not one of": {"seed": {"array": [1], "dtype": "object"}},
    "seed: array abc is not beside the record": {"seed": {"sha256": "abc", "dtype": "int8", "shape": [10**15]}},
    "record = 3: this version of collapsebench reads 1 to 2": {"record": 3},
    "record = True: this version": {"record": True},
    "record: it must be a JSON object, not a value of type list": [],
}  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_record_is_one_line(line):
    data = WRONG[line]
    with pytest.raises(cb.RequestError) as error:
        cb.Experiment.from_json({"record": record.VERSION, **data} if isinstance(data, dict) else data)
    assert str(error.value).startswith(line)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("text", ["", "{", "[" * 10_000 + "]" * 10_000, "1" * 5000, "\x1b[2J", None, b"{}"])
def test_text_that_is_no_json_is_one_line(text):
    with pytest.raises(cb.RequestError) as error:
        record.parse(text, "experiment")
    assert str(error.value).startswith("experiment: ")
    assert str(error.value).isprintable()


def test_a_class_of_the_callers_is_built():
    @cb.spec
    class Mine(cb.models.Gaussian):
        """A class that is in no registry, and in no module's names either."""

        more: float = 1.0

    experiment = cb.Experiment(model=Mine(more=2.0))
    assert experiment.to_json()["model"]["type"] == f"{__name__}:{Mine.__qualname__}"
    assert cb.Experiment.from_json(experiment.to_json()) == experiment
    assert cb.Experiment(model=f"{__name__}:{Mine.__qualname__}").model == Mine()


FRESH = """
import json, sys
from collapsebench.experiment.experiment import Experiment
for data in json.load(sys.stdin):
    print(Experiment.from_json(data).digest)
"""


def test_a_new_process_finds_what_it_has_not_imported():
    """Our own classes, registered or not, in whichever file they are."""
    first = json.loads(Path(__file__).with_name("schema1.json").read_text())
    for name in ("a paper's class", "arrays"):
        written = [first[name], (experiment := cb.Experiment.from_json(first[name])).to_json()]
        done = subprocess.run(
            [sys.executable, "-c", FRESH], input=json.dumps(written), capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == [experiment.digest] * 2
