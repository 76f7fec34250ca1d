"""Analysis of results: ablation of the three errors, collapse profiles, confidence intervals."""
