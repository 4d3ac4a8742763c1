"""Keys: read from their file, derived for each purpose, told to nobody."""

import base64

import pytest

from desk.keys import Keys

GOOD = base64.b64encode(bytes(range(32))).decode()


def test_parse() -> None:
    """Lines "id:key", newest first; comments and empty lines between them."""
    keys = Keys.parse(f"# comment\n\n2:{base64.b64encode(bytes(40)).decode()}\n1:{GOOD}\n")
    assert [key_id for key_id, _ in keys.entries] == [2, 1]
    assert keys.newest == 2


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "no key"),
        ("# only this", "no key"),
        (GOOD, "line 1"),
        (f"1:{GOOD}\nx:{GOOD}", "line 2"),
        (f"256:{GOOD}", "0 to 255"),
        ("1:c2hvcnQ=", "32 bytes"),
        ("1:not base64!", "line 1"),
        (f"-1:{GOOD}", "0 to 255"),
    ],
)
def test_faults(text: str, words: str) -> None:
    """Which line, and what is wrong; never the key itself."""
    with pytest.raises(ValueError, match=words) as caught:
        Keys.parse(text)
    assert GOOD not in str(caught.value)
    assert "c2hvcnQ" not in str(caught.value)


def test_derive() -> None:
    """Another key for each purpose and for each master; None for one that is gone."""
    keys = Keys.parse(f"1:{GOOD}\n0:{base64.b64encode(bytes(32)).decode()}")
    derived = [keys.derive("reply token"), keys.derive("sign-in"), keys.derive("reply token", 0)]
    assert len(set(derived)) == 3
    assert {len(key or b"") for key in derived} == {32}
    assert keys.derive("reply token") == keys.derive("reply token", 1)
    assert keys.derive("reply token", 9) is None


def test_a_new_line_can_be_read() -> None:
    """And is another one each time."""
    one, two = Keys.new_line(3), Keys.new_line(3)
    assert one != two
    assert Keys.parse(one).newest == 3


def test_they_are_not_shown() -> None:
    """Neither repr nor str holds a byte of them."""
    keys = Keys.parse(f"1:{GOOD}")
    assert repr(keys) == str(keys) == "Keys()"
