# ruff: noqa: RUF001
"""Tokens of texts by the `tokenizers` library's WordPiece, uncased as in BERT, with a small vocabulary.

python tests/learning/language/wordpiece_golden.py    writes wordpiece.json beside this file; needs tokenizers
"""

import json
from pathlib import Path

HERE = Path(__file__).parent / "wordpiece.json"
PIECES = [
    "[UNK]", "[CLS]", "[SEP]", "the", "cat", "##s", "sat", "un", "##aff", "##able", "cafe", "naive", "2", "##3", "3", "$",
    ".", ",", "!", "?", "-", "'", "(", ")", "`", "~", "^", "=", "it", "s", "中", "文", "—", "“", "”", "ß", "strasse", "и",
    "##и", "a", "##b", "##c", "b", "c", "…", "|", "<", ">", "+", "@", "#", "¿", "i", "##i", "κ", "##ο", "##σ", "##ς", "€", "[",
    "]", "cl", "##l",
]  # fmt: skip
TEXTS = [
    "", "   ", "the cats sat", "The CATS, sat!", "unaffable", "unaffablex", "Café naïve", "23 3.3 $2", "it's (the) cat-s",
    "中文cat中", "“the”—cat…", "straße STRASSE ß", "Ии й", "a\tb\nc\r\nabc", "a\u00a0b\u2003c\u3000a", "a\u200bb a\u00adb",
    "a\x00b\x07c\ufffd", "`~^=|<>+@#", "¿cat?", "İi I", "ΚΟΣ κος", "€2", "a" * 101, "ab" * 40, "a\u0301b", "[ CLS ] [", "e\u0300",
    "a\ue000b", "a\U0001f600b", "the\u2028cat\u0085sat", "ab" + "c" * 98, "ab" + "c" * 99, "ﬁ ﬀ", "２３", "a_b",
]  # fmt: skip


def main():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    vocabulary = {piece: i for i, piece in enumerate(PIECES)}
    own = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    own.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True
    )
    own.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    found = [[text, [1, *own.encode(text).ids, 2]] for text in TEXTS]
    HERE.write_text(json.dumps({"pieces": PIECES, "texts": found}, ensure_ascii=True, indent=1) + "\n")


if __name__ == "__main__":
    main()
