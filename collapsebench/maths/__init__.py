"""Mathematics on arrays: random streams, samplers, linear algebra, distributions, mixtures, estimators."""
