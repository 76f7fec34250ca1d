"""Texts: sources, digests, the split by document, its overlap, and one line for every bad file."""

import hashlib
import io
import re
import tarfile

import numpy as np
import pytest

from collapsebench.datasets import Unavailable, texts, where
from collapsebench.datasets.texts import Document, boolean, brown, corpus, local, packages, wikitext2
from collapsebench.datasets.texts.corpus import HELD_OUT, overlap


def test_the_default_text_needs_nothing():
    found = texts.load("pydoc")
    held = sum(len(document.text) for document in found.held_out)
    total = sum(len(document.text) for document in found.documents)
    assert len(found.documents) > 50
    assert abs(held / total - HELD_OUT) < 0.1
    assert not {document.name for document in found.train} & {document.name for document in found.held_out}


def test_the_boolean_language_is_true_and_the_same_everywhere():
    found = texts.load("boolean")
    assert found.sha256 == "cb1fd3da34af15480b46bb167e2e05c768ed9cb9c7cd1a281dbf2b5c243e4dd6"
    assert len({document.text for document in found.documents}) == boolean.SENTENCES
    assert all(boolean.correct(document.text) for document in found.documents)
    wrong = ("(T&!F)=F", "T=", "=T", "((T=T", "T=T=T", "(T|F)", "TT=T", "!=T", "(T)=T", "T)=T", "(!T&F|T)=T")
    assert not any(map(boolean.correct, wrong))
    assert boolean.correct("!(T&F)=T")
    assert boolean.correct("!!F=F")


def test_copies_are_left_out_and_the_parts_overlap_is_measured():
    words = [
        f"number {i} of the words that stand here in document {i} and nowhere else at all, really" for i in range(50)
    ]
    documents = [Document(text) for text in words]
    found = corpus([*documents, Document(words[3] + "\n"), Document("")], name="x", source="s", licence="l")
    assert (len(found.documents), found.repeated) == (50, 2)
    assert overlap(found.train, found.held_out) == found.overlap
    passage = "".join(chr(97 + i) for i in np.random.default_rng(0).integers(0, 26, 5000))
    assert overlap([Document(passage)], [Document(passage[1000:])]) == 1
    assert 0.3 < overlap([Document(passage[:2500])], [Document(passage)]) < 0.7
    assert overlap([Document("short")], [Document("short")]) == 0


def test_a_text_that_repeats_itself_is_refused():
    copies = [Document(f"{'the same words again and again, ' * 20}{i}") for i in range(10)]
    with pytest.raises(ValueError, match="repeats itself"):
        corpus(copies, name="x", source="s", licence="l")


def test_a_single_document_is_cut_at_a_line(tmp_path):
    file = tmp_path / "one.txt"
    file.write_text("".join(f"line {i}\n" for i in range(1000)))
    found = texts.load(str(file))
    assert found.train[0].text.endswith("\n")
    assert found.held_out[0].text.startswith("line 8")
    assert found.train[0].text + found.held_out[0].text == file.read_text()


BAD = {
    "empty": (b"", "it holds no text"),
    "space": (b" \n ", "it holds no text"),
    "one": (b"a", "too few for a part to hold out"),
    "latin": ("caf\xe9 noir".encode("latin1"), r"line 1 has byte 0xe9, no UTF-8"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line(tmp_path, name):
    data, why = BAD[name]
    (tmp_path / f"{name}.txt").write_bytes(data)
    with pytest.raises(ValueError, match=why) as error:
        texts.load(str(tmp_path / f"{name}.txt"))
    assert "\n" not in str(error.value)


def test_other_paths_and_names_are_one_line(tmp_path):
    with pytest.raises(ValueError, match="it has no files"):
        texts.load(str(tmp_path))
    with pytest.raises(ValueError, match="did you mean 'brown'"):
        texts.load("browm")


def test_a_large_file_is_read_in_part_only(tmp_path, monkeypatch):
    """A sparse file of a gigabyte: refused in one line, or its beginning read, in the memory of that."""
    file = tmp_path / "large.txt"
    with file.open("wb") as stream:
        stream.write("é words\n".encode() * 1000)
        stream.truncate(2**30)
    with pytest.raises(ValueError, match=r"1024 MiB of text, and at most 256 MiB are read; .*such as first=268435456"):
        texts.load(str(file))
    found = texts.load(str(file), first=901)  # in the middle of a letter
    assert sum(len(document.text.encode()) for document in found.documents) == 900


def test_parts_of_a_file_by_separator(tmp_path):
    (tmp_path / "b.txt").write_text("first\n<|endoftext|>\nsecond\n<|endoftext|>\n")
    (tmp_path / "a.txt").write_text("third")
    found = [(d.name, d.text) for d in local.read_path(tmp_path)]
    assert found == [("a.txt", "third"), ("b.txt", "first"), ("b.txt", "second")]


def test_articles_of_wikitext():
    found = wikitext2.articles([" \n", " = One = \n", " words \n", " = = Section = = \n", " = Two = \n", "more"])
    assert [document.name for document in found] == ["One", "Two"]


def archive(folder, files):
    path = folder / "corpus-1.0.tgz"
    with tarfile.open(path, "w:gz") as out:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            out.addfile(entry, io.BytesIO(text.encode()))
    return path


def test_the_brown_corpus_in_its_archive(tmp_path):
    files = {
        "ca01": "\n\n\tThe/at jury/nn said/vbd 1/2/cd ./.\n\n",
        "cb02": "Yes/rb\n",
        "README": "no",
        "CONTENTS": "no",
    }
    digest = hashlib.sha256(archive(tmp_path, files).read_bytes()).hexdigest()
    source = packages.NpmPackage("corpus", "1.0", digest, brown.untagged)
    found = source.read(where(tmp_path))
    assert [(d.text, d.genre) for d in found] == [("The jury said 1/2 .", "news"), ("Yes", "editorial")]
    with pytest.raises(ValueError, match="sha256 expected"):
        packages.NpmPackage("corpus", "1.0", "0" * 64, brown.untagged).read(where(tmp_path))


def test_what_is_not_here_says_how_to_get_it(tmp_path):
    for name in ("brown", "wikitext2", "tiny_stories", "tiny_shakespeare"):
        with pytest.raises(Unavailable, match=re.escape(f"{name} is not on this machine: ")) as error:
            texts.load(name, folder=tmp_path, download=False)
        assert "\n" not in str(error.value)
        assert str(tmp_path) in str(error.value)
    assert texts.missing(tmp_path).keys() >= {"brown", "wikitext2", "tiny_stories", "tiny_shakespeare"}
    assert not texts.missing(tmp_path).keys() & {"pydoc", "boolean"}
    (tmp_path / "brown").mkdir()
    assert "brown" not in texts.missing(tmp_path)
    assert "licence" in str(texts.describe("kjv"))
