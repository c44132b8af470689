"""Oracle for WordPiece: what HuggingFace's tokenizers make of odd texts.

    python3 word_piece.py > word_piece.txt
"""
import json
import os
import tempfile

import tokenizers
from tokenizers import BertWordPieceTokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFßéüøñ"
WORDS = ["the", "whale", "call", "me", "ish", "##mael", "ish", "un", "##believ", "##able", "##s", "ing", "##ing", "don", "t",
         "new", "york", "New", "York", "cafe", "café", "##fe", "10", "##0", "2", "2026", "##26", "straße", "strasse", "и", "мир",
         "##ир", "中", "国", "東", "京", "ひ", "##ら", "한", "##국", "😀", "İ", "i", "σ", "ς", "οδος", "##δος", "ﬁ", "…", "—", "¿"]
TEXTS = [
    "", " ", "Call me Ishmael.", "the whale, the WHALE; unbelievables!", "don't", "New York's cafés", "CAFÉ café cafe\u0301",
    "1000 2026 2,026.5 10%", "a\tb\nc\rd\u00a0e\u3000f\u2028g", "a\x00b\x07c\u200bd\ufeffe\ufffdf", "中国 in 東京", "ひら한국 мир МИР",
    "😀😀 the😀", "straße STRASSE", "İstanbul I ı i", "οδος ΟΔΟΣ Σ σς", "ﬁnal ﬁ", "…—¿ «the» “whale” ‘me’", "$5+3=8<9>7^2`~|",
    "x" * 100, "x" * 101, "a" * 99 + "é", "e\u0301" * 100, "##mael ##s # #", "the_whale-me/call\\me", "[unk] [mask]",
    "\u0301a", "ñandú øre", "𠀀𪜀 𝒜", "\u00ad", "the\u00adwhale", "\U000e0041the", "\ue000the", "2²³½", "₤ € £ ¥", "a\u0085b\u000bc\u000cd",
    "\u1680the\u205fwhale\u202fme", "Ａｂｃ １２３", "۱۲۳ ٪", "नमस्ते", "สวัสดี", "the\u0338", "Ǆ ǅ ǆ", "ẞ ß",
]


def main():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces += [p for p in dict.fromkeys(list(LETTERS) + ["##" + c for c in LETTERS] + list(".,;!?'\"$+=<>^`~|%()[]{}#_-/\\:«»“”‘’€£¥₤") + WORDS)]
    print(f"# Made by word_piece.py with tokenizers {tokenizers.__version__}. Do not edit: run the script.")
    print("# The vocabulary as JSON, then a line for each text: the text as JSON, ids lower-cased, ids in its own case.")
    print(json.dumps(pieces))
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "vocab.txt")
        with open(file, "w", encoding="utf-8") as out:
            out.write("\n".join(pieces) + "\n")
        lower = BertWordPieceTokenizer(file, lowercase=True)
        kept = BertWordPieceTokenizer(file, lowercase=False, strip_accents=False)
    for text in TEXTS:
        print(json.dumps(text), *("\t" + " ".join(map(str, t.encode(text).ids)) for t in (lower, kept)), sep="")


main()
