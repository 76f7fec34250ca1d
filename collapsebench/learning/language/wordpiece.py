"""WordPiece tokens of BERT, uncased: text without accents, cut at spaces and signs, each word into its longest pieces."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

CLASSIFY, SEPARATE, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
CONTINUES = "##"
LONGEST = 100
"""Characters of a word that is cut; a longer one is unknown."""
_CHINESE = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


def encode(text: str, vocabulary: Mapping[str, int], most: int) -> list[int]:
    """At most `most` tokens of a text, of which the first is [CLS] and the last [SEP].

    What looks like a special token in the text, such as "[SEP]", is read as text.
    Source: Devlin et al. (2019), BERT, as in the `tokenizers` library's BertNormalizer and BertPreTokenizer.
    """
    tokens = [vocabulary[CLASSIFY]]
    for word in _words(text):
        tokens += _pieces(word, vocabulary)
        if len(tokens) >= most - 1:
            break
    return [*tokens[: most - 1], vocabulary[SEPARATE]]


def _words(text: str) -> Iterator[str]:
    """Words and single signs, in lower case."""
    spread = "".join(_cleaned(sign) for sign in text)
    plain = unicodedata.normalize("NFD", spread)
    lower = "".join(
        sign.lower() for sign in plain if unicodedata.category(sign) != "Mn"
    )  # each by itself: no final sigma
    for part in lower.split():
        word = ""
        for sign in part:
            if _punctuation(sign):
                yield from (word, sign) if word else (sign,)
                word = ""
            else:
                word += sign
        if word:
            yield word


def _cleaned(sign: str) -> str:
    if sign in "\t\n\r":
        return " "
    if sign == "\ufffd" or unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs"):
        return ""
    if sign.isspace():
        return " "
    return f" {sign} " if any(low <= ord(sign) <= high for low, high in _CHINESE) else sign


def _punctuation(sign: str) -> bool:
    return (sign.isascii() and sign.isprintable() and not sign.isalnum()) or unicodedata.category(sign)[0] == "P"


def _pieces(word: str, vocabulary: Mapping[str, int]) -> list[int]:
    """Longest pieces from the left; one unknown token where a place has none."""
    found, start = list[int](), 0
    while start < len(word) <= LONGEST:
        own = CONTINUES if start else ""
        end = next((end for end in range(len(word), start, -1) if own + word[start:end] in vocabulary), None)
        if end is None:
            break
        found.append(vocabulary[own + word[start:end]])
        start = end
    return found if start == len(word) else [vocabulary[UNKNOWN]]
