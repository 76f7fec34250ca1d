"""Imaginary parts dropped in silence.

Source: scikit-learn#9551, NVIDIA/cuml#7729.
"""

import numpy as np

import collapsebench as cb


def case():
    try:
        fitted = cb.fit("gaussian", np.array([1 + 5j, 2 - 3j, 3 + 1j]))
    except cb.RequestError as error:
        return True, f"refused: {error}"
    return False, f"fitted a mean of {float(fitted.mean[0])}; right: a refusal"
