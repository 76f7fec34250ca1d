"""Runs: from an experiment to a saved result."""
