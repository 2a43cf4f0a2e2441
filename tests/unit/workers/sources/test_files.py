"""Files are recognised by their bytes: packed, in UTF-16, a JSON array, a table, XML."""

from __future__ import annotations

import gc
import gzip
import io
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEvent, WrongUsage
from schemas.events import EVENT_BYTES_MAX
from workers.sources.delimited import BROKEN_LINES_MAX
from workers.sources.files import rows
from workers.sources.markup import text_of
from workers.sources.row import Row

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = {"product_id": "a", "title": "Tee grün"}, {"product_id": "b", "title": "Cup [x], {y}"}
LINES = b"\n".join(map(orjson.dumps, (FIRST, SECOND)))
INDENTED = orjson.dumps([FIRST, SECOND], option=orjson.OPT_INDENT_2)


def zipped(content: bytes) -> bytes:
    """Leave the time out: the bytes name a test, and processes that collect it in two seconds would find two tests."""
    return gzip.compress(content, mtime=0)


def read(content: bytes, **how: Any) -> list[Row]:
    return list(rows(io.BytesIO(content), **{"takes_text": False, **how}))


def bodies(content: bytes, **how: Any) -> list[Any]:
    return [orjson.loads(row.value) for row in read(content, **how) if isinstance(row.value, bytes)]


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        LINES.replace(b"\n", b"\r\n\r\n") + b"\r\n",
        LINES.replace(b"\n", b"\r"),
        BOM_UTF8 + LINES,
        BOM_UTF8 * 2 + LINES,
        LINES.replace(b"\n", b"\n" + BOM_UTF8),
        zipped(LINES),
        zipped(BOM_UTF8 + INDENTED),
        LINES.decode().encode("utf-16"),
        LINES.decode().encode("utf-16-le"),
        LINES.decode().encode("utf-16-be"),
        INDENTED,
        orjson.dumps([FIRST, SECOND]),
        INDENTED[1:-1].replace(b"},", b"}\n"),
    ],
    ids=[
        "lines",
        "CRLF",
        "CR",
        "BOM",
        "two BOMs",
        "BOM within",
        "gzip",
        "gzip of an array",
        "UTF-16",
        "LE",
        "BE",
        "array",
        "dense",
        "indented",
    ],
)
def test_json_is_read_however_it_is_laid_out_and_packed(content: bytes) -> None:
    assert bodies(content) == [FIRST, SECOND]


def test_lines_are_numbered_as_lines_and_elements_as_elements() -> None:
    assert [row.number for row in read(b"\n" + LINES.replace(b"\n", b"\n\n"))] == [2, 4]
    assert [row.number for row in read(INDENTED)] == [1, 2]


def test_numbers_of_an_array_stay_as_they_are_written() -> None:
    [row] = read(b'[ {"price": 1.10, "version": 9007199254740993} ]')
    assert row.value == b'{"price": 1.10, "version": 9007199254740993}'


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=40), min_size=1), min_size=1), st.integers(1, 7))
def test_an_array_is_read_alike_wherever_its_parts_are_cut(elements: list[dict[str, str]], size: int) -> None:
    assert bodies(orjson.dumps(elements), chunk_characters=size) == elements


def test_an_array_that_is_cut_off_is_read_up_to_there() -> None:
    *_, last = read(INDENTED[:-20])
    assert last.number == 2 and isinstance(last.value, InvalidEvent) and "the JSON ends here" in str(last.value)


@pytest.mark.parametrize(
    ("content", "read_before"),
    [
        (orjson.dumps([FIRST, SECOND])[:-1], 2),
        (orjson.dumps([FIRST])[:-1] + b",", 1),
        (orjson.dumps([FIRST])[:-1] + b", \n", 1),
        (b"[", 0),
        (b'{"products":[{"id":1,"title":"a"},', 1),
        (b'{"products":[{"id":1,"title":"a"}', 1),
        (b'{"items":[{"id":1,"sku":"a"}],"total_count"', 1),
        (orjson.dumps([FIRST]) + b"[", 1),
        (orjson.dumps([FIRST]) + b"]", 1),
        (orjson.dumps([FIRST]) + b" and more", 1),
        (b"[" * 100_000, 0),
    ],
)
def test_json_that_ends_between_its_values_is_told(content: bytes, read_before: int) -> None:
    """If it passed for complete, `sync` would delete what it lacks."""
    *before, last = read(content)
    assert [isinstance(row.value, bytes) for row in before] == [True] * read_before
    assert last.number == read_before + 1 and isinstance(last.value, InvalidEvent)
    assert "the JSON ends here" in str(last.value)


@pytest.mark.parametrize("between", [b"", b"\n", b" , "])
def test_files_that_were_put_together_are_read_whole(between: bytes) -> None:
    assert bodies(between.join([orjson.dumps([FIRST]), b"[]", orjson.dumps([SECOND])])) == [FIRST, SECOND]
    pages = [b'{"products":[{"id":%d,"title":"a"}],"next":{"page":[%d]}}' % (number, number) for number in (1, 2, 3)]
    assert [each["id"] for each in bodies(between.join(pages))] == [1, 2, 3]


@given(st.lists(st.integers(), min_size=1), st.integers(1, 3))
def test_a_number_that_is_cut_is_one_number(numbers: list[int], size: int) -> None:
    written = [b"%d" % each for each in numbers]
    assert [row.value for row in read(b"[%s]" % b",".join(written), chunk_characters=size)] == written


def test_a_packed_file_that_is_cut_off_is_named() -> None:
    packed = zipped(b"\n".join(orjson.dumps({"product_id": str(n)}) for n in range(50_000)))
    *_, last = read(packed[:-2_000])
    assert isinstance(last.value, InvalidEvent) and "packed by gzip and broken here" in str(last.value)
    with pytest.raises(WrongUsage, match="packed by gzip and broken"):
        read(b"\x1f\x8b\x08\x00\x00")


@pytest.mark.parametrize(
    ("delimiter", "name"), [("\t", "tab-sep"), (",", "comma-sep"), (";", "semicolons"), ("|", "separated by bars")]
)
def test_a_table_is_refused_by_name_and_read_where_the_format_is_one_of_tables(delimiter: str, name: str) -> None:
    table = f'product_id{delimiter}title\r\n\r\na{delimiter}"Tee{delimiter} grün"\r\nb{delimiter}\r\n'.encode()
    assert read(table, takes_text=True) == [
        Row(3, {"product_id": "a", "title": f"Tee{delimiter} grün"}),
        Row(4, {"product_id": "b"}),
    ]
    with pytest.raises(WrongUsage, match=rf"{name}.*--format google-merchant.*--format csv"):
        read(table)


def test_a_row_with_more_cells_than_the_header_is_invalid_and_the_others_are_not() -> None:
    found = read(b"product_id,price\na,1,99\nb,2\n", takes_text=True)
    assert isinstance(found[0].value, InvalidEvent) and "3 cells and the header 2" in str(found[0].value)
    assert found[1].value == {"product_id": "b", "price": "2"}


@pytest.mark.parametrize(
    ("table", "whole", "broken"),
    [
        ('id\ttitle\na\t"55 inch\nb\tok\nc\tok\n', [], (4, "lines 2 to 4 are one row")),
        ('id\ttitle\na\t"55 inch\nb\tok\nc\t"27 inch\nd\tok\n', ["d"], (4, "lines 2 to 4 are one row")),
        ('id,title\na,"x"y\nb,ok\n', ["b"], (2, "the row cannot be read")),
    ],
)
def test_no_row_is_missing_without_a_word_behind_a_quote_that_is_not_closed(
    table: str, whole: list[str], broken: tuple[int, str]
) -> None:
    found = read(table.encode(), takes_text=True)
    assert [row.value["id"] for row in found if isinstance(row.value, dict)] == whole
    [(number, reason)] = [(row.number, str(row.value)) for row in found if isinstance(row.value, InvalidEvent)]
    assert number == broken[0] and broken[1] in reason and "write a quote within it twice" in reason


def test_a_cell_is_read_whole_up_to_the_size_of_an_event() -> None:
    """A description with a picture in it is longer than the 128 KB that Python's reader takes by default."""
    long = "x" * (EVENT_BYTES_MAX - 100)
    found = read(f'id,title\na,"{long}"\nb,ok\n'.encode(), takes_text=True)
    assert [row.value for row in found] == [{"id": "a", "title": long}, {"id": "b", "title": "ok"}]


@pytest.mark.parametrize(
    "table",
    [
        'id,title,colour\na,"{long}\nghost,row,red\n","blue"\nb,ok,red\n',
        'id,title,colour\na,"{long}\nb,ok,red\n',
    ],
    ids=["closed", "not closed"],
)
def test_behind_a_cell_that_is_too_long_nothing_is_taken_for_a_row(table: str) -> None:
    [row] = read(table.format(long="x" * EVENT_BYTES_MAX + "y").encode(), takes_text=True)
    assert isinstance(row.value, InvalidEvent)
    assert "has a cell of more than 1,048,576 characters, and nothing behind it is read" in str(row.value)


def test_the_lines_of_a_cell_that_is_quoted_wrongly_are_no_rows() -> None:
    """Python's reader goes on in the middle of the cell: a line of a description was an item, its words the id."""
    table = 'id,title,colour\na,"5" lamp\nbrass, with a shade\nfor desks",red\nb,ok,red\nc,short\n'
    found = read(table.encode(), takes_text=True)
    assert [row.number for row in found if isinstance(row.value, InvalidEvent)] == [2, 3, 4]
    assert "behind a row that cannot be read" in str(found[1].value)
    rows_found = [row.value for row in found if isinstance(row.value, dict)]
    assert rows_found == [{"id": "b", "title": "ok", "colour": "red"}, {"id": "c", "title": "short"}]


@pytest.mark.parametrize(
    ("behind", "refused", "ids"),
    [
        ('sold out, now\nlast"\nb,ok\n', [2, 3, 4], ["b"]),
        ('sold out, now\n\n6" wide, all\nlast ""word"""\nb,ok\n', [2, 3, 5, 6], ["b"]),
        ('sold out, now\n"\r\nb,ok\n', [2, 3, 4], ["b"]),
        ('sold out, now\nlast","red\nor, if not,\nsee, "blue"\nb,ok\n', [2, 3, 4, 5, 6], ["b"]),
        ('sold out, now\nlast",""\nb,ok\nc,6"\n', [2, 3, 4], ["b", "c"]),
        ('b,""\nc,6"\n', [2], ["b", "c"]),
        ('b,ok\nc,"two\nlines"\n', [2], ["b", "c"]),
        ('b,6" lamp\n"c",""\n', [2], ["b", "c"]),
        ('b,ok\nc,"\nlines"\n', [2], ["b", "c"]),
        ("b,ok\n" * BROKEN_LINES_MAX + 'c,6"\n', [2], ["b"] * BROKEN_LINES_MAX + ["c"]),
        ("b,ok\n", [2], ["b"]),
    ],
)
def test_lines_up_to_the_end_of_a_cell_that_is_quoted_wrongly_are_refused_one_by_one(
    behind: str, refused: list[int], ids: list[str]
) -> None:
    found = read(f'id,title\na,"5" lamp\n{behind}'.encode(), takes_text=True)
    assert [row.number for row in found if isinstance(row.value, InvalidEvent)] == refused
    assert [row.value["id"] for row in found if isinstance(row.value, dict)] == ids


@pytest.mark.parametrize(
    ("table", "first"),
    [
        ("product_id\na\n", {"product_id": "a"}),
        ("product_id,title\ra,A\rb,B\r", {"product_id": "a", "title": "A"}),
        ("product_id,title,\na,A,\n", {"product_id": "a", "title": "A"}),
        ("product_id,price (\u20ac),100%\na,1,2\n", {"product_id": "a", "price (\u20ac)": "1", "100%": "2"}),
        ("product_id;image;image\na;;x\nb;y;z\n", {"product_id": "a", "image": "x"}),
        (" product_id | title \na|A\n", {"product_id": "a", "title": "A"}),
    ],
)
def test_a_file_that_is_called_a_table_is_one_whatever_its_header_looks_like(table: str, first: dict[str, str]) -> None:
    assert read(table.encode(), takes_text=True)[0].value == first


ANSWERS = [
    b'{"items": [{"id": 1, "sku": "a"}, {"id": 2, "sku": "b"}], "search_criteria": {}, "total_count": 2}',
    b'{"products":[{"id":1,"title":"a"},{"id":2,"title":"b"}]}',
    b'{"products":[{"admin_graphql_api_id":"gid://x/1","id":1,"title":"a"},{"id":2,"title":"b"}]}',
]


@pytest.mark.parametrize("answer", [*ANSWERS, *(orjson.dumps(orjson.loads(each), option=2) for each in ANSWERS)])
def test_a_list_that_an_api_answered_is_read_product_by_product(answer: bytes) -> None:
    assert [each["id"] for each in bodies(answer)] == [1, 2]


@pytest.mark.parametrize("option", [0, 2])
def test_a_list_that_magento_answered_with_some_fields_alone_is_read_product_by_product(option: int) -> None:
    items = [{"sku": "a", "name": "A"}, {"sku": "b", "name": "B"}]
    assert bodies(orjson.dumps({"items": items, "total_count": 2}, option=option)) == items


def test_a_product_id_within_a_product_makes_no_event_of_ours_of_an_answer() -> None:
    """Magento names its own product in the stock of each."""
    items = [{"sku": sku, "extension_attributes": {"stock_item": {"product_id": 1}}} for sku in "ab"]
    answer = orjson.dumps({"items": items})
    assert bodies(answer) == items
    assert bodies(answer + b"\n" + answer) == [*items, *items]


def test_an_answer_that_is_longer_than_any_event_is_read_product_by_product() -> None:
    items = [{"sku": str(number), "name": "y" * 1000} for number in range(2 * EVENT_BYTES_MAX // 1000)]
    assert bodies(orjson.dumps({"items": items, "product_id": 1})) == items


@pytest.mark.parametrize(
    "first", [{"id": 1, "name": "x"}, {"sku": "x", "qty": 1}, {"id": 1, "sku": "x"}, {"sku": "x", "y": "y" * 70_000}]
)
def test_an_event_of_ours_with_a_list_among_its_attributes_is_one_event(first: dict[str, Any]) -> None:
    event = {"items": [first], "product_id": "a", "title": "A"}
    assert bodies(orjson.dumps(event)) == [event]


def test_a_table_that_a_shop_exports_is_named_whatever_signs_its_header_has() -> None:
    table = b'ID,Type,SKU,"Is featured?","Weight (kg)",Discount %,Item #\n44,simple,x,0,1,2,3\n'
    with pytest.raises(WrongUsage, match="comma-separated text"):
        read(table)


def test_a_table_in_another_encoding_is_named() -> None:
    found = read("product_id,title\na,Tee\nb,grün\n".encode("latin-1"), takes_text=True)
    assert isinstance(found[-1].value, InvalidEvent) and "is not UTF-8" in str(found[-1].value)


RSS = """<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Shop</title>
<item><g:id>TV-1</g:id><title>Television</title><g:price>499.00 EUR</g:price>
<g:additional_image_link>1</g:additional_image_link><g:additional_image_link>2</g:additional_image_link>
<g:shipping><g:country>DE</g:country><g:price>5 EUR</g:price></g:shipping></item>
<item><g:id>TV-2</g:id></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<entry><g:id>TV-1</g:id><title>Television</title><link href="https://shop.example.com/tv"/></entry></feed>"""


def test_a_feed_of_xml_is_read_item_by_item_without_what_is_nested() -> None:
    first, second = read(RSS.encode(), takes_text=True)
    assert first.value == {"id": "TV-1", "title": "Television", "price": "499.00 EUR", "additional_image_link": "1"}
    assert second == Row(2, {"id": "TV-2"})
    [entry] = read(ATOM.encode(), takes_text=True)
    assert entry.value == {"id": "TV-1", "title": "Television", "link": "https://shop.example.com/tv"}


def test_an_entry_of_atom_has_its_own_page_and_its_summary_as_description() -> None:
    links = """<link rel="self" href="https://shop.example.com/1.atom"/>
    <link rel="alternate" href="https://shop.example.com/tv"/><link rel="edit" href="https://shop.example.com/1/edit"/>"""
    texts = '<summary>A television</summary><content type="text">All about it</content>'
    feed = ATOM.replace('<link href="https://shop.example.com/tv"/>', links + texts)
    [entry] = read(feed.encode(), takes_text=True)
    assert entry.value == {
        "id": "TV-1",
        "title": "Television",
        "link": "https://shop.example.com/tv",
        "description": "A television",
    }


def test_xml_that_is_broken_is_read_up_to_there_and_refused_without_a_format() -> None:
    *_, last = read(RSS[:-30].encode(), takes_text=True)
    assert isinstance(last.value, InvalidEvent) and "cannot be read further" in str(last.value)
    with pytest.raises(WrongUsage, match="the file is XML"):
        read(RSS.encode())


STARTS = (
    *(b"PK\x03\x04", b"Obj\x01", b"PAR1", b"\xff\xfe\x00\x00", b"\x28\xb5\x2f\xfd", b"BZh9", b"\xfd7zXZ"),
    *(b"%PDF-1.4", b"<!DOCTYPE html>", b"<HTML>", b"\xd0\xcf\x11\xe0"),
)


@pytest.mark.parametrize("start", STARTS)
def test_a_file_that_is_no_text_is_refused_by_name(start: bytes) -> None:
    with pytest.raises(WrongUsage, match="the file is "):
        read(start + b"\x00" * 20)


@pytest.mark.parametrize(
    "content", [b"", b"\n \n", b"hello", b"{not json\n{}", b"[", b"[]", b"\xff", b'{"a":' * 100_000]
)
def test_whatever_else_comes_is_rows_that_are_refused_one_by_one(content: bytes) -> None:
    assert all(row.number >= 1 for row in read(content))


@given(st.binary(max_size=60), st.booleans())
def test_no_file_raises_anything_else(content: bytes, takes_text: bool) -> None:
    try:
        read(content, takes_text=takes_text)
    except WrongUsage as error:
        assert str(error)


def test_the_names_of_google_go_before_those_of_atom_and_of_other_vocabularies() -> None:
    feed = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="http://search.yahoo.com/mrss/"
    xmlns:g="http://base.google.com/ns/1.0"><entry><id>tag:shop.example.com,2026:1</id><m:title>Picture</m:title>
    <title>Blog</title><m:credit>Ann</m:credit><g:id>TV-1</g:id><g:title>Television</g:title></entry></feed>"""
    [entry] = read(feed.encode(), takes_text=True)
    assert entry.value == {"id": "TV-1", "title": "Television", "credit": "Ann"}
    [entry] = read(feed.replace("<g:title>Television</g:title>", "").encode(), takes_text=True)
    assert isinstance(entry.value, dict) and entry.value["title"] == "Blog"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "UTF-16", "ISO-8859-1", "windows-1252", "GBK", "Shift_JIS", "Big5", "EUC-KR", "koi8-r"]
)
def test_a_feed_of_xml_is_read_in_the_encoding_that_it_declares(encoding: str) -> None:
    title = "Tee grün" if encoding in ("utf-8", "UTF-16", "ISO-8859-1", "windows-1252") else "Tee"
    text = RSS.replace('"1.0"?', f'"1.0" encoding="{encoding}"?', 1).replace("Television", title)
    first, second = read(text.encode(encoding), takes_text=True)
    assert isinstance(first.value, dict) and first.value["title"] == title
    assert second == Row(2, {"id": "TV-2"})


def test_letters_of_other_encodings_are_read_and_bytes_that_are_none_of_them_are_told() -> None:
    declared = RSS.replace('"1.0"?', '"1.0" encoding="GBK"?', 1)
    [first, _] = read(declared.replace("Television", "绿茶").encode("gbk"), takes_text=True)
    assert isinstance(first.value, dict) and first.value["title"] == "绿茶"
    *_, last = read(declared.replace("Television", "\x80\x81").encode("latin-1"), takes_text=True)
    assert isinstance(last.value, InvalidEvent) and "cannot be read further" in str(last.value)
    *_, last = read(declared.replace("GBK", "x-nobody").encode(), takes_text=True)
    assert isinstance(last.value, InvalidEvent) and "unknown encoding: x-nobody" in str(last.value)


def test_blanks_before_a_declaration_are_no_reason_to_refuse_a_feed() -> None:
    assert read(b"\n\n  " + RSS.encode(), takes_text=True) == read(RSS.encode(), takes_text=True)


def test_xml_that_is_no_feed_is_refused_and_an_empty_feed_is_not() -> None:
    [row] = read(b"<products><product><id>1</id></product></products>", takes_text=True)
    assert isinstance(row.value, InvalidEvent) and "<products> has neither <item> nor <entry>" in str(row.value)
    assert read(b"<rss><channel/></rss>", takes_text=True) == []


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_a_spreadsheet_may_say_what_separates_the_cells(delimiter: str) -> None:
    table = f"sep={delimiter}\r\nproduct_id{delimiter}title\r\na{delimiter}Tee\r\n".encode()
    assert read(table, takes_text=True) == [Row(3, {"product_id": "a", "title": "Tee"})]


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_blank_lines_before_a_header_are_no_header(delimiter: str) -> None:
    table = f'\r\n \r\nproduct_id{delimiter}title\r\n\r\na{delimiter}"Big" tee\r\n'.encode()
    if delimiter == ",":
        table = table.replace(b'"Big"', b"Big")
    [row] = read(table, takes_text=True)
    assert row.number == 5 and isinstance(row.value, dict) and list(row.value) == ["product_id", "title"]


def test_a_cell_between_tabs_that_begins_with_a_quoted_word_is_taken_as_it_is_written() -> None:
    lines = ["id\ttitle\tcolour", '1\t"Best" mug\t"red"', '2\t27" monitor\t"a "b" c"', '3\t"two\nlines"\tblue', "4\t\t"]
    found = read("\r\n".join(lines).encode(), takes_text=True)
    assert [row.value for row in found] == [
        {"id": "1", "title": '"Best" mug', "colour": "red"},
        {"id": "2", "title": '27" monitor', "colour": '"a "b" c"'},
        {"id": "3", "title": "two\nlines", "colour": "blue"},
        {"id": "4"},
    ]
    broken = read(b'id\ttitle\n1\t"Best mug\n2\t"Cup"x\n', takes_text=True)[0]
    assert isinstance(broken.value, InvalidEvent)


@pytest.mark.parametrize(
    "content",
    [LINES, INDENTED, zipped(INDENTED), INDENTED.decode().encode("utf-16"), b"product_id,title\na,Tee\n"],
    ids=["lines", "array", "gzip", "UTF-16", "table"],
)
def test_a_file_that_was_read_is_open_until_its_owner_closes_it(content: bytes, tmp_path: Path) -> None:
    """The text over a file closed it when it was thrown away, the standard input of a command too."""
    (tmp_path / "file").write_bytes(content)
    with (tmp_path / "file").open("rb") as file:
        assert list(rows(file, takes_text=content.startswith(b"product_id")))
        gc.collect()
        assert not file.closed


TAR = b"a-feed-of-products-with-a-long-name.csv".ljust(257, b"0") + b"ustar"
BINARY = (
    *(b"\x04\x22\x4d\x18xx", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"ARROW1\0\0", b"SQLite format 3\0", TAR),
    *(b"feed.csv\0\0\0", b"\n\n <!DOCTYPE html>", BOM_UTF8 + b" <html>", zipped(zipped(LINES))),
    zipped(TAR),
)


@pytest.mark.parametrize("content", BINARY)
@pytest.mark.parametrize("takes_text", [True, False])
def test_a_file_that_is_no_text_is_not_taken_for_a_table_without_rows(content: bytes, takes_text: bool) -> None:
    with pytest.raises(WrongUsage, match=r"^the file is .*: "):
        read(content, takes_text=takes_text)


@pytest.mark.parametrize("answer", [b"Not Found", b"Internal Server Error\n", b"error: no such feed\r\n\r\n"])
def test_a_sentence_instead_of_a_table_is_told(answer: bytes) -> None:
    [row] = read(answer, takes_text=True)
    assert isinstance(row.value, InvalidEvent) and "alone, which is no header of a table" in str(row.value)


def test_a_table_without_rows_and_one_of_a_single_column_are_read() -> None:
    assert read(b"product_id,title\n\n", takes_text=True) == []
    assert read(b"product_id\n\na\nb\n", takes_text=True) == [Row(3, {"product_id": "a"}), Row(4, {"product_id": "b"})]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_that_is_too_long_is_one_line_and_those_behind_it_keep_their_numbers(end: bytes) -> None:
    for length in (EVENT_BYTES_MAX, EVENT_BYTES_MAX + 1, 3 * EVENT_BYTES_MAX, 3 * EVENT_BYTES_MAX + 6):
        long = b"x" * length
        first, *others = read(LINES.replace(b"\n", end + long + end))
        assert first.value == orjson.dumps(FIRST)
        assert [row.number for row in others] == [2, 3] and others[1].value == orjson.dumps(SECOND)
        assert isinstance(others[0].value, bytes) and len(others[0].value) >= min(length, EVENT_BYTES_MAX + 1)


def test_a_value_that_is_too_long_is_told_by_its_length() -> None:
    [row] = read(b'[{"title": "' + b"x" * (EVENT_BYTES_MAX + 100_000) + b'"}]')
    assert isinstance(row.value, InvalidEvent) and f"longer than the {EVENT_BYTES_MAX:,} bytes" in str(row.value)


@pytest.mark.parametrize("last", [b'{"products": []}', b'{"items":[],"search_criteria":{"a":1},"total_count":2}'])
def test_the_empty_page_that_ends_a_loop_over_pages_is_no_product(last: bytes) -> None:
    page = b'{"products": [{"id": 1, "title": "Cup", "variants": []}]}'
    assert len(read(page + b"\n" + page + b"\n" + last)) == 2
    [alone] = read(last)
    assert alone.value == last  # It may be anything, and is refused by its format.


def test_markup_in_the_texts_of_a_feed_of_xml_is_no_reason_to_lose_them() -> None:
    xhtml = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Bright &amp; <b>flat</b>ter</p><p>New</p></div>'
    summary = f'<summary type="xhtml">{xhtml}</summary>'
    [entry] = read(ATOM.replace("<link", f"{summary}<link").encode(), takes_text=True)
    assert isinstance(entry.value, dict) and text_of(entry.value["description"]) == "Bright & flatter New"
    titled = RSS.replace("Television</title>", "A 5 &lt; 6 <b>TV</b> set</title>", 1)
    first, _ = read(titled.encode(), takes_text=True)
    assert isinstance(first.value, dict) and text_of(first.value["title"]) == "A 5 < 6 TV set"
    deep = RSS.replace("Television</title>", "TV" + "<i>" * 5_000 + "!" + "</i>" * 5_000 + "</title>", 1)
    first, _ = read(deep.encode(), takes_text=True)
    assert isinstance(first.value, dict) and text_of(first.value["title"]) == "TV!"


@pytest.mark.parametrize("between", ["", "\ufeff", "\n", "sep=;\r\n", "\ufeffsep=;\n"])
def test_the_header_of_the_next_of_several_tables_is_no_row(between: str) -> None:
    """`cat` puts exports together so, and pandas appends to one."""
    table = f"product_id;title;brand\na;Cup;Acme\n{between}product_id;title;brand\nb;Mug;\n"
    found = [row.value for row in read(table.encode(), takes_text=True)]
    assert found == [{"product_id": "a", "title": "Cup", "brand": "Acme"}, {"product_id": "b", "title": "Mug"}]


def test_the_next_of_several_tables_may_have_its_columns_in_another_order_or_others() -> None:
    headers = ("product_id,title,brand", "brand,product_id,title", "product_id,title,gtin,link")
    tables = "\n".join((headers[0], "a,Cup,Acme", "", headers[1], "Acme,b,Mug", headers[2], "c,Jar,7,x"))
    assert [row.value for row in read(tables.encode(), takes_text=True)] == [
        {"product_id": "a", "title": "Cup", "brand": "Acme"},
        {"product_id": "b", "title": "Mug", "brand": "Acme"},
        {"product_id": "c", "title": "Jar", "gtin": "7", "link": "x"},
    ]


def test_a_row_with_a_name_of_the_header_in_it_is_a_row() -> None:
    table = "product_id,title,brand\ntitle,Cup,Acme\na,brand,\n"
    assert [row.value for row in read(table.encode(), takes_text=True)] == [
        {"product_id": "title", "title": "Cup", "brand": "Acme"},
        {"product_id": "a", "title": "brand"},
    ]


@pytest.mark.parametrize("null", ["NULL", "\\N", " NULL "])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_the_null_of_a_database_is_an_empty_cell(null: str, delimiter: str) -> None:
    table = delimiter.join(("product_id", "title", "brand")) + "\n" + delimiter.join(("a", "Cup", null)) + "\n"
    assert [row.value for row in read(table.encode(), takes_text=True)] == [{"product_id": "a", "title": "Cup"}]


@pytest.mark.parametrize("header", [",product_id,title", '"","product_id","title"'])
def test_a_table_whose_rows_have_a_number_without_a_name_is_known_for_one(header: str) -> None:
    """pandas and R write one by default."""
    table = f"{header}\n0,a,Cup\n".encode()
    with pytest.raises(WrongUsage, match="comma-separated text"):
        read(table)
    assert [row.value for row in read(table, takes_text=True)] == [{"product_id": "a", "title": "Cup"}]
