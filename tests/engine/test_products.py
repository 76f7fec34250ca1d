"""No product is left to an accelerator's default, which cuts the factors of float32 to TF32."""

import jax
import jax.numpy as jnp
import pytest

import collapsebench as cb
from collapsebench.bench.programs import LoopProgram
from collapsebench.learning.language import decoder, generate
from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.decoding import Decoding

T, M = cb.targets, cb.models
FAMILIES = {
    "kde": (T.Normal(dim=2), M.KernelDensity(dim=2)),
    "linear": (T.Linear(), M.LinearRegression(fresh=True)),
    "logistic": (T.Logistic(), M.LogisticRegression(fresh=True)),
    "mixture": (T.GaussianMixture(), M.GaussianMixture()),
    "vae": (T.Normal(dim=2), M.VAE(hidden=(4,), latent=1)),
}


def products(jaxpr):
    """The precision of every product and convolution inside."""
    found = []
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("dot_general", "conv_general_dilated"):
            found.append(equation.params["precision"])
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda v: hasattr(v, "eqns")):
            inner = getattr(inner, "jaxpr", inner)
            found += products(inner) if hasattr(inner, "eqns") else []
    return found


def whole(found):
    return bool(found) and all(p is not None and {*p} == {jax.lax.Precision.HIGHEST} for p in found)


@pytest.mark.parametrize("family", FAMILIES)
def test_products_of_a_loop_keep_their_digits(family):
    target, model = FAMILIES[family]
    experiment = cb.Experiment(
        target=target, model=model, metrics=("nll",), n=20, generations=3, trajectories=2, holdout=8
    )
    assert whole(products(LoopProgram.of(experiment).trace().jaxpr.jaxpr))


def test_products_of_a_decoder_keep_their_digits():
    shape = Decoder(vocabulary=16, context=8, width=8, layers=1, heads=2)
    params, tokens = shape.random(jax.random.key(0)), jnp.zeros((2, 4), jnp.int32)
    assert whole(products(jax.make_jaxpr(lambda p: decoder.logits(shape, p, tokens))(params).jaxpr))
    draw = jax.make_jaxpr(lambda p: generate.generate(shape, p, jax.random.key(1), tokens, 3, Decoding()))(params)
    assert whole(products(draw.jaxpr))


def test_the_callers_own_precision_is_kept():
    shape = Decoder(vocabulary=16, context=8, width=8, layers=1, heads=2)
    params, tokens = shape.random(jax.random.key(0)), jnp.zeros((2, 4), jnp.int32)
    with jax.default_matmul_precision("tensorfloat32"):
        found = products(jax.make_jaxpr(lambda p: decoder.logits(shape, p, tokens))(params).jaxpr)
    assert found
    assert not whole(found)
