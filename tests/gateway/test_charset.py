"""Charsets: the names that mail gives them, those that are refused, and Japanese as it is really written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.charset import codec, decode
from gateway.japanese import decode as japanese


@pytest.mark.parametrize(
    "name, meant",
    [
        ("UTF-8", "utf_8"),
        ("utf8", "utf_8"),
        ('"utf-8"', "utf_8"),
        ("US-ASCII", "cp1252"),
        ("ISO_8859-1:1987", "cp1252"),
        ("csISOLatin1", "cp1252"),
        ("Windows-1252", "cp1252"),
        ("cp-1252", "cp1252"),
        ("ISO-8859-9", "cp1254"),
        ("iso-8859-8-i", "iso8859_8"),
        ("KOI8-R", "koi8_r"),
        ("gb2312", "gb18030"),
        ("eucgb2312_cn", "gb18030"),
        ("big5_tw", "cp950"),
        ("ks_c_5601-1987", "cp949"),
        ("Shift_JIS", "cp932"),
        ("x-mac-ce", "mac_latin2"),
        ("unicode-1-1-utf-7", "utf_7"),
        *(
            (name, None)
            for name in ("zlib", "idna", "punycode", "base64", "hex", "rot13", "unicode_escape", "mbcs", "")
        ),
        *((name, None) for name in ("cp037", "undefined", "x-unknown", "raw_unicode_escape", "bz2", "uu", "../utf-8x")),
    ],
)
def test_names(name: str, meant: str | None) -> None:
    """A name is looked up among the aliases, and only a charset that mail is written in comes out."""
    assert codec(name) == meant


@given(st.text(max_size=60))
def test_no_name_raises(name: str) -> None:
    """Whatever a mail calls its charset, its text is read."""
    assert decode(b"text", name) in ("text", "整瑸", "瑥硴") or codec(name)


@pytest.mark.parametrize(
    "data, text",
    [
        ("日本語".encode("iso2022_jp"), "日本語"),
        (b'\x1b$B-!-"-j\x1b(B abc', "①②㈱ abc"),
        (b"\x1b(I1R\x1b(B", "ｱﾒ"),
        ("日本語".encode("cp932"), "日本語"),
        ("日本語".encode("euc_jp"), "日本語"),
        ("日本語".encode(), "日本語"),
        (b"\x1b$B-!", "①"),
    ],
)
def test_japanese(data: bytes, text: str) -> None:
    """ISO-2022-JP with what Outlook and telephones add, and eight-bit text under its label."""
    assert japanese(data) == text
    assert decode(data, "iso-2022-jp") == text


def test_escapes_without_a_label() -> None:
    """Seven-bit Japanese is told by its escape sequences, whatever the label says."""
    assert decode("日本語".encode("iso2022_jp"), "us-ascii") == "日本語"
    assert decode("日本語".encode("iso2022_jp")) == "日本語"


@given(st.binary(max_size=200))
def test_any_bytes_are_japanese(data: bytes) -> None:
    """No bytes raise."""
    japanese(data)
    japanese(b"\x1b$B" + data)


def test_hint() -> None:
    """Text without a label is in the charset of the header, unless it is UTF-8."""
    russian = "Принтер не печатает"
    assert decode(russian.encode("koi8-r"), "", "koi8-r") == russian
    assert decode(russian.encode("cp1251"), "us-ascii", "windows-1251") == russian
    assert decode(russian.encode(), "", "koi8-r") == russian
    assert decode("Grüße".encode("cp1252"), "", "utf-8") == "Grüße"


UNLABELLED = {
    "cp1251": "Здравствуйте! Принтер на втором этаже не печатает с самого утра.",
    "koi8-r": "Здравствуйте! Принтер на втором этаже не печатает с самого утра.",
    "iso8859_5": "Не работает телефон",
    "cp1253": "Καλημέρα, ο εκτυπωτής δεν λειτουργεί από το πρωί.",
    "cp1255": "שלום, המדפסת לא עובדת מהבוקר. אנא שלחו טכנאי.",
    "cp1256": "مرحبا، الطابعة لا تعمل منذ الصباح. يرجى إرسال فني.",
    "cp874": "สวัสดีครับ เครื่องพิมพ์ไม่ทำงานตั้งแต่เช้า กรุณาส่งช่างมา",
    "cp932": "プリンターが朝から動きません。担当者を送ってください。",
    "euc_jp": "プリンターが朝から動きません。担当者を送ってください。",
    "gb18030": "您好，打印机从早上开始就不工作了，请派人来看一下，谢谢。",
    "cp950": "您好，印表機從早上開始就不工作了，請派人來看一下，謝謝。",
    "cp949": "안녕하세요, 프린터가 아침부터 작동하지 않습니다. 기사를 보내 주세요.",
    "cp1252": "Grüße aus Köln, «l’été» déjà, ¡olé!",
}


@pytest.mark.parametrize("label", ["", "us-ascii", "utf-8", "x-unknown"])
@pytest.mark.parametrize("codec_name", UNLABELLED)
def test_no_label_or_a_wrong_one(codec_name: str, label: str) -> None:
    """Text that says nothing true of its charset is told by what its script looks like."""
    text = UNLABELLED[codec_name]
    assert decode(text.encode(codec_name), label) == text


@pytest.mark.parametrize(
    "text",
    [
        "ÄÖÜ",
        "° ° ° ° ° ° ° ° °",
        "Zażółć",
        "½ Ñandú",
        "¿Él? ¡Sí! ¿Aún más? ¡Ñoño! ¿Qué?",
        "ÉTÉ À ÎLE ÂGÉ ÇÀ ÉÉÉ",
        "Þú ætlar að fá þér öl",
    ],
)
def test_nothing_is_guessed_of_little(text: str) -> None:
    """A few letters beyond ASCII are Western, as they always were."""
    assert decode(text.encode("cp1252", "ignore"), "") == text.encode("cp1252", "ignore").decode("cp1252")


@given(
    st.binary(max_size=300), st.sampled_from(["", "gb2312", "big5", "euc-kr", "shift_jis", "euc-jp", "utf-7", "utf-16"])
)
def test_any_bytes_in_any_charset(data: bytes, label: str) -> None:
    """No bytes raise, and none at all do not either."""
    decode(data, label)
    assert decode(b"", label) == ""


@pytest.mark.parametrize("codec_name", [name for name in UNLABELLED if name != "cp1252"])
def test_english_beside_it(codec_name: str) -> None:
    """A signature or a quotation in English hides no script."""
    text = f"{UNLABELLED[codec_name]} {UNLABELLED[codec_name]}\n\nBest regards\nJane Doe, Sample Works\n> Hello there"
    assert decode(text.encode(codec_name), "") == text


@pytest.mark.parametrize("label", ["gb2312", "big5", "euc-kr", "shift_jis", "euc-jp"])
@pytest.mark.parametrize("text", ["Grüße aus Köln", "您好，打印机坏了", "プリンター", "안녕하세요"])
def test_utf8_under_a_label_of_several_bytes(text: str, label: str) -> None:
    """Valid UTF-8 is UTF-8, whatever the label says."""
    if len(text.encode()) - len(text) > 3:
        assert decode(text.encode(), label) == text


def test_two_characters_that_could_be_utf8() -> None:
    """The label decides where a word is too short to tell."""
    assert decode("联通".encode("gb18030"), "gb2312") == "联通"
