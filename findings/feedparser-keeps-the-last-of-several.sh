#!/bin/sh
# feedparser 6.0.14 beside xmltodict 1.0.4 (Python), a feed of Google Merchant in RSS.
# Guess: an element that is there several times, as additional_image_link and product_type may be, is a list.
# Seen:  the last one is kept and the others are gone without a word; what is within shipping (country, price) is lifted
#        into the entry, where g_country looks like a field of the product; and an entry without guid has no id, since
#        Google's g:id is g_id.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check feedparser==6.0.14 xmltodict==1.0.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import feedparser
import xmltodict

FEED = b"""<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title><item>
<g:id>lamp-1</g:id><title>Brass lamp</title><g:price>39.90 EUR</g:price>
<g:additional_image_link>https://shop.example/1.jpg</g:additional_image_link>
<g:additional_image_link>https://shop.example/2.jpg</g:additional_image_link>
<g:product_type>Lamps &gt; Desk</g:product_type><g:product_type>Sale</g:product_type>
<g:shipping><g:country>US</g:country><g:service>Standard</g:service></g:shipping>
</item></channel></rss>"""
[entry] = feedparser.parse(FEED).entries
item = xmltodict.parse(FEED)["rss"]["channel"]["item"]
print("feedparser:", {name: entry[name] for name in entry if name.startswith("g_")}, "id" in entry)
print("xmltodict:", item["g:additional_image_link"], item["g:product_type"], item["g:shipping"])
assert entry["g_additional_image_link"] == "https://shop.example/2.jpg", "feedparser keeps other images now"
assert entry["g_product_type"] == "Sale", "feedparser keeps other types now"
assert entry["g_country"] == "US" and not entry["g_shipping"], "what is within shipping is kept there now"
assert "id" not in entry and entry["g_id"] == "lamp-1"
assert len(item["g:additional_image_link"]) == len(item["g:product_type"]) == 2
PYTHON
