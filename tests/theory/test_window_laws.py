"""Windows with a share of real mass, and symbols that are lost and come back: against matrices and loops in NumPy."""

import numpy as np
import pytest

from collapsebench import theory

N, SHARE, P = 20, 0.2, 0.1


@pytest.mark.parametrize("window", [1, 4, 64])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.05, 0.9])
def test_relaxation_is_the_eigenvalue_nearest_one(window, share):
    companion = np.eye(window, k=-1)
    companion[0] = (1 - share) / window
    values = np.linalg.eigvals(companion)
    nearest = values[np.argmin(abs(values - 1))].real
    assert theory.window_relaxation_law(window, share) == pytest.approx(-np.log(nearest), abs=1e-11)


def test_relaxation_in_print(assert_printed):
    rates = theory.window_relaxation_law([1, 1, 64, 64], [0.02, 0.05, 0.02, 0.05])
    assert_printed(rates, "0.0202027 0.0512933 0.000619606 0.00156539")


def test_a_window_of_one_is_a_mix():
    law = theory.window_error_law(4, 16, 1, 6, variance=P * (1 - P), curvature=-1)
    assert law[-1] == pytest.approx(theory.mixed_error_law(4, 16, 6, variance=P * (1 - P), curvature=-1), rel=1e-12)


def test_the_error_of_a_window(random, assert_law):
    kept = [random.binomial(N, P, 100_000) / N]
    errors = [(kept[0] - P) ** 2]
    for _ in range(6):
        kept = [(random.binomial(4, P, 100_000) + random.binomial(16, np.mean(kept, 0))) / N, *kept[:2]]
        errors.append((np.mean(kept, 0) - P) ** 2)
    spread = {"variance": P * (1 - P), "curvature": -1.0}
    wrong = [theory.window_error_law(*sizes, 7, **spread) for sizes in ((4, 16, 2), (4, 16, 4), (5, 15, 3))]
    assert_law(np.transpose(errors), theory.window_error_law(4, 16, 3, 7, **spread), *wrong)


def chain(random, runs, generations, count=None):
    """Counts [generation, run] of one symbol, the first by draws of P."""
    counts = [random.binomial(N, P, runs) if count is None else np.full(runs, count)]
    for _ in range(generations - 1):
        counts.append(random.binomial(N, SHARE * P + (1 - SHARE) * counts[-1] / N))
    return np.array(counts)


def test_counts_and_absence(random, assert_law):
    """Told from another share, and from the least that absence can be."""
    counts = chain(random, 100_000, 40)
    law, wrong = theory.fresh_share_count_law(N, SHARE, P, 5), theory.fresh_share_count_law(N, 1.2 * SHARE, P, 5)
    assert law.sum() == pytest.approx(1)
    assert_law(counts[4][:, None] == np.arange(6), law[:6], wrong[:6])
    assert_law(counts[-1] == 0, theory.absence_law(N, SHARE, P), (1 - P) ** N, theory.absence_law(N, 1.1 * SHARE, P))
    late = theory.fresh_share_count_law(N, SHARE, P, 500, first=0.0)
    assert theory.absence_law(N, SHARE, P) == pytest.approx(late[0], rel=1e-9)


def test_ends_of_the_share():
    assert theory.absence_law(N, 1.0, P) == pytest.approx((1 - P) ** N)
    assert theory.absence_law(N, 0.0, P) == 1 - P
    assert theory.absence_law(N, 1e-9, P) == pytest.approx(1 - P, abs=1e-5)
    boundary = theory.absence_boundary_law(200, 0.1)
    assert theory.absence_law(200, boundary, 0.1) == pytest.approx(0.01)
    assert theory.absence_boundary_law(20, 0.1) == 1  # (1 - P)^20 is 12%
    assert theory.absence_boundary_law(20, 1.0) == 0


def test_times(random, assert_law):
    """Until a symbol is lost, and until it is back; told from the times at another size."""
    counts = chain(random, 40_000, 400)
    assert (counts == 0).any(axis=0).all()
    lost = 1 + np.argmax(counts == 0, axis=0)
    assert_law(lost, theory.loss_time_law(N, SHARE, P), theory.loss_time_law(N + 1, SHARE, P))
    back = chain(random, 40_000, 400, count=0)
    time = np.argmax(back > 0, axis=0)
    assert (time > 0).all()
    law = theory.return_time_law(N, SHARE, P)
    assert_law(time, law, theory.return_time_law(N - 2, SHARE, P))
    assert theory.hysteresis_law(N, SHARE, P) == pytest.approx(law / theory.loss_time_law(N, SHARE, P))
    assert theory.return_time_law(N, 0.0, P) == np.inf
    assert theory.loss_time_law(N, 0.0, P) == np.inf
