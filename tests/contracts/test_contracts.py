"""Every registered class keeps the contract of its noun; adding a file adds its tests."""

import pytest

from collapsebench.contracts import CHECKS
from collapsebench.registry import REGISTRIES

CASES = [
    pytest.param(check, entry, id=f"{name}-{check.__name__}")
    for kind, checks in CHECKS.items()
    for name, entry in REGISTRIES[kind].items()
    for check in checks
]


@pytest.mark.parametrize(("check", "entry"), CASES)
def test_contract(check, entry):
    check(entry())
