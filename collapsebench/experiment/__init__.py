"""Experiments as data: the experiment, the request of a sweep, one model by hand."""
