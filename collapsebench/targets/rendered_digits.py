"""Rendered-digits target: digits drawn by a formula from a caption such as "a three, thick, slanted"."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from collapsebench.maths import samplers
from collapsebench.maths.streams import part
from collapsebench.parts.data import Kind
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static, within
from collapsebench.specs.registry import TARGETS

WORDS = (10, 2, 2)
"""Vocabularies of a caption: the digit; thin or thick; upright or slanted."""
_BARS = {
    "top": ((0.2, 0.1), (0.8, 0.1)), "right": ((0.8, 0.1), (0.8, 0.5)), "below": ((0.8, 0.5), (0.8, 0.9)),
    "bottom": ((0.2, 0.9), (0.8, 0.9)), "under": ((0.2, 0.5), (0.2, 0.9)), "left": ((0.2, 0.1), (0.2, 0.5)),
    "middle": ((0.2, 0.5), (0.8, 0.5)), "nose": ((0.5, 0.3), (0.8, 0.1)), "leg": ((0.8, 0.1), (0.4, 0.9)),
}  # fmt: skip
_DIGITS = (
    "top right below bottom under left", "nose right below", "top right middle under bottom",
    "top right middle below bottom", "left middle right below", "top left middle below bottom",
    "top left middle under bottom below", "top leg", "top right below bottom under left middle",
    "middle left top right below bottom",
)  # fmt: skip
_MOST = max(len(bars.split()) for bars in _DIGITS)
_STROKES = np.array(
    [[_BARS[name] for name in np.resize(bars.split(), _MOST)] for bars in _DIGITS], np.float32
)  # [digit, stroke, end, (x, y)], short digits with strokes twice


@TARGETS.register("rendered_digits")
@spec
class RenderedDigits(Target):
    """Digits of straight strokes, `side` x `side` pixels from 0 to 1, captioned by digit, thickness and slant.

    hidden: captions that are never drawn, ((3, 1, 1),) for "a three, thick, slanted": whether a model can combine what
    it knows is measured by the metric prompt_loss. jitter: size of the random shift, scale, slant and thickness.
    """

    side: int = static(12)
    hidden: tuple[tuple[int, ...], ...] = static(((3, 1, 1), (7, 0, 1)))
    jitter: float = within(1.0, low=0)

    kind = Kind.CAPTIONED
    words = WORDS
    has_density = False
    renders = True
    pictures = True

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of pixels of an image."""
        return self.side * self.side

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for hidden captions that do not exist."""
        for caption in self.hidden:
            if len(caption) != len(WORDS) or not all(
                0 <= token < size for token, size in zip(caption, WORDS, strict=True)
            ):
                raise RequestError(f"target.hidden = {caption}: a caption is three numbers below {WORDS}")
        if len(set(self.hidden)) >= np.prod(WORDS):
            raise RequestError("target.hidden: it hides every caption there is")

    def prompts(self, hidden: bool) -> Int[Array, "captions words"]:
        """Captions [captions, words]: those that are never drawn, if `hidden`, or all the others."""
        every = np.stack(np.unravel_index(np.arange(np.prod(WORDS)), WORDS), axis=1).astype(np.int32)
        away = np.array([tuple(caption) in self.hidden for caption in every.tolist()])
        return jnp.asarray(every[away == hidden])

    def sample(self, key: Key, n: int) -> dict[str, Any]:
        shown = self.prompts(hidden=False)
        caption = shown[jax.random.randint(part(key, 0), (n,), 0, shown.shape[0])]
        caption = jax.lax.optimization_barrier(caption)  # or every pixel looks it up again
        return {"x": self.render(part(key, 1), caption), "caption": caption}

    def render(self, key: Key, caption: Int[Array, "n words"]) -> Float[Array, "n dim"]:
        """Image [n, dim] for each caption [n, words]."""
        n = caption.shape[0]
        shake = self.jitter * samplers.normal(key, (5, n))[..., None, None]
        strokes = jnp.asarray(_STROKES)[caption[:, 0]] - 0.5  # [n, stroke, end, 2]
        strokes = strokes * (0.85 + 0.06 * shake[0][..., None])
        slant = 0.4 * caption[:, 2, None, None] + 0.05 * shake[1]
        x = strokes[..., 0] - slant * strokes[..., 1] + 0.03 * shake[2]
        y = strokes[..., 1] + 0.03 * shake[3]
        width = jnp.where(caption[:, 1, None, None] == 1, 0.1, 0.045) * jnp.exp(0.1 * shake[4])
        place = (jnp.arange(self.side) + 0.5) / self.side - 0.5
        across, down = jnp.tile(place, self.side)[None, :, None], jnp.repeat(place, self.side)[None, :, None]
        (ax, bx), (ay, by) = ((e[:, None, :, 0], e[:, None, :, 1]) for e in (x, y))
        along = ((across - ax) * (bx - ax) + (down - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
        along = jnp.clip(along, 0, 1)
        away = jnp.hypot(across - ax - along * (bx - ax), down - ay - along * (by - ay)).min(axis=-1)  # [n, pixel]
        return jax.nn.sigmoid((width[:, 0] - away) * 2.5 * self.side)
