"""Codes of an app: the values of RFC 6238, neighbouring steps, and how a secret is written."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from desk import sealed, totp
from desk.keys import Keys

SECRET = b"12345678901234567890"  # of RFC 6238, appendix B
NOW = datetime.fromtimestamp(1234567890, UTC)


@pytest.mark.parametrize(
    "seconds, code",
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_values_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, for SHA-1: eight digits, and the last six of them as apps show them."""
    step = totp.step_at(datetime.fromtimestamp(seconds, UTC))
    assert totp.code(SECRET, step, 8) == code
    assert totp.code(SECRET, step) == code[2:]


@pytest.mark.parametrize("beside, right", [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_neighbouring_steps(beside: int, right: bool) -> None:
    """The code of the step before and of the one after count too, no other."""
    step = totp.step_at(NOW) + beside
    assert totp.step_of(SECRET, totp.code(SECRET, step), NOW) == (step if right else None)


def test_only_later_steps_than_the_last() -> None:
    """What was used, or lies before it, is not right any more; the next one is."""
    here = totp.step_at(NOW)
    for step, after, right in [(here, here, False), (here - 1, here, False), (here + 1, here, True)]:
        assert (totp.step_of(SECRET, totp.code(SECRET, step), NOW, after) is not None) is right


def test_the_later_of_two_equal_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two steps have the same digits, both are used up by them."""
    monkeypatch.setattr(totp, "code", lambda _secret, _step, _digits=6: "123456")
    assert totp.step_of(SECRET, "123456", NOW) == totp.step_at(NOW) + 1


@pytest.mark.parametrize(
    "typed",
    ["", "12345", "1234567", "12345x", "١٢٣٤٥٦", "１２３４５６", "-12345", "+12345", "1" * 100_000, "\ud800", "\0"],
)
def test_what_is_no_code(typed: str) -> None:
    """Six digits of ASCII, and nothing else: no failure whatever is typed."""
    assert totp.typed_code(typed) == ""
    assert totp.step_of(SECRET, typed, NOW) is None


def test_spaces_do_not_matter() -> None:
    """Apps show the digits in two groups."""
    code = totp.code(SECRET, totp.step_at(NOW))
    assert totp.step_of(SECRET, f" {code[:3]} {code[3:]} ", NOW) == totp.step_at(NOW)


def test_a_clock_before_1970() -> None:
    """A machine that lost its clock refuses, and does not fail."""
    assert totp.step_of(SECRET, "123456", datetime(1970, 1, 1, tzinfo=UTC)) is None
    assert totp.step_of(SECRET, "123456", datetime(1969, 1, 1, tzinfo=UTC)) is None


def test_secrets_are_160_bits_of_their_own() -> None:
    """As long as the hash, and none like another."""
    made = {totp.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(one) for one in made} == {20}


def test_how_a_secret_is_written() -> None:
    """In groups of four, as base32; and as an address that says the same, with issuer and account."""
    assert totp.written(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    parts = urlsplit(totp.address(SECRET, "Desk: A & B", "jane+x@customer.test"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Desk  A & B:jane+x@customer.test"
    assert parse_qs(parts.query) == {"secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"], "issuer": ["Desk  A & B"]}
    assert base64.b32decode(parse_qs(parts.query)["secret"][0]) == SECRET


def test_sealed_and_opened() -> None:
    """Only with the key, the purpose and what it is bound to; an older key still opens, a key that is gone does not."""
    old, new = Keys(((1, b"a" * 32),)), Keys(((2, b"b" * 32), (1, b"a" * 32)))
    closed = sealed.seal(SECRET, old, "totp secret", b"account 7;")
    assert SECRET not in closed
    assert closed != sealed.seal(SECRET, old, "totp secret", b"account 7;")
    assert sealed.unseal(closed, old, "totp secret", b"account 7;") == SECRET
    assert sealed.unseal(closed, new, "totp secret", b"account 7;") == SECRET
    assert sealed.seal(SECRET, new, "totp secret", b"")[0] == 2
    assert sealed.unseal(closed, Keys(((2, b"b" * 32),)), "totp secret", b"account 7;") is None
    assert sealed.unseal(closed, old, "totp secret", b"account 8;") is None
    assert sealed.unseal(closed, old, "totp offer", b"account 7;") is None
    for place in range(len(closed)):
        altered = closed[:place] + bytes((closed[place] ^ 1,)) + closed[place + 1 :]
        assert sealed.unseal(altered, old, "totp secret", b"account 7;") is None
    for cut in (b"", closed[:1], closed[:13], closed[:-1]):
        assert sealed.unseal(cut, old, "totp secret", b"account 7;") is None


def test_a_code_lives_for_a_minute_and_a_half() -> None:
    """From the first second in which it is taken to the last: three steps."""
    step = totp.step_at(NOW)
    code = totp.code(SECRET, step)
    start = datetime.fromtimestamp(step * totp.STEP, UTC)
    taken = [second for second in range(-90, 120) if totp.step_of(SECRET, code, start + timedelta(seconds=second))]
    assert (taken[0], taken[-1], len(taken)) == (-30, 59, 90)
