"""Import without side effects: no backend, no flag, no environment variable; `--help` without JAX."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("collapsebench"))

IMPORT_EVERYTHING = """
import os
import jax
from jax._src import xla_bridge

def state():
    return dict(jax.config.values), dict(os.environ), xla_bridge.backends_are_initialized()

before = state()
import collapsebench as cb
for name in cb.__all__:
    getattr(cb, name)
from collapsebench.specs.registry import REGISTRIES
assert all(registry.names() for noun, registry in REGISTRIES.items() if noun in ("models", "targets", "regimes"))
assert not before[2]
assert state() == before, "the import changed a flag, the environment, or started a backend"
"""

HELP_ONLY = """
import sys
from collapsebench.cli import main
commands = "list", "run", "ablate", "profile", "reproduce", "bench", "compare", "check", "doctor"
for words in ([], *([command] for command in commands)):
    try:
        main([*words, "--help"])
    except SystemExit as stop:
        assert not stop.code
heavy = {"jax", "flax", "xarray", "matplotlib", "scipy"} & set(sys.modules)
assert not heavy, f"--help imports {sorted(heavy)}"
"""

RUN_ONLY = """
import sys, tempfile
from collapsebench.cli import main
from collapsebench.runs import runner
def reached(*arguments, **options):
    raise SystemExit(9)
runner.run = reached
try:
    with tempfile.TemporaryDirectory() as folder:
        main(["run", "gaussian", "--out", folder])
except SystemExit as stop:
    assert stop.code == 9, stop.code
else:
    raise AssertionError("nothing was run")
heavy = {"flax", "optax", "xarray", "pandas", "matplotlib", "scipy", "sklearn"} & set(sys.modules)
assert not heavy, f"the way to a first run imports {sorted(heavy)}"
"""


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("code", [IMPORT_EVERYTHING, HELP_ONLY, RUN_ONLY], ids=["import", "help", "run"])
def test_import_has_no_side_effect(code):
    done = python(code)
    assert done.returncode == 0, done.stderr


def test_help_takes_under_300_ms():
    """Processor time, the best of five: what a clock shows on an idle machine, whatever else runs here."""

    def once():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True)
        assert "reproduce" in done.stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(once() for _ in range(5)) < 0.3


def test_wrong_request_is_one_line_and_exit_code_2():
    done = subprocess.run([COMMAND, "run", "no-such-thing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no-such-thing" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
