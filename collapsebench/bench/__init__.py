"""Benchmarking: the pytest plugin, peak rates of this machine, comparison of two runs, cold starts."""
