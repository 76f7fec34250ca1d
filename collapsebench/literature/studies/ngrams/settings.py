"""Sizes of the n-gram study, and published numbers on other texts."""

COUNTS = (1, 2, 4, 8)
"""Occurrences in the text of the words whose survival is followed."""
ORDERS = (2, 3)
SHARES = (0.2, 0.5, 1.0)
TEMPERATURES = (0.9, 1.0, 1.1)
SIZES = (0.25, 1.0, 4.0)
"""Tokens a generation, in units of the text."""
SURESH = (1, 0.812, 0.707, 0.632, 0.577, 0.535, 0.500, 0.472, 0.446, 0.423, 0.404)
"""Share of distinct words after 0 to 10 refits, on the first 500,000 words of WikiText-2 (plot, 5 runs)."""
FEW = 10
"""Blocks a generation of the boolean language, whose nine tokens are lost one by one."""
