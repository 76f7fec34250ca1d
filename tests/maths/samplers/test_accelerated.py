"""What an accelerator computes in other steps is what a CPU does: the same draws, and sums that differ by rounding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.maths import gpu, kernel_sums, samplers
from collapsebench.maths.samplers import bits


@pytest.fixture
def both(monkeypatch):
    """A function that gives a function's values for 300 keys, as a CPU and as an accelerator compute them."""

    def values(function):
        found = []
        for there in (False, True):
            for module in (bits, kernel_sums):
                monkeypatch.setattr(module, "accelerated", lambda there=there: there)
            found.append(
                jax.tree.map(np.asarray, jax.jit(jax.vmap(function))(jax.random.split(jax.random.key(3), 300)))
            )
        return found

    return values


def test_rejection_draws_the_same(both):
    """Of a proposal that is refused half of the time, so that some draws are beyond the turns in one kernel."""

    def propose(high, low, scale):
        return jnp.where(low < np.uint32(1 << 31), bits.uniform_from(high, None, jnp.float32) * scale, bits.REFUSED)

    @bits.over_lanes
    def draws(k0, k1):
        scale = 1 + (k0 % 7).astype(jnp.float32)
        never = lambda high, low, scale: jnp.full_like(scale, bits.REFUSED)  # noqa: E731
        return bits.by_turns(propose, (never, never), k0, k1, bits.GAMMA, jnp.zeros_like(k0), scale)

    here, there = both(lambda key: draws(*bits.key_words(key)))
    np.testing.assert_array_equal(here, there)
    assert np.unique(here[here > 0]).size == here.size


@pytest.mark.parametrize("kernels", [False, True], ids=["XLA", "Pallas"])
def test_sums_differ_by_rounding(both, kernels, monkeypatch):
    centres = 150 + jax.random.normal(jax.random.key(1), (2, 300))  # where a place that is scaled is rounded by much
    points = 150 + jnp.linspace(-9, 9, 70)[None].repeat(2, 0)
    exponents = jnp.full(300, -np.log(280.0)).at[280:].set(-jnp.inf)

    def sums(key):
        top, rest = kernel_sums.log_sums(centres, jnp.zeros(300), exponents, points)
        normals = samplers.normal_totals(key, 1001, 1000)
        whole = samplers.normal_totals(key, 250, 250)  # in two strips of an odd number of turns
        means = normals[1] / 30, normals[2] / 1000, whole[1] / 15, whole[2] / 250
        return normals[0], *means, samplers.exponential_total(key, 101), top + jnp.log(rest)

    available = gpu.available
    monkeypatch.setattr(gpu, "INTERPRETED", not gpu.cuda())  # where there is such a device, it compiles them
    monkeypatch.setattr(gpu, "available", lambda: kernels and available() and bits.accelerated())
    monkeypatch.setattr(gpu, "_THREADS", 800)
    here, there = both(sums)
    np.testing.assert_array_equal(here[0], there[0])
    for a, b in zip(here[1:], there[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-6)
