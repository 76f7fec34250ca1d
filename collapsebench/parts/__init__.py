"""The contracts of target, model, regime, curator and metric: every method and attribute, typed, with its default."""
