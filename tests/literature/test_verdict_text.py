"""Verdicts as text: tables, the report, and the power of every number."""

import pytest

from collapsebench.literature.measured import Measured
from collapsebench.literature.study import Claim, Reason, Source, Study
from collapsebench.show.page import write_page
from collapsebench.show.verdicts import counts_table, flips, power, power_table, verdict_counts, verdict_table
from tests.literature.power import before, before_table


def _record(name, found, **fields):
    given = {"statement": "s", "where": "w", "source": Source.TEXT, "basis": "b", **fields}
    return Claim(name=name, read=lambda results: found, **given).verdict("p", {})


@pytest.fixture
def records():
    near, far = (Measured(value, value - 0.01, value + 0.01, far=0.03) for value in (1.0, 2.0))
    return [
        _record("right", near, published=1.0, chosen="n = 100 is ours"),
        _record("blunt", Measured(1.0, 0.9, 1.1), published=1.0, published_error=0.2, blunt="one run"),
        _record("wrong", far, published=1.0),
        _record("known", far, published=1.0, reasons=(Reason("it is twice that", 1.9, 2.1),)),
        _record("lawful", far.against(2.0), law="some_law", source=Source.DERIVED),
        _record("order", near.judged(True)),
        _record("late", None),
    ]


def test_table_shows_reasons_and_no_empty_one(records):
    text = verdict_table(records)
    assert "p/known: differs: it is twice that [explains 1.9 to 2.1]" in text
    assert "p/wrong: differs: no known reason" in text
    assert "p/late: not run: this scale is too small to tell" in text
    assert not any(line.rstrip().endswith(":") for line in text.splitlines())


def test_numbers_of_papers_and_of_laws_are_counted_apart(records):
    assert verdict_counts(records) == (
        "numbers of papers: 2 reproduced, 2 differs; numbers of laws: 1 law holds; statements: 1 qualitative, 1 not run; "
        "multiplied by 1.1 or by .9, 2 of 5 numbers would have another verdict"
    )
    assert [line.split("|")[1].strip() for line in counts_table(records).splitlines()[2:]] == [
        "numbers of papers", "numbers of laws", "statements",
    ]  # fmt: skip


def test_power(records):
    assert [flips(record) for record in records[:5]] == [True, False, False, False, True]
    assert power(records, "law") == (1, 1)
    table = power_table(records)
    assert "| p/blunt | 1 | 1 | 0.1 | 0.392 | reproduced | reproduced | reproduced | one run |" in table
    assert "1 of 4 numbers of papers flip." in table


def test_report_keeps_the_kinds_apart(records, tmp_path):
    picture = tmp_path / "p" / "a.svg"
    page = write_page(records, [picture], tmp_path, {"p": Study}).read_text()
    assert page.index("numbers of papers</h3>") < page.index("numbers of laws</h3>") < page.index("statements</h3>")
    assert "Not stated by the paper: n = 100 is ours" in page
    assert "<div class=why></div>" not in page


def test_the_old_rule_let_a_wide_interval_pass():
    wide = {
        "paper": "p",
        "claim": "a",
        "source": "plot",
        "published": 1.0,
        "ours": 1.1,
        "interval": [0.8, 1.4],
        "tolerance": 0.1,
    }
    assert [before(wide, factor) for factor in (1.0, 1.1, 0.9)] == ["reproduced"] * 3
    assert "0 of 1 numbers of papers flip." in before_table([wide])
