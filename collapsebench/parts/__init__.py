"""Contracts of models, targets, regimes, curators and metrics: one file each, every capability with its default."""
