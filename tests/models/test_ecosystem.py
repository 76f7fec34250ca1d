"""Several models within a trajectory, and captions that evolve with images, through the whole engine."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench import theory
from collapsebench.maths.distributions.community import Community
from collapsebench.maths.distributions.normal import Normal

M = cb.models


@pytest.mark.slow
def test_models_that_share_a_pool(assert_law):
    """Between them and in common; told from no homogenisation, and from one model's pool."""
    eco = M.Ecosystem("gaussian", members=4, private=50, public=50, shared=0.6, own=0.5)
    result = cb.run(
        cb.Experiment(name="eco", model=eco, regime="augment", n=400, n_real=250, generations=5, trajectories=4000,
                      metrics=("disagreement", "mean_error"), holdout=1)
    )  # fmt: skip
    fits, sizes = np.arange(1, 6), {"private": 50, "public": 50, "drawn": 100}
    between, common = theory.ecosystem_law(4, fits, 0.6, 0.5, **sizes)
    assert_law(result["disagreement"].values, between, np.full(5, between[0]))
    assert_law(result["mean_error"].values, common, theory.ecosystem_law(1, fits, 0.6, 0.5, **sizes)[1])


@pytest.mark.slow
def test_images_of_frozen_captions(assert_law):
    """Told from equally many images for every caption. A word that real data lack keeps the start's variance, 1."""
    result = cb.run(
        cb.Experiment(name="captions", target=cb.targets.Captions(sd=1.0), model=M.Captioned(frozen=True), warm_start=True,
                      n=30, generations=5, trajectories=10_000, metrics=("within_log_variance",), holdout=1)
    )  # fmt: skip
    variance, fits = np.exp(result["within_log_variance"].values) / 2, np.arange(1, 6)
    assert_law(variance, theory.captioned_variance_law(30, 5, fits), theory.replace_variance_law(6, fits))


@pytest.mark.slow
def test_words_and_images_evolve_together(assert_law):
    """The words' frequencies are drawn by themselves: images far apart tell their squared norm by the mean's error."""
    result = cb.run(
        cb.Experiment(name="words", target=cb.targets.Captions(sd=0.0), model=M.Captioned(), warm_start=True, n=20,
                      generations=5, trajectories=10_000, metrics=("mean_error",), holdout=1)
    )  # fmt: skip
    fits, uniform = np.arange(1, 6), np.full(5, 0.2)
    spread = theory.mixed_error_law(0, 20, fits, variance=0.8, curvature=-1)  # E |p - uniform|^2 of the words
    found = result["mean_error"].values  # |sum p_k u_k|^2 has 5/2 of it in each of two of four equal modes
    assert_law(found, 5 / 2 * spread / 2, 5 / 2 * spread / 2 * 1.2, theory.replace_squared_norm_law(20, fits, uniform))


def test_nodes_of_a_community_are_those_of_all_members():
    means, covariances = (
        jnp.asarray([[0.0, 1.0], [4.0, 2.0]]),
        jnp.asarray([[[1.0, 0.5], [0.5, 2.0]], [[3.0, 0.0], [0.0, 0.1]]]),
    )
    members = jax.vmap(Normal.from_moments)(means, covariances)
    community = Community(members)
    nodes, (mean, covariance) = community.nodes(), community.moments()
    offset = nodes.x - mean
    np.testing.assert_allclose(nodes.w @ nodes.x, mean, rtol=1e-5)
    np.testing.assert_allclose((nodes.w[:, None] * offset).T @ offset, covariance, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "regime", "n_real", "message"),
    [
        (M.Ecosystem(private=10), "replace", 20, "private rows are kept for ever: use regime = augment"),
        (
            M.Ecosystem(private=10, public=5),
            "augment",
            20,
            "n_real = 20: it is 25 for 2 members of 10 rows and 5 public ones",
        ),
        (M.Captioned(captions=4), "replace", 20, "model.captions = 4: the target's captions have words = "),
    ],
)
def test_refusals(model, regime, n_real, message):
    target = cb.targets.Captions() if isinstance(model, M.Captioned) else cb.targets.Normal()
    with pytest.raises(cb.RequestError, match=message):
        cb.Experiment(name="no", target=target, model=model, regime=regime, n_real=n_real)


def test_private_rows_have_owners_only_as_rows():
    eco = M.Ecosystem(private=10, public=5)
    with pytest.raises(cb.RequestError, match="its private rows are rows of someone: use handover = samples"):
        cb.Experiment(name="no", model=eco, regime="augment", n_real=25, handover="population")


def test_disagreement_needs_several_models():
    with pytest.raises(cb.RequestError, match="no ecosystem"):
        cb.Experiment(name="no", metrics=("disagreement",))
