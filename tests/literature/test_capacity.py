"""The study of capacity: U-shape and minimum of artificial curves."""

import numpy as np
import pytest
import xarray as xr

from collapsebench.literature.studies.capacity import CAPACITY, RADII, Capacity, curve
from collapsebench.literature.study import Scale

LEVELS = {"kernel": np.array([0.1, 0.2, 0.4, 0.8, 1.6]), "mixture": np.array([1.0, 2.0, 3.0, 4.0, 6.0])}


@pytest.fixture
def made(random):
    """KL = 1 + (log level - log best)^2 with noise; the best falls with n for kernels and with generations for both."""

    def results(u=True):
        found = {}
        for label, levels in LEVELS.items():
            values = np.empty((2, 2, len(levels), 60, 100))
            for i in range(2):
                for generation in range(100):
                    late = generation > 50
                    best = levels[(1 if i else 3) if label == "kernel" else (3 if i and not late else 1)]
                    curve = (np.log(levels) - np.log(best)) ** 2 if u else np.log(levels)
                    noise = 0.05 * random.normal(size=(2, len(levels), 60))
                    values[i, :, :, :, generation] = np.exp(curve[:, None] + noise)
            dims = ("n", "target.radius", CAPACITY[label], "trajectory", "generation")
            coords = {"n": [50, 200], "target.radius": list(RADII.values()), CAPACITY[label]: levels}
            found[label] = xr.Dataset({"kl": (dims, values)}, coords)
        return found

    return results


def test_the_bottom_is_found_with_its_interval(made):
    found = curve(made(), "kernel", "apart", 200, 10)
    assert found.bottom == 0.2
    assert np.quantile(found.bottoms, [0.025, 0.975]).tolist() == [0.2, 0.2]


def test_claims_hold_and_fail_where_they_should(made):
    right, flat = made(), made(u=False)
    for claim in Capacity.claims:
        label = claim.name.split("-")[0]
        verdict, wrong = (claim.verdict("capacity", r)["verdict"] for r in (right, flat))
        moves_with_generations = claim.name.endswith("generations")
        assert verdict == ("differs" if moves_with_generations and label == "kernel" else "qualitative"), claim.name
        assert wrong == "differs", claim.name


def test_too_little_is_not_run(made):
    short = {label: result.isel(generation=slice(0, 20)) for label, result in made().items()}
    assert {claim.verdict("capacity", short)["verdict"] for claim in Capacity.claims} == {"not run"}


def test_plans_and_figure(made):
    for scale in Scale:
        assert set(Capacity().experiments(scale)) == set(LEVELS)
    assert len(Capacity.figures["capacity"](made()).panels) == 12
