"""Wine recognition data (UCI), from scikit-learn."""

from collapsebench.datasets.registry import dataset
from collapsebench.datasets.source import UCI, ScikitLearn


@dataset(
    licence=UCI,
    citation="Aeberhard and Forina (1992), Wine, UCI, doi:10.24432/C5PC7J",
    shape=(13,),
    classes=3,
)
def wine() -> tuple[ScikitLearn, ...]:
    """Chemical analysis of Italian wines of three cultivars: 13 measurements in their own, very unequal units."""
    return (ScikitLearn("load_wine", 178, "d919ffdf50a763e57150d80189956465c43de7b331d14a178a175404648606d1"),)
