"""Patterns of texts about a moment or a state that passes: `in 3 days`, `only 3 left`, `was $5`.

A shop that sends such texts as attributes changes them with time and stock, and they say nothing about the product.
Durations and numbers alone may: `24 hours` may be what a battery lasts.
"""

from __future__ import annotations

import re

_UNIT_IN_FULL = (
    r"(?:(?:business|working|more) )?(?:secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|weeks?|months?|years?"
    r"|sekunden?|minuten?|std\.?|stunden?|(?:werk|arbeits)?tage?n?|wochen?|monate?n?|jahre?n?"
    r"|secondes?|heures?|jours?(?: ouvr[ée]s)?|semaines?|mois|ans?"
    r"|segundos?|minutos?|horas?|d[ií]as?|semanas?|mes(?:es)?|años?"
    r"|secondi|minut[oi]|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi])"
)
_UNIT = rf"(?:{_UNIT_IN_FULL}|[smdw])"
"""Letters alone are lengths too: `within 10 m` is a time only where something happens then."""
_COUNT = (
    r"(?:an?|one|ein(?:e[nmr]?)?|une?|un[ao]|[0-9]+(?:[.,][0-9]+)?(?:(?: ?[-–] ?| (?:to|bis|à|a|oder|or) )[0-9]+)?)\+?"
)
SPAN = rf"(?:about |over |ca\. )?(?:{_COUNT} ?{_UNIT})(?:,? (?:{_COUNT} ?{_UNIT})){{0,2}}"
_SPAN_IN_FULL = rf"(?:about |over |ca\. )?(?:{_COUNT} ?{_UNIT_IN_FULL})(?:,? (?:{_COUNT} ?{_UNIT_IN_FULL})){{0,2}}"
_COUNT_UNSPACED = r"[0-9]+(?:[-–~至到][0-9]+)?\s?"
SPAN_UNSPACED = (
    rf"{_COUNT_UNSPACED}(?:秒|分[钟鐘]?|[个個]?小[时時]|[个個]?工作[日天]|天|日|[周週]|[个個]?月|年)"
    r"(?:之?[前后後内內]|以[前后後内內])"
)
_AGE_UNSPACED = rf"(?!{_COUNT_UNSPACED}(?:[个個]?月|年)[之以]?[后後内內])"
"""Months and years after which something happens are an age, unless news follows."""
DAY_UNSPACED = "[今明昨][天日]"
_WORDS = (
    "just now|today(?: only)?|only today|nur heute|tonight|yesterday|tomorrow|(?:next|last|this) (?:week|month|year)"
    "|heute|gestern|(?:über)?morgen|nächste woche|aujourd['’]hui|hier|demain|hoy|ayer|mañana|oggi|ieri|domani"
    f"|{DAY_UNSPACED}|[刚剛][刚剛才]"
)
WEEKDAY = (
    "(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
    "|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)"
)
DAY_NAME = rf"(?:{WEEKDAY}|(?:mon|tues?|wed|thur?s?|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim)\.?)"
MONTH = (
    "(?:jan(?:uary?|v\\.?|vier)?|jänner|feb(?:ruary?|rero|braio)?|févr?(?:ier)?|mar(?:ch|s|zo)?|märz?|apr(?:il|ile)?"
    "|avr(?:il)?|abr(?:il)?|may|mayo|mai|maggio|june?|juni|juin|junio|giugno|july?|juli|juil(?:let)?|julio|luglio"
    "|aug(?:ust)?|août|ago(?:sto)?|sept?|sept(?:ember|embre|iembre)|settembre|oct(?:ober|obre|ubre)?|okt(?:ober)?|ottobre"
    "|nov(?:ember|embre|iembre)?|dec(?:ember)?|dez(?:ember)?|déc(?:embre)?|dic(?:iembre|embre)?|ene(?:ro)?|gennaio)\\.?"
)
"""The names of months in full and in their short forms: anything behind a short form would make `24 markers` a day."""
FROM_NOW = (
    r"(?:(?:in|within|dans|sous|d['’]ici|en|dentro de|entro|fra|vor|innerhalb von|binnen|noch|il y a|hace) "
    rf"{_SPAN_IN_FULL}"
    rf"|{SPAN} (?:ago|left|remaining|later|from now|to go|fa|übrig|restants?)|[0-9:]{{4,8}} (?:left|remaining)"
    rf"|{_AGE_UNSPACED}{SPAN_UNSPACED}|{_WORDS})"
)
"""A moment by its distance from now."""
NEWS = (
    r"(?:(?:(?:last|usually|sale|offer|expected|estimated|sofort|voraussichtlich|zuletzt) )?"
    r"(?:eta|ships?|shipping|shipped|dispatch(?:es|ed)?|deliver(?:y|s|ed)|arriv(?:es|al|ing)|available|restock(?:ed|s)?|back"
    r"|ends?|starts?|expires?|updated|modified|added|posted|created|seen|sold|viewed|synced|get it|order"
    r"|lieferbar|lieferung|lieferzeit|versand(?:fertig|bereit)?|zustellung|verfügbar|aktualisiert|endet"
    r"|livraison|livrée?|expédiée?|expédition|disponible|entrega|envío|consegna|spedizione)"
    r"(?: (?:in|within|after|by|on|at|in stock|before|until|from|am|bis|ab|le|avant|el|il|ca\.?))?)"
)
NEWS_UNSPACED = "(?:[发發出][货貨]|[送到][达達货貨]|更新)"
"""The words for what happens at such a moment. They come before the moment, in Chinese after it."""
CHOICE = rf"(?:available|verfügbar|disponible)(?: in| en)?[: ]+{_COUNT} ?(?:m|(?-i:W))$"
"""`available in 10 m` and `available in 8 W`: a length and a power to choose. A time to wait is `14 d` or `2 w`."""
_THINGS = "items?|pieces?|pcs|units?|stück|stk\\.?|artikel|articles?|pièces?|unidades|pezzi"
_STATES = (
    "left|left in stock|remaining|in stock|available|sold|auf lager|verfügbar|übrig|en stock|restants?"
    "|disponibles?|reviews?|ratings?|bewertungen|rezensionen|avis|reseñas|recensioni|views?"
    "|viewed today|people are viewing this"
)
_COUNTED = r"[0-9.,]+[kK]?\+?"
_COUNTED_UNSPACED = r"[0-9.,]+[万萬]?\+?"
COUNT = re.compile(
    rf"(?:only|nur noch|nur|noch|plus que|seulement|sold|stock:?|qty:?|quantity:?) {_COUNTED}"
    rf"(?: (?:{_THINGS}))?(?: (?:{_STATES}|times))?"
    rf"|(?:just|solo) {_COUNTED} (?:(?:{_THINGS})(?: (?:{_STATES}))?|{_STATES})"
    rf"|\(?{_COUNTED}(?: (?:{_THINGS}))? (?:{_STATES})\)?"
    r"|[0-5](?:[.,][0-9]+)? (?:out of|von|sur|de|su) 5(?: \w+)?|[0-5][.,][0-9]+ ?(?:/ ?5|stars?|sterne?|étoiles)"
    rf"|(?:in stock|stock|lager|lagerbestand|bestand|auf lager|en stock|disponibles?|available|verfügbar|qty|quantity"
    rf"|sold|verkauft) ?[:=(] ?{_COUNTED}\)?"
    rf"|{_COUNTED} (?:of|von|sur|de|su) {_COUNTED} (?:left|remaining|available|übrig|verfügbar|restants?|disponibles?)"
    rf"|{_COUNTED}(?: ?x| times| people)?"
    r" (?:in (?:\w+ )?carts?|watching|bought in (?:the )?(?:past|last) \w+|im warenkorb)"
    rf"|{_COUNTED} offers?(?: from \D{{0,4}}[0-9.,]+\D{{0,4}})?"
    r"|\([0-9.,]+\)|★ ?[0-9.,]+|[0-5](?:[.,][0-9]+)? ?[★⭐](?: ?\([0-9.,]+\))?"
    rf"|(?:[剩库庫][余餘存]?(?:[库庫]存)?|在[库庫]|[仅僅]剩|已售|月[销銷售]|[销銷]量)\s?[:：]?\s?{_COUNTED_UNSPACED}\s?[件个個只点點]?"
    rf"|{_COUNTED_UNSPACED}\s?人(?:付款|[购購][买買]|看[过過])",
    re.IGNORECASE,
)
"""A count of stock, of sales or of reviews, and a rating."""
AROUND_A_PRICE = re.compile(
    r"^(?:our )?(?:price|preis|prix|precio|prezzo|[价價]格|售[价價])[:：]? ?(?=\D{0,4}[0-9])"
    r"|^(?:from|was|now|only|save|ab|statt|uvp|nur|jetzt|à partir de|dès|au lieu de|desde|antes|ahora|da|rrp|msrp):? "
    r"(?=\D{0,4}[0-9.,]+\s?\D{1,3}$|\D{1,4}[0-9.,]+$|.*(?:off|/))"
    r"|(?<=[^\s0-9.,]) ?/ ?(?:[0-9]+ ?)?(?:kg|g|l|ml|cl|m|m²|m2|stk|stück|pc|piece|unit|pièce|u)\.?$"
    r"| (?:off|rabatt|discount|reduziert)$",
    re.IGNORECASE,
)
"""The words before and behind a price that say which price it is, and the unit that it is for."""
