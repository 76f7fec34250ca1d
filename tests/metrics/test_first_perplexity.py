"""Perplexity of generated rows under the model of generation 0, against counts."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.parts.data import Batch
from collapsebench.parts.metric import View
from collapsebench.specs.errors import RequestError

LOOP = cb.Experiment(
    name="first", target=cb.targets.Text(tokenizer="bytes", block=3), model=cb.models.NGram(order=1), n=8, holdout=8,
    metrics=(cb.metrics.FirstPerplexity(),),
)  # fmt: skip


@pytest.mark.parametrize("quantile", [0.0, 0.5, 1.0])
def test_it_is_a_quantile_of_the_rows_that_weigh_by_the_first_model(quantile):
    """The first model knows symbols 0, 1, 2 by 4, 3, 2 of 9 counts; the last one only 2; a row of weight 0 is no row."""
    model = cb.models.NGram(order=1, classes=3, block=3, smoothing="maximum_likelihood")
    key = jax.random.key(0, impl="threefry2x32")

    def fitted(rows):
        x = jnp.asarray(rows, jnp.int32)
        return model.fit(key, model.init(key), Batch(x, jnp.ones(len(rows))))

    first, last = fitted([[0, 0, 0], [0, 1, 1], [1, 2, 2]]), fitted([[2, 2, 2]])
    rows = np.array([[0, 0, 0], [0, 1, 2], [2, 2, 2], [1, 1, 1]])
    said = Batch(jnp.asarray(rows, jnp.int32), jnp.array([1.0, 1.0, 1.0, 0.0]))
    view = View(LOOP.target, model, last, said, said, said, said, 1, first=first)
    nats = -np.log(np.array([4, 3, 2]) / 9)[rows[:3]].mean(axis=1)
    found = cb.metrics.FirstPerplexity(quantile)(key, view)
    np.testing.assert_allclose(found, np.exp(np.quantile(nats, quantile)), rtol=1e-5)


def test_counts_alone_have_no_rows_to_judge():
    with pytest.raises(RequestError, match="it reads single rows, which handover = summary never makes"):
        dataclasses.replace(LOOP, handover="summary")
