"""Language models: one decoder for training, scoring and generation, its presets, and weights from files."""
