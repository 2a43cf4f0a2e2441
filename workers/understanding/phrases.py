"""The phrases by which people ask for a price, a rating, stock or a seller."""

from __future__ import annotations

import re
from functools import cache, reduce
from typing import TYPE_CHECKING, NamedTuple

from workers.understanding.amounts import AMOUNT, AMOUNT_IN_CURRENCY, GROUPED
from workers.words.chunks import SIGN

if TYPE_CHECKING:
    from collections.abc import Iterable

_LESS = (
    "(?:less|lower|fewer|cheaper|less expensive) than|under|below|beneath"
    "|unter|unterhalb von|(?:weniger|billiger|günstiger|preiswerter) als"
    "|moins de|moins ch(?:er|ère)s? que|(?:en|au)[- ]dessous de|inférieure?s? à"
    "|menos de|m[aá]s barat[oa]s? (?:de|que)|(?:por )?debajo de|(?:a )?meno di|meno car[oaie] di|pi[uù] economic[oa] di"
    "|inferior(?:es|[ei])? a|menor(?:es)? (?:a|(?:do )?que)|mais barat[oa]s? (?:do )?que|abaixo de"
    "|onder|beneden|(?:minder|lager|goedkoper) dan|poni[zż]ej|mniej ni[zż]|ta[nń]sz[yae] ni[zż]"
)
_MORE = (
    "(?:more|higher|greater|more expensive|pricier) than|over|above|exceed(?:s|ing)?"
    "|über|oberhalb von|(?:mehr|teurer) als"
    "|plus de|plus ch(?:er|ère)s? que|au[- ]dessus de|supérieure?s? à"
    "|m[aá]s de|m[aá]s car[oa]s? (?:de|que)|(?:por )?encima de|pi[uù] di|pi[uù] car[oaie] di"
    "|superior(?:es|[ei])? a|ma[iy]or(?:es)? (?:a|(?:do )?que)|mais car[oa]s? (?:do )?que|mais de|acima de"
    "|boven|(?:meer|hoger|duurder) dan|powy[zż]ej|wi[eę]cej ni[zż]|dro[zż]sz[yae] ni[zż]"
)
"""Comparisons, which a negation before them turns into each other (`workers.understanding.negation`)."""
_MOST = (
    rf"{_LESS}|up to|at most|max\.|maximum(?: of)?|max of|höchstens|bis zu|maximal|jusqu['’]à|au (?:plus|maximum)"
    "|(?:ne )?dépass(?:e|ent|ant) pas|sans dépasser|hasta|como m[aá]ximo|fino a|al massimo|até|no m[aá]ximo"
    "|maximaal|hoogstens|(?:co )?najwy[zż]ej|maksymalnie"
)
_LEAST = (
    rf"{_MORE}|at least|starting at|min\.|minimum(?: of)?|mindestens|à partir de|au (?:moins|minimum)"
    "|a partir de|al menos|como m[ií]nimo|almeno|a partire da|pelo menos|no m[ií]nimo"
    "|minimaal|minstens|ten minste|(?:co )?najmniej|przynajmniej"
)
_MOST_IN_CURRENCY = (
    "(?:up to )?max|sub-?|bis|sous|sotto|m[aá]ximo|massimo|tot|do|menor(?:es)? de|within|budget(?: of)?|预算|預算"
)
_LEAST_IN_CURRENCY = "min|ab|from|dès|desde|oltre|sopra|vanaf|od|ma[iy]or(?:es)? de"
"""Words that say a bound before a sum of money alone: `bis 42` may be a size, and `air max 90` is a shoe."""
_ARTICLE = "(?:(?:the|les|los|as|os|i|de) )?"
"""`sous les 50 €`, `sotto i 50 €`, `onder de 50 €`."""
_LESS_UNSPACED = "低於|低于|少於|少于|小於|小于|不到|未到"
_MORE_UNSPACED = "高於|高于|超過|超过|多於|多于|大於|大于"
_MOST_BEFORE = f"{_LESS_UNSPACED}|最多|至多|最高|<=|≤|<"
_LEAST_BEFORE = f"{_MORE_UNSPACED}|至少|最少|最低|>=|≥|>"
_MOST_AFTER_UNSPACED = "或?以下|[以之]?[內内]|或更少|不到|未満|まで|より安い|이하|미만|이내|까지"
_LEAST_AFTER_UNSPACED = "或?以上|起|より高い|이상|초과"
_MOST_AFTER = (
    "(?:or|and) (?:less|under|below|cheaper)|(?:oder|und) (?:weniger|darunter)|(?:ou|et) moins|o menos|o meno"
    "|of minder|ou menos|lub mniej"
)
_LEAST_AFTER = (
    "(?:and|&|or) (?:up|above|over|more|higher)|(?:oder|und) (?:mehr|darüber)|(?:ou|et) plus|o m[aá]s|o pi[uù]"
    "|(?:en|of) (?:meer|hoger)|ou mais|(?:lub|i) wi[eę]cej"
)
_OR_BETTER = "(?:and|or) better|(?:oder|und) besser|ou mieux|(?:en|of) beter|minimum|min|e oltre|ou superior"
_MOST_AFTER_CURRENCY = "max|maximum|maximal|at most|tops|höchstens|au plus|m[aá]ximo|massimo|maximaal|maks"
"""Words that say a bound behind a sum of money alone: `iphone 15 max` is a model."""
_BETWEEN = (
    *(("between", "and|to|-"), ("from", "to"), ("zwischen", "und"), ("entre", "et|y|e"), ("[tf]ra", "e")),
    *(("tussen", "en"), ("(?:po)?mi[eę]dzy", "a|i")),
)
_TO = "[-–~～〜至到]|to|에서|から"
_TO_IN_CURRENCY = "bis|à|a|hasta|tot|até|do"
_FROM_IN_CURRENCY = "von|ab|de|dès|desde|da|van|od"
_FIRST, _SECOND = ("|".join(words) for words in zip(*_BETWEEN, strict=True))
_FIRST_OF_TWO = "|".join(f"({first})" for first, _ in _BETWEEN)
_SECOND_OF_TWO = reduce(lambda others, pair: f"(?({pair[0]})(?:{pair[1][1]})|{others})", enumerate(_BETWEEN, 1), "(?!)")
"""The word that goes with the one before. All pairs are one pattern, as each has two amounts, 45 ms to compile."""
_FEW = r"\d (?:à|a) "
"""`piles 2 à 5 €` are two at 5 €, and `de 2 à 5 €` is a range."""
AT_A_PRICE = re.compile(r"(?:d[ea]\s)?[^\w\s]?\s?\d.*\s(?:à|a)\s", re.IGNORECASE)
"""A range as `20 à 50 €` and `de 20 à 50 €` say it; the same words say how many cost how much."""
_PACKS = "lots?|packs?|paquets?|bo[iî]tes?|cartons?|sachets?|sets?|cajas?|paquetes?|bolsas?|confezion[ei]"
OF_A_PACK = re.compile(r"d[ea]\s", re.IGNORECASE)
"""The beginning of `de 4 à 5 €` in `lot de 4 à 5 €`, four of which are 5 €: a range behind `boîte` alone is one."""
_LEAD = "(?:(?:for|at|priced|für|bei|bis|up to|à|au|pour|por|per|de|da|voor|tot|za) )?"
"""Words that go with a bound: `for under 500`, `bis maximal 500`."""
_LEAD_UNSPACED = "(?:(?:[价價][格钱錢位]|售[价價]|[预預]算)?[从從在是为為]?)"
_NUMERALS = "一二三四五"

_WORD = f"(?<!{SIGN})"
_END = f"(?!{SIGN})"
_A, _B = f"(?P<a>{AMOUNT})", f"(?P<b>{AMOUNT})"


class Phrase(NamedTuple):
    """The pattern of a phrase."""

    pattern: re.Pattern[str]
    part: re.Pattern[str] | None = None
    """A part that each text with the phrase has. It is looked for in a tenth of the time that a pattern takes that
    begins with an amount, and few queries have it."""

    def finditer(self, text: str) -> Iterable[re.Match[str]]:
        """Iterate over the places of a text that say the phrase."""
        return () if self.part is not None and self.part.search(text) is None else self.pattern.finditer(text)


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE) for pattern in patterns)


def _phrases(*patterns: str | tuple[str, str]) -> tuple[Phrase, ...]:
    """Return the phrases of these patterns; of two that are given together the second one is a part of the first."""
    return tuple(Phrase(*_compiled(*((each,) if isinstance(each, str) else each))) for each in patterns)


@cache
def packs() -> re.Pattern[str]:
    """Return the pattern of a text that ends with the name of a pack."""
    return re.compile(rf"{_WORD}(?:{_PACKS})\s*$", re.IGNORECASE)


@cache
def price_between() -> tuple[Phrase, ...]:
    """Return the patterns of an amount `a` and another one `b`."""
    return _phrases(
        rf"{_WORD}(?:{_FIRST_OF_TWO}) {_ARTICLE}{_A}\s*(?:{_SECOND_OF_TWO})\s*{_ARTICLE}{_B}",
        (rf"{_LEAD_UNSPACED}{_A}\s*(?:{_TO})\s*{_B}(?:之間|之间|の間|사이)?", _TO),
        (
            rf"(?:{_WORD}(?:{_FROM_IN_CURRENCY}) |(?!{_FEW})){_A} (?:{_TO_IN_CURRENCY}) (?P<b>{AMOUNT_IN_CURRENCY})",
            f" (?:{_TO_IN_CURRENCY}) ",
        ),
        rf"{_WORD}(?:{_FROM_IN_CURRENCY}|{_FIRST}) (?P<a>{GROUPED}) (?:{_TO_IN_CURRENCY}|{_SECOND}) "
        rf"(?P<b>{AMOUNT_IN_CURRENCY})",
    )


def _bounds(before: str, unspaced: str, in_currency: str, behind: str) -> tuple[str | tuple[str, str], ...]:
    """Return the patterns of an amount `a` and words that say a bound: before it, before a sum of money, and behind."""
    return (
        rf"(?:{_WORD}{_LEAD}(?:{before}) {_ARTICLE}|(?<![-=]){_LEAD_UNSPACED}(?:{unspaced})\s*){_A}",
        rf"{_WORD}{in_currency}{_ARTICLE}(?P<a>{AMOUNT_IN_CURRENCY})",
        (rf"{_LEAD_UNSPACED}{_A}\s*(?:{behind})", behind),
    )


@cache
def price_most() -> tuple[Phrase, ...]:
    """Return the patterns of an amount `a` that is the most."""
    behind, in_currency = f"{_MOST_AFTER_UNSPACED}|(?:{_MOST_AFTER}){_END}", f"(?:{_MOST_AFTER_CURRENCY}){_END}"
    return _phrases(
        *_bounds(_MOST, _MOST_BEFORE, rf"(?:{_MOST_IN_CURRENCY})\s*", behind),
        (rf"(?P<a>{AMOUNT_IN_CURRENCY})\s*{in_currency}", in_currency),
    )


@cache
def price_least() -> tuple[Phrase, ...]:
    """Return the patterns of an amount `a` that is the least."""
    behind = f"{_LEAST_AFTER_UNSPACED}|(?:{_LEAST_AFTER}){_END}"
    return _phrases(*_bounds(_LEAST, _LEAST_BEFORE, f"(?:{_LEAST_IN_CURRENCY}) ", behind))


_STARS = "(?:stars?|sternen?|étoiles?|estrell?as?|stelle|sterren?|gwiazd(?:k[ai]|ek))"
_RATED = (
    "(?:an? )?(?:rated|ratings?(?: of)?|bewertet(?: mit)?|bewertung(?:en)?(?: von)?|notée?s?|valoraci[oó]n(?: de)?"
    "|puntuaci[oó]n(?: de)?|valutazione(?: di)?)"
)
_NOTE = "note (?:d['’]\\s?|de )?(?:supérieure à|au moins|au[- ]dessus de|plus de|minimum(?: de)?)"
"""A rating in French; `note 9` is a phone."""
_STAR_BEFORE = "(?<![\u4e00-\u9fff])[星★]"
"""`星4以上`; 三星 makes phones."""
_RATED_UNSPACED = "(?:評分|评分|評價|评价|評価|별점|평점)"
NAMES_RATING = re.compile(
    rf"{_STARS}|[星★]|rated|rating|bewert|note\s|noté|valora|puntua|valuta|{_RATED_UNSPACED}", re.IGNORECASE
)
"""A query without such a word, as most are, asks for no grade."""
_GRADE = rf"{_WORD}(?P<a>[1-5](?:[.,]\d)?)"
_STARS_UNSPACED = rf"(?P<a>[{_NUMERALS}]|{_GRADE.replace('?P<a>', '?:')})\s*[顆颗]?星[級级]?"


@cache
def rating_least() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of a grade `a` of 1 to 5."""
    return _compiled(
        rf"(?:rated )?{_GRADE}[\s-]*{_STARS} (?:{_LEAST_AFTER}|{_OR_BETTER}){_END}",
        rf"(?:rated )?{_GRADE}\s*\+\s*{_STARS}{_END}",
        rf"(?:rated )?{_GRADE}[\s-]*{_STARS}\s*\+",
        rf"{_WORD}(?:rated )?(?:{_LEAST}|ab|dès|desde|vanaf|od) {_GRADE}[\s-]*{_STARS}{_END}",
        rf"{_WORD}(?:{_RATED} (?:{_LEAST}|ab|(?:not|nicht|no|pas|non) (?:{_LESS}))|{_NOTE}) {_GRADE}{_END}",
        rf"{_WORD}{_RATED} (?:(?:{_LEAST}) )?{_GRADE}(?:\s*\+| (?:{_LEAST_AFTER}|{_OR_BETTER})){_END}",
        rf"(?:{_RATED_UNSPACED}|{_STAR_BEFORE})在?\s*{_GRADE}\s*[分つ점]?\s*(?:或|及)?(?:以上|起|이상)",
        rf"{_RATED_UNSPACED}\s*(?:{_LEAST_BEFORE}|不(?:{_LESS_UNSPACED}))\s*{_GRADE}\s*分?",
        rf"{_STARS_UNSPACED}(?:或|及)?(?:以上|起)",
        rf"(?:{_LEAST_BEFORE})\s*{_STARS_UNSPACED}",
    )


@cache
def rating_less() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of a grade `a` that is the least one where the phrase is denied: `not under 4 stars`."""
    return _compiled(
        rf"{_WORD}(?:rated )?(?:{_LESS}) {_GRADE}[\s-]*{_STARS}{_END}",
        rf"(?:{_LESS_UNSPACED})\s*{_STARS_UNSPACED}",
    )


IN_STOCK = _compiled(
    rf"{_WORD}(?:in[ -]stock|available now|auf lager|sofort lieferbar|vorrätig|en stock|en existencias?"
    rf"|disponibile subito|op voorraad|em (?:stock|estoque)|na stanie){_END}",
    "現貨|现货|有貨|有货|在庫(?:あり|有り)|재고 ?있(?:음|는)",
)
CHEAP_WORDS = _compiled(
    rf"{_WORD}(?:cheap(?:est)?|inexpensive|affordable|low-priced|not (?:too |so |very )?expensive"
    rf"|billig(?:st)?(?:e[rsnm]?)?|günstig(?:st)?(?:e[rsnm]?)?|preiswert(?:e[rsnm]?)?|nicht (?:zu |so |sehr )?teuer"
    rf"|pas (?:trop |très )?ch(?:er|ère)s?|(?:les? )?moins ch(?:er|ère)s?|bon marché|barat[oa]s?|no (?:muy )?car[oa]s?"
    rf"|economic(?:[oai]|he)|goedko(?:op(?:ste)?|pe)|voordelige?|tanich|tanie|najta[nń]sz[yae]){_END}",
    "最?便宜|不(?:要|會|会)?太?[貴贵]|平[價价]|廉[價价]|最?安い|安価な?|格安|저렴한|값싼|(?<![가-힣])싼(?![가-힣])",
)
SELLER = _compiled(rf"{_WORD}(?:sold by|by|from|at|bei|von|chez|vendu par) (?P<a>\S.*)")[0]
"""The words after which the name of a seller may follow."""
PERSONS = re.compile(
    r"(?:men|women|man|woman|adults?|kids?|child(?:ren)?|boys?|girls?|people|seniors?|babies|toddlers?|age[sd]?|aged"
    r"|männer|frauen|kindern?|jungen|mädchen|personen|erwachsenen?|babys|hommes|femmes|enfants?|filles?|garçons?|bébés?"
    r"|adultes?|hombres|mujeres|niñ[oa]s?|bebés?|adultos?|personas|uomini|donne|bambin[ioae]|ragazz[ioae]|adulti"
    r"|mannen|vrouwen|kinderen|jongens|meisjes|volwassenen|homens|mulheres|crianças?|menin[oa]s?|bebês?|pessoas"
    r"|dzieci|kobiet|mężczyzn|chłopców|dziewczyn(?:ek)?|osób"
    r"|歲|岁|兒童|儿童|小孩|寶寶|宝宝|成人|長者|老人|子供|大人|어린이|아이|아기|성인)\s*$",
    re.IGNORECASE,
)
"""The number after `men over` is an age and no price, and so is that of `Kinder unter 12`."""
SIZES = re.compile(
    r"(?:sizes?|größe|groesse|taille|talla|taglia|maat|tamanho|rozmiar|사이즈|サイズ|[尺呎][碼码寸]|度[數数])\s*$",
    re.IGNORECASE,
)
"""The number of `size 42 and up` is a size; that of `queen size under 200` is a price."""
RATINGS = re.compile(rf"(?:{_RATED}|note|{_RATED_UNSPACED}|{_STAR_BEFORE})\s*$", re.IGNORECASE)
"""A number up to 5 after `rating below` is a grade and no price."""
GRADE_MAX = 5.0
AFTER_A_BARE_NUMBER = re.compile(
    rf"\s*(?:$|[,;.!?)]|(?:and|but|with|for|from|by|or|on|und|aber|mit|für|mais|avec|pour|pero|con|para|met|voor|com|dla){_END})",
    re.IGNORECASE,
)
"""The text that may follow a number without a currency. Any other word may be its unit."""


def grade(written: str) -> float:
    """Return the grade of a rating, from 1 to 5."""
    if written in _NUMERALS:
        return float(1 + _NUMERALS.index(written))
    return min(float(written.replace(",", ".")), GRADE_MAX)
