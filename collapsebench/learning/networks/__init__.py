"""Flax networks of the models, imported on first use of a model that has one."""
