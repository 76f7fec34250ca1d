"""Widths of groups of lanes: next to none of the lanes that run is one that nobody asked for."""

import numpy as np

import collapsebench as cb
from collapsebench.engine import devices
from collapsebench.engine.plan import FEW, _even
from collapsebench.runs import runner


def test_groups_are_even():
    for widest in (1, 8, 64, 2048, 65_536):
        for lanes in (*range(1, 3000), 32_800, 65_600, 100_000, 131_073):
            width = _even(lanes, widest)
            assert 1 <= width <= widest
            filled = -(-lanes // width) * width
            assert filled < 2 * lanes
            if widest > lanes > FEW or lanes >= 32 * widest:
                assert filled <= 1.05 * lanes


def test_calls_return_what_stays_in_the_cache_and_their_number_changes_nothing(monkeypatch):
    """Smaller calls, or one call as for a checkpoint: the same bits at the same width, and one array that is the result's own."""
    experiment = cb.Experiment(handover="summary", n=20, trajectories=40, generations=21, width=4)
    results = []
    for cache in (1 << 22, 512):
        monkeypatch.setattr(devices, "cache_bytes", lambda network, cache=cache: cache)
        results.append(cb.run(experiment))
    chunks = [result.attrs["chunk"] for result in results]
    assert chunks[1] < chunks[0]
    for name in experiment.columns:
        values = [result[name].values for result in results]
        np.testing.assert_array_equal(*values)
        assert values[1].flags.c_contiguous
        assert values[1].base is None or values[1].base.nbytes == len(experiment.columns) * values[1].nbytes
    lanes = runner.lanes_of(experiment, {}, 1, range(40))
    assert runner.engine_of(experiment, lanes).plan(4, together=True).chunk == chunks[0]
