"""Bad files: the monitor, a plan and a target tell file, row and column of each in the same one line."""

import io
import json

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.datasets.reading import Source
from collapsebench.oversight import rows as planned

ROWS = np.column_stack([np.arange(200) % 17 + 0.5, np.arange(200) % 13 + 0.25])
CITIES = ["Oslo", "Rome", "Lima", "Cairo"] * 50
NUMBERS = "height,weight\n" + "".join(f"{a},{b}\n" for a, b in ROWS)
WORDS = "\n".join(["city", *CITIES, ""])
MIXED = "height,city\n" + "".join(f"{a},{city}\n" for (a, _), city in zip(ROWS, CITIES, strict=True))
TEXTS = "a line of some words\n" * 200


def changed(new, old="3.5,3.25", good=NUMBERS):
    """The good file with another text once, by default in row 4, which is line 5."""
    assert old in good
    return good.replace(old, new, 1)


def npy(array, **options):
    """Bytes of a .npy file."""
    np.save(file := io.BytesIO(), array, **options)
    return file.getvalue()


def with_cell(value):
    """The good rows with another number in row 4."""
    array = ROWS.copy()
    array[3, 1] = value
    return npy(array)


def lines(*fourth):
    """The good rows as JSON lines, the fourth changed."""
    made = [json.dumps({"height": a, "weight": b}) for a, b in ROWS]
    return "\n".join([*made[:3], *fourth, *made[4:]])


CELL = "row 4 (line 5), column 2 ('weight') is "
EVERYWHERE = {
    "nan.csv": (changed("3.5,nan"), CELL + "'nan'; leave such rows out"),
    "inf.csv": (changed("3.5,inf"), CELL + "inf; leave"),
    "huge.csv": (changed("3.5,1e400"), CELL + "inf; leave"),
    "gap.csv": (changed("3.5,"), CELL + "missing"),
    "spaces.csv": (changed("3.5,   "), CELL + "missing"),
    "dash.csv": (changed("3.5,-"), CELL + "'-'; leave"),
    "string.csv": (changed("3.5,tall"), CELL + "'tall', not a finite number"),
    "bool.csv": (changed("3.5,True"), CELL + "'True', not"),
    "date.csv": (changed("3.5,2020-01-31"), CELL + "'2020-01-31', not"),
    "percent.csv": (changed("3.5,3%"), CELL + "'3%', not"),
    "unit.csv": (changed("3.5 cm,3.25"), "row 4 (line 5), column 1 ('height') is '3.5 cm', not"),
    "thousands.csv": (changed('3.5,"1,003.5"'), CELL + "'1,003.5', not"),
    "decimal_comma.csv": (changed('3.5,"3,5"'), CELL + "'3,5', not a finite number; write decimals with a point"),
    "nul.csv": (changed("3.5,\0"), CELL + r"'\x00', not"),
    "short.csv": (changed("3.5"), CELL + "missing"),
    "long.csv": (changed("3.5,3.25,7"), "row 4 (line 5) has 3 columns, the first line 2"),
    "last.csv": (NUMBERS + "3.5\n", "row 201 (line 202), column 2 ('weight') is missing"),
    "no_header.csv": (changed("", "height,weight\n").replace("3.5,3.25", "3.5,x", 1), "row 4 (line 4), column 2 is 'x'"),
    "blank_lines.csv": (changed("\n\n1.5,1.25\n\n3.5,x", "1.5,1.25"), "row 3 (line 7), column 2 ('weight') is 'x', not"),
    "quoted_line.csv": ('a,b\n"x\ny",1\n' + "z,2\n" * 200 + "z,two\n", "row 202 (line 204), column 2 ('b') is 'two', not"),
    "longer_than_header.csv": (changed("height", "height,weight"), "row 1 (line 2) has 2 columns, its header (line 1) 1"),
    "comment.csv": ("# of Monday\n" + NUMBERS, "row 1 (line 2) has 2 columns, its header (line 1) 1"),
    "index.csv": (changed(",weight", "height,weight"), "header (line 1), column 1 has no name; an index of pandas"),
    "unnamed.csv": (changed("height,", "height,weight"), "header (line 1), column 2 has no name"),
    "same_names.csv": (changed("a,a", "height,weight"), "header (line 1), column 2 is named 'a', as column 1 is"),
    "two_headers.csv": (NUMBERS * 2, "row 201 (line 202), column 1 ('height') is 'height', not"),
    "header_only.csv": ("height,weight\n", "it has no rows"),
    "empty.csv": ("", "it has no rows"),
    "only_blank.csv": ("\n \n\n", "it has no rows"),
    "semicolons.csv": (NUMBERS.replace(",", ";"), "line 1, column 1 is 'height;weight', apart by semicolons; write commas"),
    "german.csv": (NUMBERS.replace(",", ";").replace(".", ","), "line 1, column 1 is 'height;weight', apart by semi"),
    "german_rows.csv": (NUMBERS.split("\n", 1)[1].replace(",", ";").replace(".", ","), "'0,5;0,25', apart by semi"),
    "tabs.csv": (NUMBERS.replace(",", "\t"), r"line 1, column 1 is 'height\tweight', apart by tabs"),
    "spaced.csv": (NUMBERS.replace(",", "  "), "line 1, column 1 is 'height  weight', apart by spaces"),
    "latin1.csv": (changed("3.5,K\xf6ln", "3.5,Cairo", MIXED).encode("latin-1"), "row 4 (line 5), column 2 has byte 0xf6"),
    "latin1_name.csv": (changed("h\xf6he", "height").encode("latin-1"), "line 1, column 1 has byte 0xf6, no UTF-8; save"),
    "utf16.csv": (NUMBERS.encode("utf-16"), "line 1, column 1 has byte 0xff, no UTF-8; save the file as UTF-8"),
    "quote.csv": (changed('3.5,"3.25'), "row 4 (line 5), column 2: a quotation mark is opened and not closed"),
    "blank.csv": (changed("3.5,", "3.5,Cairo", MIXED), "row 4 (line 5), column 2 ('city') is missing; leave such rows"),
    "space.csv": (changed("3.5, ", "3.5,Cairo", MIXED), "row 4 (line 5), column 2 ('city') is missing; leave such rows"),
    "quoted_blank.csv": (changed('""', "Lima", WORDS), "row 3 (line 4), column 1 ('city') is missing"),
    "nan.npy": (with_cell(np.nan), "row 4, column 2 is nan; leave such rows out"),
    "inf.npy": (with_cell(-np.inf), "row 4, column 2 is -inf; leave such rows out"),
    "words.npy": (npy(np.where(ROWS[3] == ROWS, "x", "1.5")), "row 4, column 1 is 'x', not"),
    "complex.npy": (npy(ROWS + 1j), "row 1, column 1: it holds complex numbers"),
    "dates.npy": (npy(np.full((200, 2), np.datetime64("2020-01-01"))), "row 1, column 1: it holds dates"),
    "objects.npy": (npy(np.full((9, 2), "x", object), allow_pickle=True), "it holds Python's objects, which are not read"),
    "cut.npy": (npy(ROWS)[:-20], "its header says 3200 bytes of data, and 3180 are there"),
    "text.npy": (NUMBERS, "the magic string is not correct"),
    "scalar.npy": (npy(np.array(1.5)), "it is a single value"),
    "no_rows.npy": (npy(ROWS[:0]), "it has no rows"),
    "no_columns.npy": (npy(ROWS[:, :0]), "it has no rows"),
    "string.jsonl": (lines('{"height": 1, "weight": "tall"}'), "row 4 (line 4), column 2 ('weight') is 'tall', not"),
    "nan.jsonl": (lines('{"height": 1, "weight": NaN}'), "row 4 (line 4), column 2 ('weight') is nan; leave"),
    "null.jsonl": (lines('\n{"height": 1, "weight": null}'), "row 4 (line 5), column 2 ('weight') is missing"),
    "no_key.jsonl": (lines('{"height": 1}'), "row 4 (line 4), column 2 ('weight') is missing"),
    "more.jsonl": (lines('{"height": 1, "weight": 2, "age": 3}'), "row 4 (line 4), column 3 ('age') is not in row 1"),
    "list.jsonl": (lines('{"height": 1, "weight": [1, 2]}'), "column 2 ('weight') is [1, 2], not a number or a text"),
    "lists.jsonl": ("[1, 2]\n" * 200, "row 1 (line 1), column 1 ('text') is [1, 2], not a number or a text"),
    "no_json.jsonl": (lines("{height: 1}"), "row 4 (line 4), column 1: it is no JSON"),
    "latin1.jsonl": (lines('"K\xf6ln"').encode("latin-1"), "row 4 (line 4), column 1 has byte 0xf6"),
    "empty.jsonl": ("", "it has no rows"),
}  # fmt: skip
"""Content and message by name, of what no reader takes."""
MONITOR = {
    "name.csv": (NUMBERS, changed("height,income", "height,weight"),
                 "header (line 1), column 2 is named 'income', in good.csv it is 'weight': other columns"),
    "order.csv": (NUMBERS, changed("weight,height", "height,weight"),
                  "header (line 1), column 1 is named 'weight', in good.csv it is 'height': the same columns in another order"),
    "fewer.csv": (MIXED, WORDS, "header (line 1), column 1 is named 'city', in good.csv it is 'height': other columns"),
    "last_one_missing.csv": (NUMBERS, "height\n1.5\n",
                             "header (line 1), column 2 is missing, in good.csv it is 'weight': other columns"),
    "more.csv": (WORDS, WORDS.replace("\n", ",1\n").replace("city,1", "city,age"),
                 "header (line 1), column 2 is named 'age', in good.csv there is none: other columns"),
    "more.npy": (NUMBERS, npy(np.ones((200, 3))), "row 1 has 3 columns, not the 2 of good.csv"),
    "keys.jsonl": (NUMBERS, '{"height": 1, "income": 2}\n' * 200, "row 1 (line 1), column 2 is named 'income', in good"),
    "fields.npy": (NUMBERS, npy(np.ones(200, [("height", float), ("income", float)])), "header, column 2 is named 'income'"),
    "words.csv": (NUMBERS, "height,weight\n" + "tall,heavy\n" * 200, "row 1 (line 2), column 1 ('height') is 'tall', not"),
    "vocabulary.csv": (WORDS, "city\nRome\n" + "Roma\n" * 199,
                       "row 2 (line 3), column 1 ('city') is 'Roma': good.csv has no such value, and 100% of these rows"),
    "digits.csv": (MIXED, "height,city\n" + "1.5,7\n" * 200, "row 1 (line 2), column 2 ('city') is '7': good.csv has no"),
    "one.csv": (NUMBERS, "height,weight\n1.5,2\n", "row 1 is its last; a generation must have at least 50 rows"),
    "latin1.txt": (TEXTS, b"one good line\n\ncaf\xe9\n", "row 2 (line 3), column 1 has byte 0xe9, no UTF-8"),
    "empty.txt": (TEXTS, "\n\n", "it has no rows"),
    "none.csv": (NUMBERS, None, "no such file"),
    "rows.xlsx": (NUMBERS, "PK", "it must end in .npy, .csv, .parquet, .jsonl, .txt, or be a folder of images"),
}  # fmt: skip
"""The real rows, content and message by name, of what is no generation of the real rows."""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that writes a file, and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        if content is not None:
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    return write


def refusal(call, *arguments):
    """The one line with which a call is refused."""
    with pytest.raises(cb.RequestError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", EVERYWHERE)
def test_all_tell_the_same_of_a_file_that_nobody_can_read(written, name):
    content, message = EVERYWHERE[name]
    written(name, content)
    told = [refusal(cb.Monitor, name), refusal(planned.read, name), refusal(lambda: cb.Experiment(target=name, n=20))]
    assert len({each.removeprefix("target.name = ") for each in told}) == 1
    assert told[0].startswith(f"{name}: ")
    assert message in told[0]


@pytest.mark.parametrize("name", MONITOR)
def test_a_generation_that_does_not_fit_is_told_by_file_row_and_column(written, name):
    good, content, message = MONITOR[name]
    end = "txt" if good is TEXTS else "csv"
    watch = cb.Monitor(written(f"good.{end}", good))
    told = refusal(watch.update, written(name, content))
    assert told.startswith(f"{name}: ")
    assert message in told


def test_an_unknown_word_beyond_the_first_block_is_told_by_its_row(written, monkeypatch):
    monkeypatch.setattr("collapsebench.datasets.formats.ROWS", 64)
    rows = [("Oslo",)] * 90 + [("Roma",)] * 200
    watch = cb.Monitor(written("good.csv", WORDS))
    assert refusal(watch.update, np.array(rows, object), "g").startswith(
        "g: row 91, column 1 ('city') is 'Roma': good.csv"
    )


@pytest.mark.parametrize("name", ["plain.csv", "bare.csv", "hash.csv", "far.csv", "mac.csv", "marked.csv"])
def test_what_is_not_bad_is_read(written, name):
    """A header or none, one after #, a large offset, other ends of lines, a mark of byte order."""
    content = {
        "plain.csv": NUMBERS, "bare.csv": NUMBERS.split("\n", 1)[1], "hash.csv": "# " + NUMBERS,
        "far.csv": "height,weight\n" + "".join(f"{a + 2.0**30},{b}\n" for a, b in ROWS),
        "mac.csv": NUMBERS.replace("\n", "\r"), "marked.csv": "\ufeff" + NUMBERS,
    }[name]  # fmt: skip
    source = Source(written(name, content))
    found = np.concatenate([chunk.numbers for chunk in source.chunks()])
    np.testing.assert_array_equal(found - (2.0**30 * np.array([1, 0]) if name == "far.csv" else 0), ROWS)
    assert source.own.names == (("column 1", "column 2") if name == "bare.csv" else ("height", "weight"))


def test_a_long_document_is_a_cell(written):
    rows = list(Source(written("long.csv", 'n,text\n1,"' + "some words; " * 20_000 + '"\n2,short\n')).chunks())
    assert [len(text) for text in rows[0].words[0]] == [240_000, 5]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([{"a": 1}] * 9, "row 1, column 1 is {'a': 1}, not a number or a text"),
        ([[1, 2], [3]] * 9, "row 2 has 1 column, row 1 has 2"),
        ([["a", 1], ["b", None]], "row 2, column 2 is missing"),
        (["a", None, 1], "row 2, column 1 is missing"),
        (["a", np.datetime64("NaT")], "row 2, column 1 is missing"),
        (["a", object()], "row 2, column 1 is <object object"),
        ([None] * 9, "row 1, column 1 is missing"),
        ({"a": [1, 2], "b": [3]}, "column 2 ('b') holds 1 cells, column 1 2"),
        ({"a": 1, "b": [3]}, "column 1 ('a') holds a single value"),
        ({"a": [1, 2], "b": [[3], [4]]}, "column 2 ('b') holds 2 x 1 cells, not a list of them"),
        ({"a": [1, 2], "b": [[3], [4, 5]]}, "column 2 ('b') has cells that are no numbers or words"),
        ([], "it has no rows"),
    ],
)
def test_rows_in_memory_are_told_by_row_and_column(given, message):
    assert refusal(lambda: list(Source(given).chunks())).startswith(f"rows: {message}")


def test_words_where_numbers_are_needed_are_told_by_row_and_column(written):
    message = "words.csv: row 1 (line 2), column 2 ('city') is 'Oslo': the column holds words; name those of numbers"
    assert refusal(planned.read, written("words.csv", MIXED)).startswith(message)
    assert refusal(lambda: cb.Experiment(target="words.csv", n=20)).startswith(f"target.name = {message}")
    assert "must end in .npy, .csv" in refusal(lambda: cb.Experiment(target=written("rows.xlsx", "PK"), n=20))


def test_a_negative_weight_is_told_by_row_and_column(written):
    written("weights.csv", "height,w\n" + "1.5,1\n" * 20 + "2.5,-1\n")
    told = refusal(lambda: cb.Experiment(target=cb.targets.Dataset("weights.csv", weight="w"), n=5, holdout=1))
    assert told.startswith("target.name = weights.csv: row 21 (line 22), column 2 ('w') is -1; a weight counts rows")
