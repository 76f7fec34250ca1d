"""Prompt loss: denoising loss on real images with captions that were hidden from training."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.estimators.means import mean_estimate
from collapsebench.maths.streams import part
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("prompt_loss")
@spec
class PromptLoss(Metric):
    """Mean denoising loss on fresh real images with captions hidden from training (or with the others).

    unseen: captions that are hidden from training (the target's `hidden`), else those that it gives. On `rows` images,
    the captions in turn; the standard error is that of the images.
    """

    unseen: bool = static(True)
    rows: int = static(64)

    estimates = True
    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError unless the target draws captions to order and the model has a denoising loss."""
        if not (experiment.target.renders and experiment.model.denoises):
            raise self.refuse("it needs a target that renders captions and a model that denoises; "
                                       "use rendered_digits and diffusion")  # fmt: skip
        if self.unseen and not experiment.target.hidden:
            raise self.refuse("target.hidden = (): no caption is hidden; prompt_loss with unseen=False")

    def __call__(self, key: Key, view: View) -> Estimate:
        prompts = view.target.prompts(hidden=self.unseen)
        caption = prompts[jnp.arange(self.rows) % prompts.shape[0]]
        rows = {"x": view.target.render(part(key, 0), caption), "caption": caption}
        return mean_estimate(view.model.losses(view.params, part(key, 1), rows))
