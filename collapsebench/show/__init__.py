"""Presentation of results and verdicts: tables for a terminal, figures, and the self-contained HTML page."""
