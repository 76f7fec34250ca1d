"""Ablation of the three errors: a 2^3 factorial with common random numbers, and each error's contribution."""

from collapsebench.analysis.ablation.attribution import ERRORS, TERMS, alone, effects, interactions, shapley, shares
from collapsebench.analysis.ablation.dials import Dials, dials
from collapsebench.analysis.ablation.factorial import Ablation, ablate, arms
from collapsebench.analysis.ablation.ledger import ledger

__all__ = [
    "ERRORS", "TERMS", "Ablation", "Dials", "ablate", "alone", "arms", "dials", "effects", "interactions", "ledger", "shapley",
    "shares",
]  # fmt: skip
