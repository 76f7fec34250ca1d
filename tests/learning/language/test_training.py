"""Training: the sharded step against plain optax, pieces and precision, adapters."""

import dataclasses
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from collapsebench.learning.language import decoder, sharded
from collapsebench.learning.language.adapters import adapted, adapters, merged
from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.training import Training, gradient
from collapsebench.specs.errors import RequestError

SHAPE = Decoder(vocabulary=11, context=8, width=8, layers=1, heads=2)
KEY = jax.random.key(0)
BLOCKS = jnp.asarray(np.random.default_rng(0).integers(0, 11, (4, 9)), jnp.int32)
PLAN = Training(batch=4, rate=1e-2, decay=0.1, decoupled=True, warmup=2.0)


def loss(params, key=None, blocks=BLOCKS):
    return decoder.token_nats(SHAPE, params, blocks[:, :-1], blocks[:, 1:]).mean()


@pytest.mark.slow
def test_a_step_is_adamw():
    params = SHAPE.random(KEY)
    step = sharded.training_step(SHAPE, dataclasses.replace(PLAN, pieces=2), over=sharded.mesh(jax.devices()[:1]))
    state = sharded.begin(params, PLAN)
    for i in range(3):
        state, value = step(state, i, BLOCKS[:, :-1], BLOCKS[:, 1:])
    by_hand = optax.adamw(lambda i: 1e-2 * jnp.minimum(1, (i + 1) / 2), weight_decay=0.1)
    memory, slope = by_hand.init(params), jax.jit(jax.value_and_grad(loss))
    for _ in range(3):
        wanted, gradients = slope(params)
        change, memory = by_hand.update(gradients, memory, params)
        params = optax.apply_updates(params, change)
    assert float(value) == pytest.approx(float(wanted), rel=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-5), state[0], params)


@pytest.mark.slow
def test_bfloat16_has_the_gradient_but_for_rounding():
    params = SHAPE.random(KEY, spread=0.3)
    ours, exact = (
        jax.jit(lambda p, t=t: gradient(loss, t, p, KEY, BLOCKS)[1])(params)
        for t in (dataclasses.replace(PLAN, precision="bfloat16"), PLAN)
    )
    a, b = (jnp.concatenate([x.ravel() for x in jax.tree.leaves(g)]) for g in (ours, exact))
    assert a.dtype == jnp.float32
    assert 0 < float(jnp.linalg.norm(a - b) / jnp.linalg.norm(b)) < 0.05


@pytest.mark.slow
def test_adapters_begin_at_nothing_and_merge():
    params = SHAPE.random(KEY, spread=0.5)
    factors = adapters(KEY, params, 2, ("qkv", "down"))
    assert float(loss(adapted(params, factors))) == pytest.approx(float(loss(params)), abs=1e-6)
    moved = jax.tree.map(lambda a: a + 0.1, factors)
    with_adapters = adapted(params, moved, scale=2.0)
    assert abs(float(loss(with_adapters)) - float(loss(params))) > 1e-3
    assert float(loss(merged(with_adapters))) == pytest.approx(float(loss(with_adapters)), abs=1e-5)


@pytest.mark.slow
def test_only_adapters_have_gradients_of_adapters():
    """The gradient by the factors is that of the merged matrix by the chain rule: dB = (x A)^T dy = A^T dW."""
    params = SHAPE.random(KEY, spread=0.5)
    factors = jax.tree.map(lambda a: a + 0.1, adapters(KEY, params, 2))
    found = jax.grad(lambda f: loss(adapted(params, f)))(factors)[0]["out"]
    whole = jax.grad(loss)(merged(adapted(params, factors)))["layers"][0]["out"]["w"]
    down, up = factors[0]["out"]
    np.testing.assert_allclose(found[0], whole @ up.T, atol=1e-6)
    np.testing.assert_allclose(found[1], down.T @ whole, atol=1e-6)


def test_impossible_plans_are_refused():
    params = SHAPE.random(KEY)
    with pytest.raises(RequestError, match="rank = 9: from 1 to 8"):
        adapters(KEY, params, 9)
    with pytest.raises(RequestError, match="products = head: not one of qkv, out, up, down"):
        adapters(KEY, params, 1, ("head",))
    with pytest.raises(RequestError, match=r"batch = 4: it must be a multiple of 1 devices x pieces = 3"):
        sharded.training_step(SHAPE, dataclasses.replace(PLAN, pieces=3), over=sharded.mesh(jax.devices()[:1]))


@pytest.mark.slow
def test_two_devices_train_like_one_and_generate_a_share_each():
    code = """
import jax, jax.numpy as jnp, numpy as np
from collapsebench.learning.language import sharded
from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.training import Training
shape = Decoder(vocabulary=11, context=8, width=8, layers=1, heads=2)
params, plan = shape.random(jax.random.key(0)), Training(batch=4, pieces=2)
x = jnp.asarray(np.random.default_rng(0).integers(0, 11, (4, 9)), jnp.int32)
ends = []
for over in (sharded.mesh(), sharded.mesh(jax.devices()[:1])):
    state, value = sharded.training_step(shape, plan, over)(sharded.begin(params, plan), 0, x[:, :-1], x[:, 1:])
    ends.append((state, value))
assert len(jax.devices()) == 2
jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), *jax.device_get(ends))
text = sharded.sharded_generate(shape, params, jax.random.key(1), x[:, :1], 6, Decoding())
assert text.shape == (4, 6) and not np.array_equal(text[:2], text[2:])
"""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | flags)
