"""Contract checks of every registered class; a new file is tested without further code."""

import dataclasses

import jax
import pytest

from collapsebench.engine.draws import real_and_holdout
from collapsebench.engine.generation import empty_carry, generate
from collapsebench.maths.streams import root_key
from collapsebench.runs.contracts import CHECKS, gives_numbers, small_examples
from collapsebench.runs.runner import make_program
from collapsebench.specs.errors import RequestError
from collapsebench.specs.registry import METRICS, REGISTRIES

# Every handover is a program of its own to compile; the laws of each family run two of them anyway.
# Every metric alone is another; below they share a few.
SLOW = {"runs_or_refuses_each_handover", "regime_runs_or_refuses", "metric_measures"}
# Of the networks, a dozen seconds to compile each, the fast tests see what needs no program; tests/learning fits a flow.
NETWORKS = {"vae", "diffusion", "flow", "trained", "transformer", "pretrained"}
CHEAP = {"is_a_spec", "says_what_it_is"}


def _slow(name, check):
    return check.__name__ in SLOW or (name in NETWORKS and check.__name__ not in CHEAP)


CASES = [
    pytest.param(check, entry, id=f"{name}-{check.__name__}", marks=[pytest.mark.slow] * _slow(name, check))
    for kind, checks in CHECKS.items()
    for name, entry in REGISTRIES[kind].items()
    for check in checks
]


@pytest.mark.parametrize(("check", "entry"), CASES)
def test_contract(check, entry):
    check(entry())


def _accepts(example, metric):
    """Whether the example's model can be measured so: found by tracing, without compiling."""
    try:
        program, key = make_program(dataclasses.replace(example, metrics=(metric,))), root_key(0, "contract")
        generation, carry = jax.ShapeDtypeStruct((), "int32"), empty_carry(program, key)
        jax.eval_shape(
            lambda g, carry: generate(program, key, *real_and_holdout(program, key), g, carry), generation, carry
        )
    except RequestError:
        return False
    return True


@pytest.mark.slow
def test_every_metric_measures_beside_the_others():
    left = [entry() for _, entry in METRICS.items()]
    for example in small_examples():
        fit = tuple(metric for metric in left if _accepts(example, metric))
        if fit:
            gives_numbers(dataclasses.replace(example, metrics=fit))
        left = [metric for metric in left if metric not in fit]
    assert not left
