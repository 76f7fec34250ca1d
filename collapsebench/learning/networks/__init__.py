"""Networks in flax, pure functions of their parameters; imported when a model that has one is used."""
