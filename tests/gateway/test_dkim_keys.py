"""DKIM keys: their files, their records, and what is said of a record in DNS that is not right."""

import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from gateway import dkim_keys, dkim_record
from gateway.dkim_keys import KeyFault, SigningKey, Type
from gateway.sender.resolver import Kind, Questions, Record, Unanswered
from tests.servers import require

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
RSA = dkim_keys.new("example.com", "pd202611r", "rsa", NOW)
ED = dkim_keys.new("example.com", "pd202611e", "ed25519", NOW)


@pytest.mark.parametrize("key", [RSA, ED], ids=["rsa", "ed25519"])
def test_a_key_is_read_as_it_was_written(key: SigningKey) -> None:
    """With all that is done with it, and the same public half."""
    states = [key, key.becomes("published", NOW), key.becomes("active", NOW + timedelta(days=1))]
    states.append(states[-1].becomes("retired", NOW + timedelta(days=90)))
    for state in states:
        found = dkim_keys.read(key.name, dkim_keys.write(state), NOW)
        assert (found.domain, found.selector, found.type) == ("example.com", key.selector, key.type)
        assert (found.state, found.since, found.ended_at) == (state.state, state.since, state.ended_at)
        assert found.record == key.record
    assert states[-1].ended_at == NOW + timedelta(days=90)
    assert states[2].ended_at is None
    assert "PRIVATE" not in repr(key)
    assert "_RSAPrivateKey" not in repr(key)


def test_a_key_of_another_program_signs_at_once() -> None:
    """Its file holds nothing but the key, as openssl or opendkim-genkey wrote it."""
    text = dkim_keys.write(RSA)
    found = dkim_keys.read("default.example.com", text[text.index("-----BEGIN") :], NOW)
    assert (found.state, found.since) == ("active", NOW)


@pytest.mark.parametrize(
    "name, text, fault",
    [
        ("pd.example.com", "nothing", "no private key"),
        ("pd.example.com", dkim_keys.write(RSA)[:400], "no private key"),
        ("pd.example.com", dkim_keys.write(RSA).replace("State: prepared", "State: sleeping"), "its state is none of"),
        ("pd.example.com", dkim_keys.write(RSA).replace("Since: 2026", "Since: soon"), "is no time"),
        ("pd_1.example.com", dkim_keys.write(RSA), "cannot be a selector"),
        ("pd.example", dkim_keys.write(RSA), "is no domain"),
        ("pd.bücher.example", dkim_keys.write(RSA), "is no domain"),
        ("example", dkim_keys.write(RSA), "is no domain"),
    ],
)
def test_what_is_no_key(name: str, text: str, fault: str) -> None:
    """Each says what is wrong."""
    with pytest.raises(KeyFault, match=fault):
        dkim_keys.read(name, text, NOW)


def test_a_key_that_receivers_do_not_count_is_refused() -> None:
    """Too short (RFC 8301), or of a type that DKIM has not."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    curve = ec.generate_private_key(ec.SECP256R1())
    pem = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(KeyFault, match="neither RSA nor Ed25519"):
        dkim_keys.read("pd.example.com", pem, NOW)
    call = [require("openssl"), "genrsa", "768"]
    short = subprocess.run(call, capture_output=True, text=True, timeout=60, check=True).stdout
    with pytest.raises(KeyFault, match="768 bits"):
        dkim_keys.read("pd.example.com", short, NOW)


def test_selectors_are_free() -> None:
    """By month and type, then numbered."""
    assert dkim_keys.free_selector(set(), "rsa", NOW) == "pd202611r"
    assert dkim_keys.free_selector({"pd202611r", "pd202611r2"}, "rsa", NOW) == "pd202611r3"
    assert dkim_keys.free_selector({"pd202611r"}, "ed25519", NOW) == "pd202611e"


@pytest.mark.parametrize("key", [RSA, ED], ids=["rsa", "ed25519"])
def test_the_zone_form_says_the_same_in_strings(key: SigningKey) -> None:
    """None is longer than 255 octets (RFC 1035), and a name server reads the record from them."""
    import dns.zone

    strings = re.findall(r'"([^"]*)"', key.zone_record())
    assert "".join(strings) == key.record
    assert max(map(len, strings)) <= 255
    zone = "@ 60 IN SOA ns.example.com. a.example.com. 1 1 1 1 1\n@ 60 IN NS ns.elsewhere.test.\n" + key.zone_record()
    (found,) = dns.zone.from_text(zone, "example.com.").find_rdataset(key.place + ".", "TXT")
    assert b"".join(found.strings).decode() == key.record


def test_the_record_as_it_must_be() -> None:
    """As web forms cut and space it, in another order, with more that does no harm."""
    for record in (
        RSA.record,
        f"v=DKIM1;k=rsa;p={RSA.public[:100]} {RSA.public[100:]}",
        f"p={RSA.public}",
        f"k=rsa; v=DKIM1; s=email:other; h=sha256; n=note; p={RSA.public};",
    ):
        assert dkim_record.compare(RSA, [record]).verdict == "ok", record
    assert dkim_record.compare(ED, [ED.record]).verdict == "ok"


def record(**tags: str) -> str:
    """The record of the RSA key with other tags."""
    return "; ".join(f"{name}={value}" for name, value in {"v": "DKIM1", "k": "rsa", "p": RSA.public, **tags}.items())


OTHER = dkim_keys.new("example.com", "other", "rsa", NOW)


@pytest.mark.parametrize(
    "records, verdict, words",
    [
        ([], "missing", "no TXT record at pd202611r._domainkey.example.com"),
        ([RSA.record, RSA.record], "typo", "2 TXT records"),
        ([OTHER.record], "other", "another key"),
        ([ED.record], "other", "another key"),
        ([record(p="")], "other", "revokes"),
        ([record(p=RSA.public[:200])], "typo", "ends after 200 of 392 characters"),
        ([record(p=RSA.public[:99] + "!" + RSA.public[100:])], "typo", "character 100"),
        ([record(p=RSA.public[:300] + RSA.public[301:])], "typo", "differs from character"),
        ([record(p="not base64")], "typo", "no base64"),
        ([f'"{RSA.record}"'], "typo", "quotation marks"),
        ([RSA.record.replace(";", "\\;")], "typo", "backslashes"),
        (["hello"], "typo", "not a list of tags"),
        (["v=spf1 -all"], "typo", "not a list of tags"),
        ([record(v="DKIM")], "typo", "v= must be DKIM1"),
        ([record(k="ed25519")], "typo", "k= must be rsa"),
        ([record(h="sha1")], "typo", "h= must allow sha256"),
        ([record(s="tlsrpt")], "typo", "s= must allow email"),
        ([record(t="y:s")], "typo", "t=y"),
    ],
)
def test_what_is_wrong_with_a_record(records: list[str], verdict: str, words: str) -> None:
    """In words that help to mend it."""
    found = dkim_record.compare(RSA, records)
    assert found.verdict == verdict
    assert words in found.words


def test_dns_that_does_not_answer_says_nothing() -> None:
    """That is no missing record."""

    class Silent:
        def lookup(self, name: str, kind: Kind, seconds: float) -> tuple[Record, ...]:
            raise Unanswered("DNS did not answer")

    found = dkim_record.look_up(RSA, Questions(Silent(), 1))
    assert (found.verdict, found.words) == ("unknown", "DNS did not answer")


@pytest.mark.parametrize("kind", dkim_keys.TYPES)
@pytest.mark.parametrize(
    "domain, selector", [("localhost", "a"), ("example.com", "A"), ("a b.com", "a"), ("x.com", "-a")]
)
def test_names_that_dns_cannot_have(domain: str, selector: str, kind: Type) -> None:
    """Nothing is made of them, nor of one that leads out of the folder."""
    with pytest.raises(KeyFault):
        dkim_keys.new(domain, selector, kind, NOW)
    with pytest.raises(KeyFault):
        dkim_keys.new("../../etc.example.com", "a", kind, NOW)
