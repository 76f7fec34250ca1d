"""Collapse profiles: times of early and late collapse, and the eight definitions of collapse as flags."""

from collapsebench.analysis.profiles.compute import loop_free, measured, profile
from collapsebench.analysis.profiles.definitions import DEFINITIONS
from collapsebench.analysis.profiles.events import EVENTS
from collapsebench.analysis.profiles.survival import Survival, kaplan_meier

__all__ = ["DEFINITIONS", "EVENTS", "Survival", "kaplan_meier", "loop_free", "measured", "profile"]
