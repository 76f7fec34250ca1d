"""The terms k log mu - mu - lgamma cancel.

Source: scipy#25625, boostorg/math#1438, pyro-ppl/numpyro#563.
"""

import numpy as np
from scipy import stats

import collapsebench as cb


def case():
    worst = []
    for rate in (1e4, 1e5, 1e6, 1e7):
        x = np.full(4, rate)
        p = cb.fit("poisson", x)
        worst.append(abs(float(cb.log_prob("poisson", p, x[:1])[0]) - stats.poisson.logpmf(rate, rate)))
    return max(worst) < 0.01, f"errors in nats at rates 1e4..1e7: {np.round(worst, 4)} right: below 0.01"
