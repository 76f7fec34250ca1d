"""Oversight of somebody's own pipeline: the monitor, which sees a real holdout and each generation's samples."""
