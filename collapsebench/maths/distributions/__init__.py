"""Families of distributions: densities, draws, sufficient statistics and closed-form divergences.

Each derives from `parts.distribution.Distribution`, a pytree of parameters, and overrides what it has in closed form.
"""

from collapsebench.maths.distributions.normal import Moments, Normal

__all__ = ["Moments", "Normal"]
