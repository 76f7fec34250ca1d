"""Estimators on samples: means with standard errors, moments, nearest neighbours, kernels, optimal transport.

They compare two sets of rows x [n, d]. Nothing here knows a metric, a model or a target by name.
"""
