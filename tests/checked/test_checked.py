"""Shapes are what their annotations say, and no key is used twice: in a process of its own, where beartype checks them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_annotation_on_the_tour_holds():
    tour = subprocess.run([sys.executable, "-m", "tests.checked.tour"], cwd=ROOT, capture_output=True, text=True)
    assert tour.returncode == 0, tour.stderr[-3000:]
    assert int(re.search(r"(\d+) functions checked", tour.stdout)[1]) > 500
    assert "metrics left: []" in tour.stdout
