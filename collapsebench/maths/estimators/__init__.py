"""Estimators on samples: averages with standard errors, moments, neighbours, kernels, transport.

They compare two sets of rows x [n, d]. Nothing here knows a metric, a model or a target by name.
"""
