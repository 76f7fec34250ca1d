"""Features of image rows: 64 features and class logits of a small classifier trained on the real images.

    network = features.classifier("digits")
    network.features(x)     [n, 64], for distances
    network.logits(x)       [n, classes]
    network.digest          what a result records

It is trained once and kept below the user's cache folder. Distances on it are ours: none of them is an FID or a KID as
published, whose features are Inception's.
"""

from collapsebench.learning.features.trained import Classifier, classifier

__all__ = ["Classifier", "classifier"]
