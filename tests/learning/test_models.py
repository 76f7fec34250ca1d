"""Trained networks: draws against densities, held-out rows, captions and guidance."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.learning.training import Training
from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import root_key
from collapsebench.parts.data import Batch
from collapsebench.specs.errors import RequestError

# A network takes ten seconds to compile: the fast tests keep to one.
NAMES = ("flow", *(pytest.param(name, marks=pytest.mark.slow) for name in ("vae", "diffusion")))
SIDE = 61


def grid():
    """Points of [-4, 5] x [-4, 4.5], and the area of one."""
    a, b = np.linspace(-4, 5, SIDE), np.linspace(-4, 4.5, SIDE)
    points = np.stack(np.meshgrid(a, b, indexing="ij"), axis=-1).reshape(-1, 2).astype(np.float32)
    return points, (a[1] - a[0]) * (b[1] - b[0])


@pytest.mark.parametrize("name", NAMES)
def test_density_holds_mass_one(fitted, name):
    points, area = grid()
    mass = np.exp(cb.log_prob(*fitted[name], points).astype(float)).sum() * area
    assert abs(mass - 1) < 0.04  # the particles' bound of a VAE is a little below


@pytest.mark.parametrize("name", NAMES)
def test_density_is_that_of_the_draws(fitted, name):
    """Moments by the density over a grid, and of 20000 draws: within 5 standard errors and the grid's own error."""
    points, area = grid()
    weight = np.exp(cb.log_prob(*fitted[name], points).astype(float)) * area
    drawn = cb.sample(*fitted[name], 20000).astype(float)
    for power in (1, 2):
        ours = (weight[:, None] * points**power).sum(axis=0) / weight.sum()
        error = (drawn**power).std(axis=0) / np.sqrt(len(drawn))
        assert (np.abs(ours - (drawn**power).mean(axis=0)) < 5 * error + 0.03).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_explains_new_rows_better_than_a_normal(fitted, moons, name):
    """By more than 5 standard errors of the difference."""
    fresh = np.asarray(cb.targets.Moons(noise=0.1).sample(jax.random.key(8), 4000))
    gaussian = cb.models.Gaussian(dim=2)
    gain = cb.log_prob(*fitted[name], fresh) - cb.log_prob(gaussian, cb.fit(gaussian, moons), fresh)
    assert gain.mean() > 5 * gain.std() / np.sqrt(len(gain))


@pytest.mark.slow
def test_codes_that_matter_bring_the_bound_closer(fitted, moons):
    model, params = fitted["vae"]
    one, many = (
        cb.log_prob(dataclasses.replace(model, particles=count), params, moons[:200]).mean() for count in (1, 64)
    )
    assert many > one


@pytest.mark.slow
def test_bias_narrows_the_draws(fitted):
    """Alemohammad et al. (2024): noise from N(0, b I)."""
    for name in ("flow", "vae"):
        model, params = fitted[name]
        narrow = cb.sample(dataclasses.replace(model, bias=0.25), params, 2000)
        assert np.trace(np.cov(narrow.T)) < 0.8 * np.trace(np.cov(cb.sample(model, params, 2000).T))


@pytest.fixture(scope="module")
def captioned():
    """A model of three normals with captions, of which caption 2 is rare, and its parameters."""
    random = np.random.default_rng(5)
    caption = random.choice(3, 1500, p=[0.5, 0.4, 0.1]).astype(np.int32)[:, None]
    x = np.array([[-2, 0], [2, 0], [0, 3]], np.float32)[caption[:, 0]] + 0.6 * random.standard_normal((1500, 2))
    model = cb.models.Diffusion(words=(3,), hidden=(32,), training=Training(steps=800, rate=3e-3))
    rows = Batch({"x": jnp.asarray(x, jnp.float32), "caption": jnp.asarray(caption)}, jnp.ones(1500))
    fit = jax.jit(lambda model, key, rows: model.fit(key, model.init(key), rows))
    return model, fit(as_leaves(model), root_key(0, "captions"), rows), caption


@pytest.mark.slow
def test_captions_come_as_often_as_they_were_seen(captioned):
    model, params, caption = captioned
    seen = np.bincount(caption[:, 0], minlength=3) / len(caption)
    np.testing.assert_allclose(params["captions"], seen, rtol=1e-5)
    drawn = cb.sample(model, params, 4000)
    share = np.bincount(drawn["caption"][:, 0], minlength=3) / 4000
    assert (np.abs(share - seen) < 5 * np.sqrt(seen * (1 - seen) / 4000)).all()


@pytest.mark.slow
def test_draws_are_where_their_caption_says(captioned):
    model, params, _ = captioned
    drawn = cb.sample(model, params, 3000)
    for token, centre in enumerate(((-2, 0), (2, 0), (0, 3))):
        mean = drawn["x"][drawn["caption"][:, 0] == token].mean(axis=0)
        np.testing.assert_allclose(mean, centre, atol=0.35)


@pytest.mark.slow
def test_guidance_narrows_the_draws(captioned):
    model, params, _ = captioned
    spread = []
    for guidance in (None, 1.0):
        drawn = cb.sample(dataclasses.replace(model, guidance=guidance), params, 3000)
        spread.append(np.trace(np.cov(drawn["x"][drawn["caption"][:, 0] == 0].T)))
    assert spread[1] < 0.9 * spread[0]


WRONG = {
    "model.likelihood = poisson": lambda: cb.models.VAE(likelihood="poisson"),
    "model.hidden = 6.5: it must be whole numbers in parentheses, such as (64, 64)": lambda: cb.models.VAE(hidden=6.5),
    "model.channels = (8, 8): 2 halvings need square images": lambda: cb.models.VAE(dim=2, channels=(8, 8)),
    "model.training = 5: it must be a Training": lambda: cb.models.VAE(training=5),
    "model.training.schedule = cosin": lambda: cb.models.VAE(training=Training(schedule="cosin")),
    "model.training.pieces = 3": lambda: cb.models.VAE(training=Training(batch=64, pieces=3)),
    "model.sampler = ancestral: flow matching": lambda: cb.models.Diffusion(sampler="ancestral"),
    "model.guidance = 1.0: it strengthens captions": lambda: cb.models.Diffusion(guidance=1.0),
    "model.dim = 1: half of the coordinates": lambda: cb.models.Flow(dim=1),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_network_is_refused_in_one_line(message):
    model = WRONG[message]()
    with pytest.raises(RequestError) as refusal:
        cb.Experiment(model=model, target=cb.targets.Normal(dim=model.dim))
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
