"""Losses and gradients of every network against a PyTorch copy with the same weights (golden.py)."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.maths.numerics import as_leaves
from tests.learning import golden

GOLDEN = json.loads(golden.PATH.read_text())
CASES = {name: (model, x) for name, model, x in golden.cases()}


# Every network is a program to compile: the fast tests see one of each kind of layer.
FAST = ("vae convolutions", "flow")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n not in FAST)) for n in CASES])
def test_loss_and_gradient_are_pytorchs(name):
    with jax.enable_x64(True):
        model, x = CASES[name]
        model, x = as_leaves(model), jax.tree.map(jnp.asarray, x)
        weights = jax.tree.map(jnp.asarray, golden.weights(model))
        loss, slope = jax.jit(jax.value_and_grad(model.loss))(weights, golden.KEY, x)
        np.testing.assert_allclose(loss, GOLDEN[name]["loss"], rtol=1e-5)
        found = golden.probes(slope)
        assert found.keys() == GOLDEN[name]["gradient"].keys()
        for leaf, (size, probe) in GOLDEN[name]["gradient"].items():
            np.testing.assert_allclose(found[leaf][0], size, rtol=1e-5, atol=1e-9, err_msg=leaf)
            np.testing.assert_allclose(found[leaf][1], probe, rtol=1e-5, atol=1e-5 * size + 1e-9, err_msg=leaf)
