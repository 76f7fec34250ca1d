"""Gradient-based learning: training loop, networks, classifier features."""
