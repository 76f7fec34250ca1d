"""Laws of relabelled linear regression against simulations, and the numbers printed by Gerstgrasser et al. (2024)."""

import numpy as np
import pytest

import collapsebench.theory as laws

N, DIM, NOISE = 20, 5, 0.7


def pseudo_inverse(design):
    """(X'X)^-1 X' of full-rank designs (trajectory, n, dim); X' (XX')^-1 where n < dim."""
    transposed = np.swapaxes(design, 1, 2)
    if design.shape[1] >= design.shape[2]:
        return np.linalg.solve(transposed @ design, transposed)
    return np.swapaxes(np.linalg.solve(design @ transposed, design), 1, 2)


@pytest.mark.parametrize("fresh", [False, True])
def test_replace(random, assert_law, fresh):
    fits, trajectories = 3, 20_000
    w = np.zeros((trajectories, DIM, 1))
    x = random.normal(size=(trajectories, N, DIM))
    for _ in range(fits):
        if fresh:
            x = random.normal(size=(trajectories, N, DIM))
        w = pseudo_inverse(x) @ (x @ w + NOISE * random.normal(size=(trajectories, N, 1)))
    risk, law = (w**2).sum((1, 2)), laws.least_squares_replace_law
    textbook = fits * NOISE**2 * DIM / (N - DIM)  # without the - 1
    assert_law(risk, law(N, DIM, fits, noise=NOISE), textbook, law(N, DIM, fits - 1, noise=NOISE))


@pytest.mark.parametrize("fresh", [False, True])
def test_accumulate(random, assert_law, fresh):
    fits, trajectories = 4, 40_000
    w, gram, moment = np.zeros((trajectories, DIM, 1)), 0.0, 0.0
    x = random.normal(size=(trajectories, N, DIM))
    for _ in range(fits):
        if fresh:
            x = random.normal(size=(trajectories, N, DIM))
        gram = gram + np.swapaxes(x, 1, 2) @ x
        moment = moment + np.swapaxes(x, 1, 2) @ (x @ w + NOISE * random.normal(size=(trajectories, N, 1)))
        w = np.linalg.solve(gram, moment)
    right, other = (
        laws.least_squares_accumulate_law(N, DIM, fits, noise=NOISE, fresh_design=choice)
        for choice in (fresh, not fresh)
    )
    i = np.arange(1, fits + 1)
    textbook = NOISE**2 * DIM * np.sum(1 / (i * (i * N - DIM) if fresh else i**2 * (N - DIM)))  # without the - 1
    assert_law((w**2).sum((1, 2)), right, other, textbook, laws.least_squares_replace_law(N, DIM, fits, noise=NOISE))


def test_gerstgrasser_regression(assert_printed):
    assert_printed(laws.least_squares_replace_law(100, 10, 1), ".1124")
    accumulated = laws.least_squares_accumulate_law(100, 10, [1, 5, 10, 20])
    assert_printed(accumulated, ".1124 .1645 .1741 .1793")
    fresh = laws.least_squares_accumulate_law(100, 10, [1, 20], fresh_design=True)
    assert_printed(fresh, ".1124 .1743")  # a simulation gave .172
    assert fresh[1] == pytest.approx(sum(10 / (i * (100 * i - 11)) for i in range(1, 21)), rel=1e-12)
    assert np.all(accumulated < laws.least_squares_accumulate_bound(100, 10))
    np.testing.assert_allclose(laws.least_squares_accumulate_law(100, 10, 1e9), 10 / 89 * np.pi**2 / 6, rtol=1e-8)


def test_kazdan_regression(assert_printed):
    """After 100 fits, to the 7% that can be read off a logarithmic plot; so the design is reused."""
    n = np.array([32, 100, 316, 1000])
    replace, accumulate = laws.least_squares_replace_law(n, 10, 100), laws.least_squares_accumulate_law(n, 10, 100)
    assert np.all(np.abs(replace / [48, 11, 3.3, 0.95] - 1) < 0.07)
    assert np.all(np.abs(accumulate / [0.8, 0.19, 0.055, 0.016] - 1) < 0.07)


def test_chain(random, assert_law):
    generators, n_generator, trajectories = 2, 15, 20_000
    w = np.zeros((trajectories, DIM, 1))
    for rows, noise in [(n_generator, 0.5)] * generators + [(N, NOISE)]:
        x = random.normal(size=(trajectories, rows, DIM))
        w = pseudo_inverse(x) @ (x @ w + noise * random.normal(size=(trajectories, rows, 1)))
    setting = {"n_generator": n_generator, "noise": NOISE, "noise_generator": 0.5}
    law = laws.least_squares_chain_law
    assert_law((w**2).sum((1, 2)), law(N, DIM, 2, **setting), law(N, DIM, 1, **setting), law(N, DIM, 3, **setting))


def test_overparametrised_chain(random, assert_law):
    n, dim, generators, trajectories = 8, 12, 3, 5000
    truth = np.arange(1.0, dim + 1)[:, None] / np.sqrt(650)  # norm 1
    w = np.broadcast_to(truth, (trajectories, dim, 1))
    for _ in range(generators):
        x = random.normal(size=(trajectories, n, dim))
        w = pseudo_inverse(x) @ (x @ w)
    law = laws.overparametrised_chain_law
    assert_law(((w - truth) ** 2).sum((1, 2)), law(n, dim, 3), law(n - 1, dim, 3), law(n, dim, 2))
    assert laws.overparametrised_chain_law(12, 12, 5, norm_squared=7.0) == 0


def test_ridge_kappa():
    spectrum, n, ridge = 1 / np.arange(1, 41), np.array([20, 40, 400])[:, None], np.array([0.0, 1e-3, 1.0])
    kappa = laws.ridge_kappa_law(spectrum, n, ridge)
    df1 = (spectrum / (spectrum + kappa[..., None])).sum(-1)
    np.testing.assert_allclose(kappa, ridge + kappa * df1 / n, rtol=1e-10, atol=1e-12)
    assert kappa[0, 0] > 0  # the interpolating root, not zero
    assert abs(kappa[2, 0]) < 1e-12


@pytest.mark.parametrize(("n", "ridge", "power"), [(80, 0.05, 1.0), (60, 0.01, 0.5), (120, 0.2, 0.0), (40, 0.1, 1.0)])
def test_ridge_chain_is_within_3_percent(random, n, ridge, power):
    dim, generators, n_generator, trajectories = 30, 2, 70, 1500
    spectrum, truth = np.arange(1.0, dim + 1) ** -power, np.full(dim, 0.3)
    w, scale = np.broadcast_to(truth[:, None], (trajectories, dim, 1)), np.sqrt(spectrum)
    for _ in range(generators):
        x = scale * random.normal(size=(trajectories, n_generator, dim))
        w = pseudo_inverse(x) @ (x @ w + 0.5 * random.normal(size=(trajectories, n_generator, 1)))
    x = scale * random.normal(size=(trajectories, n, dim))
    moment = np.swapaxes(x, 1, 2) @ (x @ w + NOISE * random.normal(size=(trajectories, n, 1))) / n
    estimate = np.linalg.solve(np.swapaxes(x, 1, 2) @ x / n + ridge * np.eye(dim), moment)[..., 0]
    risk = (spectrum * (estimate - truth) ** 2).sum(1)
    error = risk.std(ddof=1) / np.sqrt(trajectories)
    setting = {"noise": NOISE, "noise_generator": 0.5, "n_generator": n_generator}
    law = laws.ridge_chain_law(spectrum, truth, n, ridge, generators=2, **setting)
    assert abs(risk.mean() - law) < 0.03 * law + 5 * error
    for wrong in (1, 3):  # generators
        assert (
            abs(risk.mean() - laws.ridge_chain_law(spectrum, truth, n, ridge, generators=wrong, **setting)) > 10 * error
        )


def test_ridge_chain_without_a_ridge_is_least_squares():
    spectrum, setting = np.ones(40), {"noise": 0.6, "generators": 3, "n_generator": 300, "noise_generator": 0.4}
    ridge = laws.ridge_chain_law(spectrum, spectrum, 4000, 0.0, **setting)
    setting = {"noise": 0.6, "n_generator": 300, "noise_generator": 0.4}
    np.testing.assert_allclose(ridge, laws.least_squares_chain_law(4000, 40, 3, **setting), rtol=1e-3)


def test_mixture_of_labels(random):
    n, dim, share, shift, trajectories = 300, 60, 0.3, 1.5, 500
    x = random.normal(size=(trajectories, n, dim))
    labels = NOISE * random.normal(size=(trajectories, n, 1))
    labels[:, : int(share * n)] += shift * x[:, : int(share * n), :1]  # the first weight is off by the shift
    risk = ((pseudo_inverse(x) @ labels) ** 2).sum((1, 2))
    error = risk.std(ddof=1) / np.sqrt(trajectories)
    law = laws.mixture_labels_law(dim / n, share, noise=NOISE, shift=shift)
    assert abs(risk.mean() - law) < law / n * 5 + 5 * error  # asymptotic: O(1 / n)
    for wrong in ((share * shift) ** 2, laws.mixture_labels_law(dim / n, 1 - share, noise=NOISE, shift=shift)):
        assert abs(risk.mean() - wrong) > 10 * error
