#!/bin/sh
# tantivy 0.27.0 (Python), products replaced by delete_documents_by_term and add_document.
# Guess: the term is the article number; what is deleted is the product that has it.
# Seen:  add_text_field cuts and lowers what it indexes, and delete_documents_by_term takes the term as it is: "AB-1234" is
#        in no document, nothing is deleted, and each change leaves one more copy of the product. "1234" deletes those of
#        AB-1234 and CD-1234 alike. With tokenizer_name="raw" the number is one term. No call tells how many it deleted.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tantivy==0.27.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import tantivy


def shop(**options):
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("sku", stored=True, **options)
    schema.add_text_field("title", stored=True)
    index = tantivy.Index(schema.build())
    return index, index.writer()


def replace(shop, sku, title):
    index, writer = shop
    writer.delete_documents_by_term("sku", sku)
    if title:
        writer.add_document(tantivy.Document(sku=sku, title=title))
    writer.commit()
    index.reload()


def found(shop, query):
    searcher = shop[0].searcher()
    hits = searcher.search(shop[0].parse_query(query, ["title"]), 10).hits
    return sorted(searcher.doc(address)["title"][0] for _, address in hits)


words, raw = shop(), shop(tokenizer_name="raw")
for each in (words, raw):
    replace(each, "AB-1234", "Mug, old")
    replace(each, "AB-1234", "Mug, new")
    replace(each, "CD-1234", "Cup")
print("by words:", found(words, "mug"), " raw:", found(raw, "mug"))
assert found(words, "mug") == ["Mug, new", "Mug, old"], "the old one is deleted now"
assert found(raw, "mug") == ["Mug, new"]
replace(words, "1234", None)
print("1234 is deleted:", found(words, "mug OR cup"))
assert found(words, "mug OR cup") == [], "a part of the number deletes nothing now"
PYTHON
