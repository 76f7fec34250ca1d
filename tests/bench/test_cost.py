"""Analytic work of one generation against XLA's count, and the bookkeeping of the harness."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.bench import cost, events
from collapsebench.bench.programs import LoopProgram
from collapsebench.bench.row import Row
from collapsebench.learning.training import Training
from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import root_key
from collapsebench.parts.data import Batch

BASE = cb.Experiment(name="cost", n=256, holdout=1, metrics=("variance",), trajectories=4, generations=3)


def counted(experiment, rows, params):
    """XLA's operations for drawing the correlations of n rows and for the fit, the normals being given."""
    model = experiment.model

    def fit(x):
        return model.fit(jax.random.key(0), params, Batch(x, jnp.ones(experiment.n)))

    return cost.xla_count("flops", fit, rows)


@pytest.mark.parametrize("dim", [16, 32])
def test_second_moments_are_counted_as_xla_counts_them(dim):
    """n d (d + 1) for the moments (XLA does all of n d^2 products and sums, 2 n d^2; symmetric halves are one)."""
    experiment = dataclasses.replace(
        BASE, model=cb.models.Gaussian(dim=dim), target=cb.targets.Normal(dim=dim), metrics=("variance",)
    )
    each = cost.per_generation(experiment)
    assert each.normals == 256 * dim
    moments = each.flops - 256 * dim * dim  # less the correlations of the draw
    found = counted(experiment, jnp.ones((256, dim)), experiment.model.init(jax.random.key(0)))
    assert (
        moments <= found <= 3 * moments
    )  # at least what must be done, at most with the mirrored half and the centring


@pytest.mark.parametrize("training", [Training(), Training(optimiser="sgd")], ids=["adam", "sgd"])
def test_a_networks_state_is_counted_as_xla_counts_it(training):
    """All but the writing of the slope, which the update is given; XLA may read the moments twice."""
    model = cb.models.VAE(dim=64, latent=20, hidden=(400,), training=training)
    params = jax.eval_shape(model.random_params, root_key(0, "cost"))
    transform = training.transform()

    def update(params, state, slope):
        change, state = transform.update(slope, state, params)
        return jax.tree.map(lambda p, c: p - 1e-3 * c, params, change), state

    found = cost.xla_count("bytes accessed", update, params, jax.eval_shape(transform.init, params), params)
    least = cost.FLOAT * cost.parameters(model) * (cost.state_copies(training) - 1)
    assert 0.99 * least <= found <= 1.5 * least


def test_what_is_not_written_down_has_no_limit():
    assert cost.per_generation(dataclasses.replace(BASE, handover="summary")) is None
    mixture = dataclasses.replace(BASE, model=cb.models.GaussianMixture(components=2), metrics=("nll",))
    assert cost.per_generation(mixture) is None


@pytest.mark.slow
def test_a_loop_program_is_the_run():
    program = LoopProgram.of(BASE)
    with events.watched() as seen:
        compiled = program.trace().lower().compile()
        found = program.result(compiled(*program.arguments()))
    assert seen.compiles >= 1
    np.testing.assert_array_equal(found.variance, cb.run(BASE).variance)
    with events.watched() as again:
        compiled(*program.arguments())
    assert again.compiles == 0


def test_rows_compare_with_the_best_rival():
    row = Row("r", "", "calls", 10.0, [1.0, 2.0, 1.0], [1, 1, 1], limits=[0.5],
              rivals={"slow": [1.0], "good": [5.0]})  # fmt: skip
    assert row.median == 1.0
    assert row.share(row.limits) == (0.5, 0.5, 0.5)
    assert row.share(row.products) is None
    assert row.times_faster() == ("good", 2.0, 2.0, 2.0)
    assert row.to_json()["times_faster"]["rival"] == "good"


@pytest.mark.parametrize(
    "model",
    [
        cb.models.VAE(dim=784, latent=20, hidden=(400,), likelihood="bernoulli", training=Training(batch=16)),
        cb.models.VAE(dim=784, latent=20, hidden=(), channels=(64, 128), training=Training(batch=16)),
        cb.models.Diffusion(hidden=(128, 64), training=Training(batch=16)),
        cb.models.Diffusion(dim=784, channels=(16, 32), training=Training(batch=16)),
    ],
    ids=["vae", "vae-convolutions", "diffusion", "u-net"],
)
@pytest.mark.slow
def test_a_training_step_is_counted_as_xla_counts_it(model):
    """Within a tenth: products are most of it; XLA counts activations too, and not a convolution's reach over an edge."""
    key = root_key(0, "cost")
    model = as_leaves(model)
    params = jax.eval_shape(model.init, key)
    rows = jax.ShapeDtypeStruct((16, model.dim), jnp.float32)
    found = cost.xla_count("flops", jax.value_and_grad(model.loss), params, key, rows)
    assert cost.training_step(model).flops == pytest.approx(found, rel=0.1)
