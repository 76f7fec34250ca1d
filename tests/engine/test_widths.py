"""Widths of groups of lanes: next to none of the lanes that run is one that nobody asked for."""

from collapsebench.engine.plan import FEW, _even


def test_groups_are_even():
    for widest in (1, 8, 64, 2048, 65_536):
        for lanes in (*range(1, 3000), 32_800, 65_600, 100_000, 131_073):
            width = _even(lanes, widest)
            assert 1 <= width <= widest
            filled = -(-lanes // width) * width
            assert filled < 2 * lanes
            if widest > lanes > FEW or lanes >= 32 * widest:
                assert filled <= 1.05 * lanes
