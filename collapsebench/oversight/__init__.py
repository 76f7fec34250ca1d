"""Oversight of a pipeline: plans against collapse."""
