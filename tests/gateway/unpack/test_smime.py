"""S/MIME as OpenSSL and Outlook write it: the mail inside comes out, and nothing else does."""

import base64
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.unpack import smime
from gateway.unpack.der import MAX_ELEMENTS

MAIL = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe printer is broken.\r\n"
_PKCS7, _SMIME = "2a864886f70d0107", "2a864886f70d01091001"
_ALGORITHMS = bytes.fromhex("310f300d06096086480165030402010500")

Tool = Callable[..., bytes]


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """Runs `openssl` in a folder with a key and a certificate of Jane Doe; without it our own packer stands in."""
    folder = tmp_path_factory.mktemp("smime")
    (folder / "mail").write_bytes(MAIL)
    program = shutil.which("openssl")

    def run(*arguments: str) -> bytes:
        if program is None:
            return packed_as(*arguments)
        done = subprocess.run(
            [program, arguments[0], "-in", "mail", *arguments[1:]], cwd=folder, check=True, capture_output=True
        )
        return done.stdout

    if program is not None:
        make_certificate(program, folder)
    return run


def make_certificate(program: str, folder: Path) -> None:
    """A certificate that nobody trusts, for a day."""
    names = ["-subj", "/CN=Jane Doe/emailAddress=jane@example.com", "-keyout", "key", "-out", "cert"]
    made = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)


def packed_as(*arguments: str) -> bytes:
    """What `openssl` would write, less the signature."""
    if "-encrypt" in arguments:
        return wrapped(_PKCS7 + "03", b"")
    return signed(MAIL, indefinite="-stream" in arguments or "-compress" in arguments)


def tlv(tag: int, content: bytes, *, indefinite: bool = False) -> bytes:
    """One element, of definite or of indefinite length."""
    if indefinite:
        return bytes([tag, 0x80]) + content + b"\0\0"
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes(4, "big")
    return bytes([tag, 0x84]) + length + content


def wrapped(oid: str, content: bytes, *, indefinite: bool = False) -> bytes:
    """ContentInfo around the contents of a SEQUENCE."""
    inner = tlv(0xA0, tlv(0x30, content, indefinite=indefinite), indefinite=indefinite)
    return tlv(0x30, tlv(6, bytes.fromhex(oid)) + inner, indefinite=indefinite)


def signed(mail: bytes, *, indefinite: bool = False, piece: int = 0, signer: bytes = b"0\0") -> bytes:
    """SignedData without certificates; with `piece`, the content is cut as Outlook and OpenSSL cut it."""
    octets = tlv(4, mail)
    if piece:
        pieces = b"".join(tlv(4, mail[i : i + piece]) for i in range(0, len(mail), piece))
        octets = tlv(0x24, pieces, indefinite=indefinite)
    inner = tlv(6, bytes.fromhex(_PKCS7 + "01")) + tlv(0xA0, octets, indefinite=indefinite)
    content = tlv(2, b"\1") + _ALGORITHMS + tlv(0x30, inner, indefinite=indefinite) + tlv(0x31, signer)
    return wrapped(_PKCS7 + "02", content, indefinite=indefinite)


@pytest.mark.parametrize(
    "arguments",
    [
        ("smime", "-sign", "-nodetach", "-signer", "cert", "-inkey", "key", "-binary", "-outform", "DER"),
        ("smime", "-sign", "-nodetach", "-signer", "cert", "-inkey", "key", "-binary", "-outform", "DER", "-stream"),
        ("smime", "-sign", "-nodetach", "-signer", "cert", "-inkey", "key", "-binary", "-outform", "PEM"),
        ("cms", "-sign", "-nodetach", "-signer", "cert", "-inkey", "key", "-binary", "-outform", "DER", "-keyid"),
        ("cms", "-sign", "-nodetach", "-signer", "cert", "-inkey", "key", "-binary", "-outform", "PEM", "-stream"),
        ("cms", "-sign", "-nodetach", "-nocerts", "-signer", "cert", "-inkey", "key", "-binary", "-outform", "DER"),
    ],
    ids=["der", "ber", "pem", "cms-keyid", "cms-pem-ber", "cms-no-certificates"],
)
def test_signed(openssl: Tool, arguments: tuple[str, ...]) -> None:
    """A mail in an opaque signature comes out as it was signed."""
    data = openssl(*arguments)
    assert smime.signed_content(data) == MAIL
    assert smime.kind(data) == "signed"


def test_undeclared_base64(openssl: Tool) -> None:
    """Base64 without its Content-Transfer-Encoding is told by its first bytes."""
    sign = ("smime", "-sign", "-nodetach", "-signer", "cert", "-inkey", "key", "-binary", "-outform", "DER")
    data = base64.encodebytes(openssl(*sign))
    assert smime.signed_content(b"\r\n" + data.replace(b"\n", b"\r\n")) == MAIL


def test_encrypted(openssl: Tool) -> None:
    """An encrypted mail is told from a signed one, and gives nothing."""
    data = openssl("smime", "-encrypt", "-binary", "-aes256", "-outform", "DER", "cert")
    assert smime.kind(data) == "enveloped"
    assert smime.signed_content(data) is None


def test_compressed() -> None:
    """A compressed mail (RFC 3274) is a mail; one that grows beyond all bounds is none."""

    def pack(content: bytes) -> bytes:
        inner = tlv(6, bytes.fromhex(_PKCS7 + "01")) + tlv(0xA0, tlv(4, content))
        algorithm = tlv(0x30, tlv(6, bytes.fromhex(_SMIME + "0308")))
        return wrapped(_SMIME + "09", tlv(2, b"\0") + algorithm + tlv(0x30, inner))

    assert smime.kind(pack(zlib.compress(MAIL))) == "compressed"
    assert smime.signed_content(pack(zlib.compress(MAIL))) == MAIL
    assert smime.signed_content(pack(zlib.compress(MAIL)[:-5])) is None
    assert smime.signed_content(pack(b"no zlib")) is None
    assert smime.signed_content(pack(zlib.compress(bytes(smime.MAX_CONTENT + 1)))) is None


def test_detached_and_certificates() -> None:
    """A detached signature holds no mail, and a bag of certificates is not even a signature."""
    inner = tlv(0x30, tlv(6, bytes.fromhex(_PKCS7 + "01")))
    for signer, expected in ((tlv(0x30, b""), "signed"), (b"", "certificates")):
        data = wrapped(_PKCS7 + "02", tlv(2, b"\1") + tlv(0x31, b"") + inner + tlv(0xA0, b"") + tlv(0x31, signer))
        assert smime.kind(data) == expected
        assert smime.signed_content(data) is None


@pytest.mark.parametrize("name", ["03", "04", "06"])
def test_other_types(name: str) -> None:
    """Every encrypted type is told by its name alone."""
    assert smime.kind(wrapped(_PKCS7 + name, b"")) == "enveloped"
    assert smime.kind(wrapped(_SMIME + "17", b"")) == "enveloped"
    assert smime.kind(wrapped(_PKCS7 + "05", b"")) == "unknown"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"0", b"0\x80", b"0\x84\xff\xff\xff\xff", b"\x30\x80" * 100_000, b"\x24\x80" * 100_000,
        wrapped(_PKCS7 + "02", tlv(2, b"\1") + b"\x24\x80" * 5_000), signed(MAIL)[:-40], signed(MAIL, piece=7)[:90],
        wrapped(_PKCS7 + "02", tlv(2, b"\1") + b"\x31\x80" * 5_000 + b"\0\0" * 5_000),
        wrapped(_PKCS7 + "02", tlv(2, b"\1") + b"\x1f\x1f"),
        signed(b"x" * (MAX_ELEMENTS + 9), piece=1),
        b"-----BEGIN CMS-----\n" * 50_000, b"MIAGCSqGSIb3DQEHAqCAMIACAQExDzAN!",
    ],
)  # fmt: skip
def test_hostile(data: bytes) -> None:
    """What is cut, lies about its length, or is nested or split without end gives no mail, and soon."""
    assert smime.signed_content(data) is None
    assert smime.kind(data) in ("signed", "unknown")


@given(mail=st.binary(max_size=3_000), piece=st.integers(0, 300), indefinite=st.booleans())
def test_round_trip(mail: bytes, piece: int, indefinite: bool) -> None:
    """Whatever is signed comes out again, in one piece or in many."""
    assert smime.signed_content(signed(mail, piece=piece, indefinite=indefinite)) == mail


@given(data=st.binary(max_size=400), at=st.integers(0, 200), mail=st.binary(max_size=50))
def test_any_bytes(data: bytes, at: int, mail: bytes) -> None:
    """Any bytes have a kind, and are a mail or none; nothing is raised."""
    good = signed(mail, piece=9, indefinite=True)
    for mangled in (data, good[:at] + data, good[:at] + data[:3] + good[at + 3 :]):
        assert smime.kind(mangled) in ("signed", "enveloped", "compressed", "certificates", "unknown")
        content = smime.signed_content(mangled)
        assert content is None or isinstance(content, bytes)
