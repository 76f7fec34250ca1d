"""Estimators on samples, and how a metric reads a View: the ground that the metrics stand on.

`reading` finds the distributions and rows behind a View, `means` gives averages their standard error, `neighbours`,
`kernels` and `transport` compare two sets of rows x [n, d]. Nothing here knows a metric, a model or a target by name.
"""
