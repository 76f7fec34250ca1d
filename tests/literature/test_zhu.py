"""Zhu et al. (2025), ToEdit: labels edited in place, against the recursion of their covariance given the design."""

import numpy as np
import pytest

import collapsebench as cb

ROWS, DIM, SHARE, FITS = 20, 3, 0.3, 4


def exact(random, decay, designs=3000):
    """[design, fit] expected excess risk given each design, by the covariance of the labels' errors."""
    found = np.empty((designs, FITS))
    for i in range(designs):
        x = random.normal(size=(ROWS, DIM))
        solve = np.linalg.pinv(x)
        hat, errors = x @ solve, np.eye(ROWS)
        for fit in range(FITS):
            found[i, fit] = np.trace(solve @ errors @ solve.T)
            m = round(SHARE * decay**fit * ROWS)
            one, two = m / ROWS, m * (m - 1) / ROWS / (ROWS - 1)  # chances that a row, and a pair of rows, is edited

            def edited(a, both, same):
                return both * a + (same - both) * np.diag(np.diag(a))

            made = hat @ errors @ hat + np.eye(ROWS)
            mixed = edited(hat @ errors, one - two, 0)
            errors = edited(made, two, one) + edited(errors, 1 - 2 * one + two, 1 - one) + mixed + mixed.T
    return found


@pytest.mark.slow
@pytest.mark.parametrize("decay", [1.0, 0.5])
def test_edited_labels_have_their_recursion(decay, random):
    experiment = cb.Experiment(
        name="edited", target=cb.targets.Linear(dim=DIM), model=cb.models.LinearRegression(dim=DIM), metrics=("excess_risk",),
        regime=cb.regimes.Turnover(share=SHARE, decay=decay), n=ROWS, generations=FITS, trajectories=20_000, holdout=1,
    )  # fmt: skip
    risk = np.asarray(cb.run(experiment).excess_risk.values, float)
    law = exact(random, decay)
    error = np.hypot(*(a.std(0, ddof=1) / np.sqrt(len(a)) for a in (risk, law)))
    assert (abs(risk.mean(0) - law.mean(0)) < 5 * error).all()
    other = exact(random, 1.5 - decay, 1000).mean(0)
    assert abs(risk.mean(0) - other)[-1] > 10 * error[-1]
