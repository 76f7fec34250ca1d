"""Fisher's iris data, from scikit-learn."""

from collapsebench.datasets.registry import dataset
from collapsebench.datasets.source import UCI, ScikitLearn


@dataset(
    licence=UCI,
    citation="Fisher (1936), The use of multiple measurements in taxonomic problems; UCI, doi:10.24432/C56C76",
    shape=(4,),
    classes=3,
)
def iris() -> tuple[ScikitLearn, ...]:
    """Sepal and petal length and width in cm of three iris species (as in R; UCI's own copy differs in two rows)."""
    return (ScikitLearn("load_iris", 150, "3f1e7d0047d500960250be7d6e90bd7fb6339679eadf1729deb4ab4c997afd12"),)
