"""The contracts: what every model, target, regime, curator and metric may say, one file each, with defaults."""
