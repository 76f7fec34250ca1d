"""Rendered digits: captions, hidden ones among them, and the loss of a model on prompts."""

import dataclasses

import jax
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.learning.training import Training
from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import root_key
from collapsebench.specs.errors import RequestError

KEY = root_key(0, "prompts")
TARGET = cb.targets.RenderedDigits(side=8, hidden=((3, 1, 1), (7, 0, 1)))


def test_hidden_captions_are_never_drawn():
    drawn = jax.jit(lambda target: target.sample(KEY, 4000))(as_leaves(TARGET))
    seen = {tuple(caption) for caption in np.asarray(drawn["caption"]).tolist()}
    assert len(seen) == 38
    assert seen.isdisjoint(TARGET.hidden)
    assert drawn["x"].shape == (4000, 64)
    assert float(drawn["x"].min()) >= 0
    assert float(drawn["x"].max()) <= 1


@pytest.mark.slow
def test_a_caption_says_what_is_drawn():
    """Thick digits have more ink than thin ones, an eight more than a one, and a slant moves the top to the right."""
    still = as_leaves(dataclasses.replace(TARGET, side=16, jitter=0.0))
    every = np.stack(np.unravel_index(np.arange(40), (10, 2, 2)), axis=1).astype(np.int32)
    x = np.asarray(still.render(KEY, every)).reshape(10, 2, 2, 16, 16)
    ink = x.sum(axis=(-1, -2))
    assert (ink[:, 1] > 1.3 * ink[:, 0]).all()
    assert (ink[8] > ink[1]).all()
    columns = (x * np.arange(16)).sum(axis=-1) / x.sum(axis=-1)  # where the ink is, row by row
    tilt = columns[..., 3] - columns[..., 12]
    assert (tilt[[0, 1, 3, 8], :, 1] > tilt[[0, 1, 3, 8], :, 0] + 1).all()


@pytest.mark.slow
def test_prompt_loss_sees_what_was_learned():
    """Training lowers the loss on captions that were given and, as the words combine, on those that were not."""
    from collapsebench.metrics.prompt_loss import PromptLoss

    model = cb.models.Diffusion(dim=64, hidden=(64,), words=(10, 2, 2), training=Training(steps=600, rate=2e-3))
    base = cb.Experiment(
        name="prompts", target=TARGET, model=model, metrics=(PromptLoss(), PromptLoss(unseen=False)), n=1000, generations=1,
        trajectories=2, holdout=16,
    )  # fmt: skip
    result = cb.sweep(base, {"model.training.steps": [0, 600]})
    for name in ("prompt_loss", "prompt_loss_2"):
        before, after = result[name].mean(("trajectory", "generation")).values
        assert after < 0.6 * before


def test_what_has_no_prompts_is_refused():
    with pytest.raises(RequestError, match="prompt_loss: it needs a target that renders"):
        cb.Experiment(metrics="prompt_loss")
    with pytest.raises(RequestError, match=r"model.words = \(10,\): the target's captions have words"):
        cb.Experiment(target=TARGET, model=cb.models.Diffusion(dim=64, words=(10,)))
