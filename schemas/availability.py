"""The availability of a product in the words of those who send it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from schemas.texts import with_ascii_digits

AVAILABILITIES = ("in_stock", "out_of_stock", "preorder", "backorder")
_WORDS_BY_MEANING = {
    "in_stock": (
        "availablefororder limitedavailability onlineonly instoreonly available instore lowstock limitedstock "
        "fewleft yes true auflager lieferbar sofortlieferbar vorrätig verfügbar sofortverfügbar enstock disponible "
        "disponibile enexistencia enexistencias availablenow onlyleft onlyleftinstock leftinstock nurnochauflager "
        "nochauflager opvoorraad leverbaar pålager ilager varastossa emestoque disponível wmagazynie dostępny "
        "dostępne skladem вналичии естьвналичии 재고있음 판매중 有货 有貨 现货 現貨 有库存 有庫存 在庫あり "
        "readytoship directleverbaar beschikbaar finnsilager tillgänglig tilgængelig tilgjengelig saatavilla emstock "
        "inmagazzino prontaconsegna dostępna dostupné nasklade skladom nazalihi dostupno raktáron készleten "
        "elérhető stokta stoktavar mevcut διαθέσιμο διαθέσιμα внаявності євнаявності вналичност متوفر متاح במלאי "
        "קייםבמלאי זמין มีสินค้า พร้อมส่ง cònhàng tersedia stoktersedia 在庫有り 在庫有 即納 残りわずか 재고보유 可售"
    ),
    "out_of_stock": (
        "soldout discontinued unavailable notavailable notinstock nostock temporarilyoutofstock "
        "currentlyunavailable no false nichtauflager nichtlieferbar nichtverfügbar nichtvorrätig ausverkauft "
        "vergriffen épuisé oos enrupture rupture uitverkocht nietopvoorraad slutsåld slutilager ikkepålager "
        "inteilager udsolgt utsolgt loppu loppuunmyyty esgotado semestoque indisponível niedostępny niedostępne "
        "wyprzedane vyprodáno нетвналичии распродано 품절 재고없음 rupturedestock enrupturedestock indisponible "
        "agotado sinstock nodisponible esaurito nondisponibile 缺货 缺貨 无货 無貨 售罄 售完 没货 沒貨 在庫なし "
        "reserved nolongeravailable temporarilyunavailable nichtmehrverfügbar nichtmehrlieferbar derzeitnichtverfügbar "
        "derzeitnichtlieferbar momentannichtverfügbar momentannichtlieferbar zurzeitnichtverfügbar "
        "zurzeitnichtlieferbar nondisponible actuellementindisponible agotada fueradestock sinexistencias nohaystock "
        "temporalmenteagotado esgotada nãodisponível nietbeschikbaar nietleverbaar tijdelijkuitverkocht "
        "ejilager ejtillgänglig tillfälligtslut ikketilgængelig ikketilgjengelig midlertidigudsolgt eivarastossa "
        "eisaatavilla brakwmagazynie niedostępna wyprzedany nedostupné nenískladem vypredané niejenasklade rasprodano "
        "nijedostupno nedostupno nijenazalihi nincsraktáron nincskészleten elfogyott nemelérhető stoktayok tükendi "
        "mevcutdeğil εξαντλημένο εξαντλήθηκε μηδιαθέσιμο немаєвнаявності відсутній отсутствует изчерпан изчерпано "
        "нямавналичност غيرمتوفر غيرمتاح نفدتالكمية נגמר אזל אזלמהמלאי לאבמלאי לאזמין สินค้าหมด ของหมด ไม่มีสินค้า "
        "hếthàng tạmhếthàng habis stokhabis tidaktersedia 在庫切れ 在庫無し 品切れ 売り切れ 売切れ 完売 販売終了 "
        "入荷待ち 일시품절 판매종료 판매중지 补货中 補貨中"
    ),
    "preorder": (
        "presale comingsoon vorbestellbar vorbestellung précommande preventa preordine prévenda предзаказ 预售 "
        "預售 预订 預訂 availableforpreorder baldverfügbar bientôtdisponible próximamente förhandsboka forudbestilling "
        "forhåndsbestilling ennakkotilaus předobjednávka predobjednávka előrendelhető önsipariş передзамовлення "
        "đặttrước 予約 予約受付中 予約可 예약판매 예약구매 预购 預購"
    ),
    "backorder": (
        "madetoorder onbackorder specialorder onorder nachbestellt réapprovisionnement backordered "
        "availableonbackorder availableforbackorder aufbestellung bajopedido suordinazione beställningsvara "
        "bestillingsvare tilaustuote подзаказ nazamówienie naobjednávku 取り寄せ お取り寄せ 取寄せ"
    ),
}
_NO_LETTERS = re.compile(r"[\W\d_]+")
_WORDS = {known.replace("_", ""): known for known in AVAILABILITIES} | {
    _NO_LETTERS.sub("", normalize("NFKC", word).casefold()): meaning
    for meaning, words in _WORDS_BY_MEANING.items()
    for word in words.split()
}
"""Our words by the letters of those of Google's feeds, of today and before, of schema.org's ItemAvailability, and of
shops in their own language."""
_LETTERS = re.compile(r"[^\W\d_]+")
_REMARK = re.compile(r"\s[-–|/]\s|[,;:(]")
"""The beginning of what some add: `In stock - ships in 2 days`."""
_ADDRESS = re.compile(r"\S*(?://|\.)\S*/|schema:")
"""An address before the word, as in `https://schema.org/InStock`, with or without its scheme, or the short form."""
_DENIALS = frozenset(
    "n f no not none never nil null zero false out unknown without nein nicht kein keine keiner nie non ne pas aucun "  # noqa: SIM905
    "aucune sans sin ningún ninguno nada nunca não nee niet geen nej inte ikke na isn aren "
    "нет не без brak bez ei ingen inga sem není neni nije nema nincs nem yok değil όχι δεν μη ні немає няма "
    "لا غير ليس לא אין không hết tidak habis kosong".split()
)
_DENIALS_UNSPACED = re.compile("[不没沒无無缺否未罄없]|품절|불가|売り?切|完売|品切|ไม่|หมด")
"""The same in languages that put no blanks between words."""
_NO_COUNT = re.compile(r"(?<![\d.,])0+(?:[.,]0+)*(?![.,]?\d)|(?<![\w.,])[-−]\d")
"""A 0, or a number below it."""
_COUNT_OF_NONE = re.compile(
    r"0+(?:[.,]0+)? (?P<before>[^\W\d].*)|(?P<behind>.*[^\W\d])[\s:(-]*0+(?:[.,]0+)?(?: left)?[) ]*"
)
"""`0 in stock`, `in stock - 0 left`."""
_RUN_MAX = 4
"""The most words, with blanks between, that say one availability: `en rupture de stock`."""
VALUES_KNOWN_MAX = 1_024
"""The size of the cache that remembers what values mean: reading one takes 4 to 20 us."""
CHARACTERS_MAX = 200
"""A longer text is no availability: the search for an address in it takes the square of its length."""


def availability_in_our_words(value: Any) -> Any:
    """Return an availability in the words of the schema; a value that says none of them, or two, as it is.

    What is in doubt is refused rather than sold: the remark behind `In stock` may deny it.
    """
    if isinstance(value, bool):  # So databases write a column of truth values as JSON.
        return "in_stock" if value else "out_of_stock"
    if not isinstance(value, str) or value in AVAILABILITIES or len(value) > CHARACTERS_MAX:
        return value
    return _meaning(value) or value


@lru_cache(VALUES_KNOWN_MAX)
def _meaning(value: str) -> str | None:
    said = with_ascii_digits(normalize("NFKC", value)).casefold().strip().rstrip("/ ")
    address = _ADDRESS.match(said)
    return _meaning_of_words(said[address.end() :] if address else said)


def _meaning_of_words(said: str) -> str | None:
    if none := _COUNT_OF_NONE.fullmatch(said):
        is_a_stock = _WORDS.get(_letters(none["before"] or none["behind"])) in ("in_stock", "out_of_stock")
        return "out_of_stock" if is_a_stock else None
    if (whole := _WORDS.get(_letters(said))) is not None:
        return None if whole != "out_of_stock" and _NO_COUNT.search(said) else whole
    head, *remarks = _REMARK.split(said, maxsplit=1)
    meaning = _WORDS.get(_letters(head))
    return None if meaning is None or any(_contradicts(remark, meaning) for remark in remarks) else meaning


def _contradicts(remark: str, meaning: str) -> bool:
    """Return whether a remark may say the opposite. One behind `out of stock` says so only with all its words."""
    whole = _letters(remark)
    if whole in _DENIALS or _WORDS.get(whole, meaning) != meaning:
        return True
    if meaning == "out_of_stock":
        return False
    words = _LETTERS.findall(remark)
    runs = ("".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, start + 1 + _RUN_MAX))
    return (
        not _DENIALS.isdisjoint(words)
        or _DENIALS_UNSPACED.search(remark) is not None
        or _NO_COUNT.search(remark) is not None
        or any(_WORDS.get(run, meaning) not in (meaning, "in_stock") for run in runs)
    )


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text)
