"""Learning by gradient steps: training, networks, features."""
