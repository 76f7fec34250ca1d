"""Optical Recognition of Handwritten Digits (UCI, 8 x 8 pixels), from scikit-learn."""

from collapsebench.datasets.registry import dataset
from collapsebench.datasets.source import UCI, ScikitLearn


@dataset(
    licence=UCI,
    citation="Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI, doi:10.24432/C50P49",
    shape=(8, 8),
    classes=10,
)
def digits() -> tuple[ScikitLearn, ...]:
    """Handwritten digits at 8 x 8, each pixel the count 0 to 16 of dark ones in a 4 x 4 block (UCI's test part)."""
    return (ScikitLearn("load_digits", 1797, "bacf08bc160a4706bf0ab1120a1e498c17e884f531eb0654fda392ec701ba72a"),)
