"""The classifier of digits, trained once for its own tests and those of the metrics on its features."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.learning import features
from collapsebench.maths.distributions.rows import split_rows


@pytest.fixture(scope="session")
def classifier(tmp_path_factory):
    """Trained here: a cache of the user's would hide that it cannot be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        features.classifier.cache_clear()
        return features.classifier("digits")


@pytest.fixture(scope="session")
def digits():
    """(pixels, classes) of the rows that models may see, and of those held out."""
    table = cb.datasets.load("digits")
    return [(table.x[rows] / 16, table.y[rows]) for rows in split_rows(table.rows)]


@pytest.fixture(scope="session")
def labels(classifier, digits):
    """Classes that the classifier finds, of the rows that models may see and of those held out."""
    x = np.concatenate([x for x, _ in digits])
    found = np.asarray(jax.jit(lambda classifier, x: jnp.argmax(classifier.logits(x), axis=1))(classifier, x))
    return np.split(found, [len(digits[0][0])])
