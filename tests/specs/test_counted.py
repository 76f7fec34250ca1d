"""Nouns of counts: one row, two rows."""

import pytest

from collapsebench.specs.errors import bytes_text, counted


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "row", "1 row"), (2, "row", "2 rows"), (0, "trajectory", "0 trajectories"), (1, "trajectory", "1 trajectory"),
        (3, "class", "3 classes"), (2, "axis", "2 axes"), (2, "byte pair", "2 byte pairs"), (2, "day", "2 days"),
    ],
)  # fmt: skip
def test_a_noun_is_as_its_number(number, noun, text):
    assert counted(number, noun) == text


def test_numbers_have_their_format():
    assert counted(12345, "row", ",") == "12,345 rows"
    assert counted(1.0, "generation", ".0f") == "1 generation"
    assert bytes_text(1) == "1 byte"
