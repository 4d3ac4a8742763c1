"""The charset of text that names none, where most of its letters are beyond ASCII: by what each script looks like.

Western text has few such letters and stays Windows-1252. Russian, Greek, Hebrew, Arabic, Thai, Chinese, Japanese and
Korean consist of them. Short or doubtful text is not guessed: garbled one way or the other, it is wrong.
"""

_MIN, _DIFFERENT = 10, 6  # bytes beyond ASCII
_MOSTLY = 6  # so many of them for each ASCII letter in the same words: Western words have few
_SAMPLE = 4096
_FREQUENT = {  # the ten or so most frequent letters of the language, small ones first where there are capitals
    "cp1251": "оеаинтсрвл",
    "koi8_u": "оеаинтсрвл",  # and KOI8-R, which lacks four letters
    "iso8859_5": "оеаинтсрвл",
    "cp1253": "αοιετσνηυρς",
    "cp1255": "יוהלאמתרבשנ",
    "cp1256": "اليمنورتبة",
    "cp874": "านรอกเงมยลวดตสทคะิี่้ัำ",
}
_SHARE = 0.45  # of the letters beyond ASCII that have to be frequent ones: real text has 0.55 to 0.7
_SHARES = {"cp874": 0.7}
_CHINESE = frozenset(
    "的一是不了在有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过您好请无法打印谢需帮忙題無請這個們來為國時說會對"
)
_WHOLE = 0.15  # of the characters of Chinese text


def guess(data: bytes) -> str:
    """A codec of charset.py, or "" where none is likely enough."""
    # English words, a signature or a quotation, may stand beside: only words with letters beyond ASCII are asked.
    sample = b" ".join(word for word in data[: 4 * _SAMPLE].split() if not word.isascii())[:_SAMPLE]
    high = sum(byte > 0x7F for byte in sample)
    different = sum(byte > 0x7F for byte in set(sample))
    letters = sum(65 <= (byte & 0xDF) <= 90 for byte in sample if byte < 0x80)
    if high < _MIN or different < _DIFFERENT or high < letters:
        return ""
    # Only the second byte of a Chinese or Japanese character may be an ASCII letter.
    return _several_bytes(sample) or (_single_byte(sample) if high >= _MOSTLY * letters else "")


def _single_byte(sample: bytes) -> str:
    best, chosen = 1.0, ""
    for name, frequent in _FREQUENT.items():
        beyond = [character for character in sample.decode(name, "replace").lower() if character > "\x7f"]
        share = sum(character in frequent for character in beyond) / len(beyond) / _SHARES.get(name, _SHARE)
        if share > best:
            best, chosen = share, name
    return chosen


def _several_bytes(sample: bytes) -> str:
    """Japanese has kana, Korean is nothing but Hangul, Chinese has its everyday characters."""
    tests = (
        ("cp932", lambda c: "\u3041" <= c <= "\u30ff", 0.3),
        ("euc_jp", lambda c: "\u3041" <= c <= "\u30ff", 0.3),
        ("cp949", lambda c: "\uac00" <= c <= "\ud7a3", 0.8),
        ("gb18030", _CHINESE.__contains__, _WHOLE),
        ("cp950", _CHINESE.__contains__, _WHOLE),
    )
    best, chosen = 0.0, ""
    for name, likely, least in tests:
        text = sample.decode(name, "replace")
        beyond = [character for character in text if character > "\x7f" and character != "\ufffd"]
        if text.count("\ufffd") > 2 or not beyond:  # the sample may end within a character
            continue
        share = sum(map(likely, beyond)) / len(beyond)
        if share >= least and share / least > best:
            best, chosen = share / least, name
    return chosen
