"""Clear-signed and encrypted OpenPGP in a text: armour goes, words stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.unpack.pgp import clear_text, is_encrypted

BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----"
KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----"


def signed(words: str, headers: str = "Hash: SHA256\n") -> str:
    """A text as `gpg --clear-sign` writes it."""
    escaped = "\n".join("- " + line if line.startswith("-") else line for line in words.split("\n"))
    return f"{BEGIN}\n{headers}\n{escaped}\n{SIGNATURE}"


@pytest.mark.parametrize(
    "text, words",
    [
        (signed("The printer is broken."), "The printer is broken."),
        (signed("Hello\n-- \nJane Doe", ""), "Hello\n-- \nJane Doe"),
        (signed("a", "Hash: SHA1\nHash: SHA256,SHA512\nNotDashEscaped: GnuPG\n"), "a"),
        (f"above\n{signed('words')}\nbelow", "above\nwords\nbelow"),
        (f"{signed('one')}\n{signed('two')}", "one\ntwo"),
        (signed("words").replace("\n", "\r\n"), "words\r"),
        (signed("words").replace("-----\n", "----- \t\n"), "words"),
        (signed(f"{BEGIN}\nx"), f"{BEGIN}\nx"),
        (f"{BEGIN}\nHash: SHA1\n\nno end\n{signed('whole')}", f"{BEGIN}\nHash: SHA1\n\nno end\nwhole"),
        (f"{signed('words')}\n{KEY}", f"words\n{KEY}"),
    ],
)
def test_clear_text(text: str, words: str) -> None:
    """What was signed is read without its armour; what stands around it stays."""
    assert clear_text(text) == (words, True)


@pytest.mark.parametrize(
    "text",
    [
        "", "plain", KEY, BEGIN, SIGNATURE, f"{BEGIN}\n{SIGNATURE}", f"{BEGIN}\nHash: SHA1\n\nno signature",
        f"{BEGIN}\nno header\n\nwords\n{SIGNATURE}", f"{signed('cut')}"[:-9],
        "\n".join("> " + line for line in signed("quoted").split("\n")), f" {BEGIN}\n\nindented\n{SIGNATURE}",
        f"{BEGIN}\n\na\n{SIGNATURE[:30]}words of somebody\n{SIGNATURE}",
        f"{BEGIN}\n\na\n{SIGNATURE[:30]}words\n{SIGNATURE}",
        f"{BEGIN}\n" * 50_000, f"{BEGIN}\n" + "A: b\n" * 50_000 + f"\nwords\n{SIGNATURE}",
    ],
)  # fmt: skip
def test_stays(text: str) -> None:
    """A block that is broken, cut or quoted is left alone, and so is every other text."""
    assert clear_text(text) == (text, False)


@pytest.mark.parametrize(
    "text, encrypted",
    [
        ("-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----", True),
        ("Hello\n-----BEGIN PGP MESSAGE-----  \r\nVersion: 1\n", True),
        ("-----BEGIN PGP MESSAGE, PART 1/2-----\n", True),
        ("> -----BEGIN PGP MESSAGE-----\n", False),
        ("a -----BEGIN PGP MESSAGE----- line", False),
        (signed("words"), False),
        (KEY, False),
        ("", False),
    ],
)
def test_encrypted(text: str, encrypted: bool) -> None:
    """An encrypted block is told by its first line."""
    assert is_encrypted(text) is encrypted


@given(
    words=st.text(max_size=500).map(lambda text: text.replace("\r", "")),
    around=st.sampled_from(["", "x\n", KEY + "\n"]),
)
def test_round_trip(words: str, around: str) -> None:
    """Whatever is clear-signed comes out again, dashes and all."""
    assert clear_text(around + signed(words)) == (around + words, True)


@given(
    st.lists(st.sampled_from([BEGIN, SIGNATURE, "", "Hash: SHA1", "- x", "-x", "words", SIGNATURE[:30]]), max_size=20)
)
def test_any_text(lines: list[str]) -> None:
    """Any order of lines is read, and nothing that is not armour is lost."""
    text = "\n".join(lines)
    words, found = clear_text(text)
    assert found or words == text
    assert words.count("words") == text.count("words")
    assert is_encrypted(text) is False
