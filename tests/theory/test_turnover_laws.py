"""Hard replacement and the first loss, against loops in NumPy."""

import numpy as np
import pytest

from collapsebench import theory

P = np.array([0.4, 0.3, 0.2, 0.1])


def turnover(random, runs, n, a, steps):
    """Counts [runs, symbols] after steps in which a n random tokens are replaced by draws of the frequencies."""
    counts = np.tile((n * P).astype(int), (runs, 1))
    for _ in range(steps):
        kept = np.array([random.multivariate_hypergeometric(c, n - round(a * n)) for c in counts])
        counts = kept + random.multinomial(round(a * n), counts / n)
    return counts


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_turnover(random, share, assert_law):
    """Told from the soft mixture, whose variance is a^2, and from replacing all."""
    n, steps = 20, 4
    after = turnover(random, 20_000, n, share, steps) / n
    law = theory.turnover_squared_norm_law(n, share, steps, P)
    soft = 1 - (1 - share**2 / n) ** steps * (1 - (P**2).sum())
    wrong = () if share == 1 else (soft, theory.replace_squared_norm_law(n, steps, P))
    assert_law((after**2).sum(axis=1), law, *wrong)
    one = turnover(random, 20_000, n, share, 1)[:, 0] / n
    assert_law((one - P[0]) ** 2, theory.turnover_variance_law(n, share, P[0]))


def test_replacing_everything_is_replace():
    for k in (0, 1, 7):
        law = theory.turnover_squared_norm_law(9, 1.0, k, P)
        assert law == pytest.approx(theory.replace_squared_norm_law(9, k, P))


def test_first_loss(random):
    """Mean time of the first loss: 46.7 by the law, 45.2 in the loop (a diffusion limit, one to three fits late)."""
    runs, n, k = 2000, 200, 5
    counts, lost = np.full((runs, k), n // k), np.zeros(runs)
    for t in range(1, 400):
        counts = random.multinomial(n, counts / n)
        lost = np.where((lost == 0) & (counts == 0).any(axis=1), t, lost)
    assert (lost > 0).all()
    fits = np.arange(0, 2000)
    law = theory.first_loss_law(n, fits, np.full(k, 1 / k)).sum()
    error = lost.std() / np.sqrt(runs)
    assert 0 < law - lost.mean() < 3
    assert error < 0.7
    assert theory.first_loss_law(n, 0, np.full(k, 1 / k)) == 1
