"""Early and late collapse: when the tail, the spread and everything is lost, and the eight definitions as flags."""

from collapsebench.analysis.profiles.definitions import DEFINITIONS
from collapsebench.analysis.profiles.reading import EVENTS, measured, profile
from collapsebench.analysis.profiles.survival import Survival, kaplan_meier

__all__ = ["DEFINITIONS", "EVENTS", "Survival", "kaplan_meier", "measured", "profile"]
