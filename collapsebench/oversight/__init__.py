"""Oversight of a pipeline: the monitor of somebody's own samples, and plans against a collapse."""
