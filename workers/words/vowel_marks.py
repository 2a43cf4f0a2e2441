"""Scripts that write vowels as marks, which Indic scripts need, and which hardly anyone types in Arabic and Hebrew.

A mark is no letter to a regular expression, so words would be cut at each, and दाल (lentils) would be दिल (heart).
"""

from __future__ import annotations

import unicodedata

from workers.words.chunks import is_unspaced

MARKED_FIRST, MARKED_LAST = 0x0483, 0x1CFF
"""The scripts behind Latin, Greek and Cyrillic, up to the signs that all scripts share."""
_VOWEL_SIGN, _KINDS = " VOWEL SIGN ", ("LETTER", "VOWEL")
"""The words before the vowel in the names of signs, and in those of letters, as in `GUJARATI VOWEL CANDRA O`."""
_NASAL = ("ANUSVARA", "CANDRABINDU", "BINDI", "TIPPI")
"""Signs for a nasal, which is also written as the letter n without its vowel: हिंदी and हिन्दी."""
_SINHALA = dict(zip("ාැෑිීුූෘෙේෛොෝෞ", "ආඇඈඉඊඋඌඍඑඒඓඔඕඖ", strict=True))
"""The vowels whose signs and letters Unicode names differently."""
_FORMS = {
    **dict.fromkeys("ٱ", "ا"),
    **dict.fromkeys("ىیے", "ي"),
    **dict.fromkeys("ةہە", "ه"),
    "ک": "ك",
    "ـ": "",  # It only makes a word wider.
    **dict(zip("ൺൻർൽൾൿ", "ണനരലളക", strict=True)),
    "ৎ": "ত",
}
"""Letters that keyboards, and Arabic and Persian among themselves, write in several forms, as Lucene's normalizers have
them; and consonants that have a letter of their own where no vowel follows."""


def without_marks() -> dict[int, str]:
    """Return the table of the marks of these scripts and of the letters that have one.

    A vowel of an Indic script becomes its letter, whether it follows a consonant or not; any other mark is left out.
    """
    letters = filter(lambda letter: not is_unspaced(letter), map(chr, range(MARKED_FIRST, MARKED_LAST + 1)))
    return {ord(letter): bare for letter in letters if (bare := _bare(letter)) != letter}


def _bare(letter: str) -> str:
    if letter in _FORMS:
        return _FORMS[letter]
    if unicodedata.category(letter) in ("Mn", "Mc"):
        return _vowel(letter)
    parts = unicodedata.normalize("NFD", letter)
    return letter if len(parts) == 1 else "".join(map(_bare, parts))


def _vowel(mark: str) -> str:
    """Return the letter of a vowel or nasal that is written as a mark; an empty text for any other mark."""
    if mark in _SINHALA:
        return _SINHALA[mark]
    script, _, sound = unicodedata.name(mark, "").partition(_VOWEL_SIGN)
    if script.endswith(_NASAL):
        script, sound = script.partition(" ")[0], "NA"
    named = [f"{script} {kind} {sound}" for kind in _KINDS] if sound else []
    return next(filter(None, map(_letter, named)), "")


def _letter(name: str) -> str:
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return ""
