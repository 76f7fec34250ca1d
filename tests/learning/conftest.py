"""Small networks shared by several tests, each trained once."""

import dataclasses

import jax
import pytest

import collapsebench as cb
from collapsebench.learning.training import Training

SHORT = Training(steps=300, batch=64, rate=3e-3)
LONGER = dataclasses.replace(SHORT, steps=600)


@pytest.fixture(scope="session")
def moons():
    """1000 rows of two moons."""
    return jax.device_get(cb.targets.Moons(noise=0.1).sample(jax.random.key(3), 1000))


@pytest.fixture(scope="session")
def fitted(moons):
    """name -> (model, parameters) of a small network of each class, fitted to `moons` when it is first asked for."""
    models = {
        "flow": cb.models.Flow(training=SHORT),
        "vae": cb.models.VAE(training=LONGER),
        "diffusion": cb.models.Diffusion(hidden=(32,), training=LONGER),
    }

    class Fits(dict):
        def __missing__(self, name):
            self[name] = models[name], cb.fit(models[name], moons)
            return self[name]

    return Fits()
