"""The seeds of the fuzzer through its targets, without the fuzzer: so that neither of them rots."""

import importlib
import random
import time
from pathlib import Path
from types import ModuleType

import pytest

from desk import access
from fuzz import bounds, grammar, mutator
from fuzz.__main__ import CHOICES
from fuzz.choices import Choices
from fuzz.targets import NAMES
from gateway.parse import read_or_raise

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"


def target(name: str) -> ModuleType:
    """The module of a target, by its name on the command line."""
    return importlib.import_module(f"fuzz.targets.{NAMES.get(name, name)}")


@pytest.mark.parametrize("name", CHOICES)
def test_every_seed_keeps_the_promises(name: str) -> None:
    """Each file of the corpus, and each of them repeated until it is large."""
    files = sorted((CORPUS / name).iterdir())
    assert len(files) >= 10
    for file in files:
        for data in bounds.inputs(file.read_bytes(), often=20):
            try:
                bounds.run(target(name).check, data)
            except Exception as fault:
                pytest.fail(f"{file}, {len(data)} bytes: {type(fault).__name__}: {fault}")


def test_a_right_too_many_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a table of rights in which a number is enough for strangers, the target about matching fails."""
    table = {**access._WRITE, ("stranger", "number", "none"): "note", ("stranger", "number", "pass"): "note"}
    monkeypatch.setattr(access, "_WRITE", table)
    dice = random.Random(7)

    def many() -> None:
        for _ in range(3_000):
            target("match").check(dice.randbytes(60))

    with pytest.raises(AssertionError, match=r"does not take part|nothing proves"):
        many()


def test_what_costs_too_much_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processor time beyond the bound of a size is a finding; so is what only shows in a large input."""

    def slow(data: bytes) -> None:
        end = time.process_time() + len(data) * 1e-5
        while time.process_time() < end:
            pass

    monkeypatch.setattr(bounds, "BASE", 0.05)
    monkeypatch.setattr(bounds, "EACH", 1e-7)
    monkeypatch.setattr(bounds, "LARGE", 20_000)
    small, large = bounds.inputs(b"small", often=1)
    bounds.run(slow, small)
    with pytest.raises(bounds.TooMuch, match="processor time"):
        bounds.run(slow, large)


def test_changed_mails_are_still_mails() -> None:
    """The mutator never makes one longer than it may, and keeps header and boundaries most of the time."""
    mail = (CORPUS / "parse" / "mixed.eml").read_bytes()

    def scrambled(data: bytes, most: int) -> bytes:
        return bytes(reversed(data))[:most]

    changed = [mutator.changed(mail, 4_000, seed, scrambled) for seed in range(300)]
    assert all(len(one) <= 4_000 for one in changed)
    assert len(set(changed)) > 50
    whole = [one for one in changed if one.startswith(b"From: ") and b"\r\n--b1" in one]
    assert len(whole) > 150
    assert any(len(read_or_raise(one).attachments) > 1 for one in whole)


def test_every_mail_of_the_grammar_is_read() -> None:
    """Whatever the choices are, also none at all: a mail that the reader takes."""
    dice = random.Random(7)
    mails = [grammar.mail(Choices(dice.randbytes(size))) for size in range(0, 600, 3)]
    assert len(set(mails)) > 150
    assert sum(b"multipart/" in one for one in mails) > 20
    for one in mails:
        read_or_raise(one)
