"""Inputs from public bug reports of this job, one file each: what went wrong elsewhere must not go wrong here."""
