"""Breast Cancer Wisconsin (Diagnostic), from scikit-learn."""

from collapsebench.datasets.registry import dataset
from collapsebench.datasets.source import UCI, ScikitLearn


@dataset(
    licence=UCI,
    citation="Wolberg, Mangasarian, Street and Street (1993), Breast Cancer Wisconsin (Diagnostic), UCI, "
    "doi:10.24432/C5DW2B",
    shape=(30,),
    classes=2,
)
def breast_cancer() -> tuple[ScikitLearn, ...]:
    """Shape of cell nuclei in breast-mass images: 30 measurements; label 0 malignant, 1 benign."""
    sha256 = "86abafa0d5a78e22763d04a8ac6a8cf82de38afc648f396da59cea94e70dc4ba"
    return (ScikitLearn("load_breast_cancer", 569, sha256),)
