"""Specs: frozen dataclasses that are pytrees, their registries and their records."""
