"""Passwords: what may be one in each profile, and hashes."""

import threading

import pytest

from desk import passwords


@pytest.mark.parametrize(
    "password",
    [
        "password12345",
        "Passw0rd2024!",
        "P@$$w0rd12345",
        "qwertyuiopasdf",
        "123456789012",
        "abcdefghijklm",
        "zyxwvutsrqpon",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "passwordpassword",
        "letmein letmein",
        "iloveyou!!!!!!",
        "Liverpool2019",
        "correct horse battery staple",
        "2019welcome2019",
        "............",
    ],
)
def test_what_everybody_guesses_is_refused(password: str) -> None:
    """Common passwords are refused in every dress: digits, signs, capitals, digits for letters, doubled."""
    assert "too easy" in passwords.fault(password, "modern")


@pytest.mark.parametrize(
    "password",
    ["four plain sample words", "blau Kessel singt zweimal", "ключ от старой двери", "x" * 5 + "kettle rain"],
)
def test_a_good_password_is_taken(password: str) -> None:
    """No composition rules: length, and not being common, is all."""
    assert passwords.fault(password, "modern") == ""


@pytest.mark.parametrize(
    "length, taken", [(11, False), (12, True), (128, True), (129, False)], ids=["11", "12", "128", "129"]
)
def test_modern_length(length: int, taken: bool) -> None:
    """The modern profile takes 12 to 128 characters."""
    password = ("kettle rain over the old harbour wall and nine green boats " * 3)[:length]
    assert (passwords.fault(password, "modern") == "") is taken


def test_the_user_name_is_no_password() -> None:
    """Neither the address nor its local part over and over."""
    assert passwords.fault("jane.sample@customer.test", "modern", username="jane.sample@customer.test")
    assert passwords.fault("Jane.SampleJane.Sample", "modern", username="jane.sample@customer.test")


@pytest.mark.feature("F13")
@pytest.mark.parametrize(
    "password, taken",
    [
        ("abc12", True),
        ("abc1", False),
        ("a" * 50, True),
        ("a" * 51, False),
        ("has space", False),
        ("it's5", False),
        ("hyphen-ated", False),
        ("umläut1", False),
        ("trailing1\n", False),
    ],
)
def test_guide_profile(password: str, taken: bool) -> None:
    """The guide's rule to the letter: 5 to 50 letters and digits, no spaces, no single quotes."""
    assert (passwords.fault(password, "guide") == "") is taken


def test_a_hash_is_argon2id_and_verifies() -> None:
    """Only the right password matches; the hash names its method and cost."""
    stored = passwords.hash_password("four plain sample words")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify("four plain sample words", stored)
    assert not passwords.verify("four plain sample word", stored)


def test_keyboards_that_compose_letters_differently_agree() -> None:
    """One letter or letter and accent: the same password (NFKC)."""
    assert passwords.verify("cafe\u0301 kettle rain", passwords.hash_password("café kettle rain"))


@pytest.mark.parametrize("stored", ["", "broken", "$argon2id$v=19$m=19456"])
def test_no_hash_matches_nothing(stored: str) -> None:
    """An account without an own password, or with a damaged hash, is refused and does not fail."""
    assert not passwords.verify("nobody has this password", stored)


def test_hashes_wait_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """With both places taken a third sign-in waits, and gives up after a while: memory stays bounded."""
    monkeypatch.setattr(passwords, "_WAIT_SECONDS", 0.05)
    entered, leave = threading.Semaphore(0), threading.Event()

    def hold() -> None:
        with passwords._Turn():
            entered.release()
            leave.wait(20)

    threads = [threading.Thread(target=hold) for _ in range(2)]
    for thread in threads:
        thread.start()
    entered.acquire()
    entered.acquire()
    with pytest.raises(passwords.Busy):
        passwords.verify("x", "")
    leave.set()
    for thread in threads:
        thread.join()
    assert not passwords.verify("x", "")
