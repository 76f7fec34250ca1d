"""Invalid requests: one line of error, before anything runs."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.engine import devices
from collapsebench.literature import catalogue
from collapsebench.maths.streams import root_key
from collapsebench.specs.names import spec_name

WRONG = {
    "regime.real_fraction = 1.5": lambda: cb.Experiment(regime=cb.regimes.Mix(real_fraction=1.5)),
    "regime.real_fraction = nan": lambda: cb.Experiment(regime=cb.regimes.Mix(real_fraction=float("nan"))),
    "regime.real_fraction = 'abc': it must be a number": lambda: cb.Experiment(
        regime=cb.regimes.Mix(real_fraction="abc")
    ),
    "regime.weight = 7.0": lambda: cb.Experiment(regime=cb.regimes.Weighted(weight=7.0)),
    "target.sd = -1.0": lambda: cb.Experiment(target=cb.targets.Normal(sd=-1.0)),
    "warm_start = 'yes'": lambda: cb.Experiment(warm_start="yes"),
    "model = a value of type int": lambda: cb.Experiment(model=3),
    "rows: row 2, column 1 is nan": lambda: cb.Experiment(target=np.array([1, np.nan])),
    "target = a value of type object": lambda: cb.Experiment(target=object()),
    "target = gaussian: it is a model": lambda: cb.Experiment(target=cb.models.Gaussian()),
    "metrics = a value of type int": lambda: cb.Experiment(metrics=3),
    "dim = 0": lambda: cb.Experiment(target=cb.targets.Normal(dim=0), model=cb.models.Gaussian(dim=0)),
    "name = None": lambda: cb.Experiment(name=None),
    "snapshots = 1.5": lambda: cb.Experiment(snapshots=1.5),
    "n = 10000000000: at most": lambda: cb.Experiment(n=10**10),
    "seed = ": lambda: cb.Experiment(seed=2**64),
    "sweep = n: 100 is one value": lambda: cb.sweep(cb.Experiment(), {"n": 100}),
    "run: it takes an Experiment": lambda: cb.run("gaussian"),
    "data: row 2 is nan": lambda: cb.fit("gaussian", [1.0, float("nan")]),
    "modle.dim: no such field": lambda: catalogue.changed(cb.Experiment(), {"modle.dim": 2}),
    "regime.real_frction: replace has no fields; mix, window has real_fraction": lambda: catalogue.changed(
        cb.Experiment(), {"regime.real_frction": 0.1}
    ),
    "curator = None has no fields": lambda: catalogue.changed(cb.Experiment(), {"curator.radius": 2}),
}


@pytest.mark.parametrize("line", WRONG)
def test_one_line(line):
    with pytest.raises(cb.RequestError) as error:
        WRONG[line]()
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_fields_that_only_fit_together_are_set_together():
    changed = catalogue.changed(cb.Experiment(), {"target": "normal", "target.dim": 2, "model.dim": 2})
    assert changed.target.dim == changed.model.dim == 2


def test_a_class_stands_for_its_default():
    assert cb.Experiment(model=cb.models.Gaussian).model == cb.models.Gaussian()


def test_an_example_has_its_own_family():
    for name, target in (("gaussian", "normal"), ("poisson", "poisson"), ("exponential", "exponential")):
        assert catalogue.experiment(name).target == cb.Experiment(target=target, model=name).target


def test_what_cannot_fit_into_memory_is_refused_at_once(monkeypatch):
    monkeypatch.setattr(devices, "memory_budget", lambda: 2**20)
    with pytest.raises(MemoryError, match="one trajectory needs about"):
        cb.run(cb.Experiment(n=10**6))


def test_a_subclass_of_a_registered_class_has_its_own_name():
    @cb.spec
    class Wider(cb.models.Gaussian):
        """A Gaussian of another name."""

    assert spec_name(Wider()).endswith("Wider")


def test_seeds_of_64_bits_differ():
    keys = [jax.random.key_data(root_key(seed, "name")).tolist() for seed in (1, 1 + 2**32, 2**63, 0)]
    assert len({tuple(key) for key in keys}) == 4


def test_a_sweep_has_a_digest_of_its_own_and_names_its_values():
    base = cb.Experiment(trajectories=2, generations=1, regime="mix")
    few, many = (cb.sweep(base, {"regime.real_fraction": values}) for values in ([0.1], [0.1, 0.2]))
    assert len({base.digest, few.attrs["digest"], many.attrs["digest"]}) == 3
    assert many.attrs["sweep"] == '{"regime.real_fraction": [0.1, 0.2]}'


def test_a_class_with_the_four_methods_is_a_model():
    """It runs, and says in one line that it has no population."""
    experiment = cb.Experiment(model=Laplace(), trajectories=2, generations=2, metrics=("nll",))
    assert np.isfinite(cb.run(experiment).nll).all()
    with pytest.raises(cb.RequestError, match="neither a closed form nor quadrature nodes"):
        cb.run(dataclasses.replace(experiment, handover="population"))


@cb.spec
class Laplace(cb.Model):
    """Median and mean absolute deviation, its own draws and density."""

    def init(self, key):
        return jnp.zeros(2)

    def fit(self, key, params, data):
        centre = jnp.median(data.x[:, 0])
        return jnp.stack([centre, jnp.abs(data.x[:, 0] - centre).mean()])

    def sample(self, key, params, n):
        return params[0] + params[1] * jax.random.laplace(key, (n, 1))

    def log_prob(self, params, x):
        return -jnp.abs(x[:, 0] - params[0]) / params[1] - jnp.log(2 * params[1])


def test_one_of_several_needs_no_parentheses():
    assert cb.models.VAE(hidden=64) == cb.models.VAE(hidden=(64,)) == cb.models.VAE(hidden=[64])
    assert cb.targets.Dataset("x.csv", columns="a").columns == ("a",)
