"""Settings of Riis (2026), and published numbers."""

TOKENS, COUNT = 12, 3
"""Tokens of the small corpus, of which every share below is a whole number, and how many are the symbol that is followed."""
SHARES = (0.25, 0.5, 1.0)
"""Shares of the corpus that are replaced in each generation."""
LAST = 200
"""Generations after which the symbol is lost or alone in all but two runs of 10,000: ours."""
LATER = 8
"""Generation whose spread is compared with that of generation 0: ours."""
HALF = 0.5
GENERATIONS = 12
RETENTION = {"Doyle": (0.473, 0.836), "Austen": (0.449, 0.819), "Darwin": (0.408, 0.808)}
"""Share of the words left after twelve generations, of everything replaced and of a half, by text."""
TRIGRAMS = {"Doyle": 0.211, "Austen": 0.169, "Darwin": 0.165}
"""Share of the trigrams left after twelve generations of everything replaced."""
GAP = 2.57
"""Bits between the selected corpus and what its trigrams say, at the end of the run with five symbols."""
SYMBOLS, SHORT, LONG, SELECTED, STEPS = 5, 3, 5, 0.8, 40
"""Of that run: symbols, tokens that a model sees and that a selector sees, share of what is selected, generations."""
