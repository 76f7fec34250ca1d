"""Then: the training sets of every regime before and after it changes, and what does not go together."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb

NAMES = [name for name in cb.REGIMES.names() if name != "then"]
ROWS = 6


def batch(value, rows=ROWS):
    return cb.Batch(jnp.full((rows, 1), float(value)), jnp.ones(rows))


def trained(regime, steps):
    """Training sets of generations 1, 2, ...: rows that weigh something, in order of their value; real rows are 0."""
    capacity = regime.capacity(ROWS, steps + 1)
    pool, sets = regime.init(batch(0), steps + 1, capacity), []
    for t in range(1, steps + 1):
        fresh = batch(-t, regime.fresh_capacity(ROWS)) if regime.fresh_capacity(ROWS) else None
        made = batch(t, capacity)
        weight = (jnp.arange(capacity) < regime.synthetic_size(ROWS, t)).astype(float)
        pool, train = regime.update(jax.random.key(t), pool, cb.Batch(made.x, weight), fresh, t)
        x, w = np.asarray(train.x)[:, 0], np.asarray(train.w)
        sets.append(sorted(zip(x[w > 0].tolist(), w[w > 0].tolist(), strict=True)))
    return sets


@pytest.mark.parametrize("name", NAMES)
def test_every_regime_is_itself_before_and_after(name):
    """Before `at` a regime's sets are its own; from there on those of `replace`. `at` is beyond the end: always its own."""
    own = cb.REGIMES.get(name)()
    replace = cb.REGIMES.get("replace")() if own.models == 1 else own
    fresh = own.fresh_capacity(ROWS)
    alone, mixed = trained(own, 3), trained(cb.regimes.Then(own, replace, at=3), 3)
    assert mixed[:2] == alone[:2]
    assert mixed[2] == trained(replace, 3)[2]
    if not fresh:
        assert trained(cb.regimes.Then(replace, own, at=1), 3) == alone
    assert cb.regimes.Then(own, replace).fresh_capacity(ROWS) == fresh


def test_a_pool_begins_with_the_real_rows_where_the_regime_changes():
    """Replaced for two generations, then accumulated: the real rows are back, the first synthetic set is not."""
    later = trained(cb.regimes.Then(cb.regimes.Replace(), cb.regimes.Accumulate(), at=2), 3)
    assert [sorted({x for x, _ in train}) for train in later] == [[1.0], [0.0, 2.0], [0.0, 2.0, 3.0]]


def test_what_does_not_go_together_is_one_line():
    then = cb.regimes.Then
    for regime, why in (
        (then(cb.regimes.Memory(models=2), cb.regimes.Replace()), "before draws from 2 models and after from 1"),
        (then(cb.regimes.Grow(), cb.regimes.Turnover()), "single rows goes with none whose sample grows"),
        (then(cb.regimes.Replace(), 3), "regime.after"),
        (then(at=0), "regime.at = 0"),
    ):
        with pytest.raises(cb.RequestError, match=why):
            cb.Experiment(regime=regime, generations=5)
