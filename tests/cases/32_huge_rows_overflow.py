"""One huge value turns everything into NaN.

Source: VowpalWabbit#3501.
"""

import numpy as np

import collapsebench as cb


def case():
    x = 1e25 * np.random.default_rng(0).normal(size=300)
    try:
        p = cb.fit("gaussian", x)
    except cb.RequestError as e:
        return True, f"refused: {e}"
    got, right = float(p.log_variance), np.log(x.var())
    return abs(got - right) < 1e-3, f"log variance {got} right {right:.3f} (the spread is kept as a logarithm)"
