"""Mathematics on arrays: random streams, samplers, linear algebra, families of distributions, EM, estimators."""
