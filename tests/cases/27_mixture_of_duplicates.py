"""More components than distinct rows.

Source: open-mmlab/mmdetection#4152, niaid/dsb#35.
"""

import numpy as np

import collapsebench as cb


def case():
    m = cb.models.GaussianMixture(components=5)
    p = cb.fit(m, np.repeat([0.0, 1.0, 5.0], 100))
    w = np.asarray(p.weights)
    finite = np.isfinite(cb.log_prob(m, p, [0.0, 1.0, 5.0])).all()
    return finite and np.allclose(np.sort(w)[-3:], 1 / 3, atol=1e-3) and abs(w.sum() - 1) < 1e-5, f"weights {w}"
