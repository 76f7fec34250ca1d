"""Timing as an instrument: the pytest plugin, ceilings of this machine, comparison of two runs, cold starts."""
