"""Every registered class keeps the contract of its noun; adding a file adds its tests."""

import pytest

from collapsebench.contracts import CHECKS
from collapsebench.registry import REGISTRIES

# Every handover is a program of its own to compile; the laws of each family run two of them anyway.
SLOW = {"runs_or_refuses_each_handover", "regime_runs_or_refuses"}
CASES = [
    pytest.param(check, entry, id=f"{name}-{check.__name__}", marks=[pytest.mark.slow] * (check.__name__ in SLOW))
    for kind, checks in CHECKS.items()
    for name, entry in REGISTRIES[kind].items()
    for check in checks
]


@pytest.mark.parametrize(("check", "entry"), CASES)
def test_contract(check, entry):
    check(entry())
