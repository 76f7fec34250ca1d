"""The language that targets, models and metrics share: a family, its density, its draws and its sufficient statistics.

A distribution is a pytree of parameters with `sample(key, n)` and `log_prob(x)`, and, where the family has them:
`moments()` -> (mean [d], covariance [d, d]); `summary`, the class of its sufficient statistics; `nodes(n)`, a Batch of
weighted quadrature nodes; and the closed-form comparisons that metrics look for by name (`kl`, `w2_squared`).
"""

from collapsebench.maths.distributions.normal import Moments, Normal

__all__ = ["Moments", "Normal"]
