"""An S3 store that fails half-way: what it has not kept is not accepted, what it has kept is whole, nothing is lost."""

import hashlib
import random
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from store.s3_blobs import S3Blobs
from store.s3_client import PART, S3Config
from store.tables import Attachment, ReceivedMail
from tests.e2e.conftest import FREELY
from tests.e2e.machines import Patient
from tests.e2e.world import assert_ledger, mail, outcomes, send_raw
from tests.faults.hurried import S3, Hurried
from tests.faults.s3_proxy import Fate, Request, S3Proxy
from tests.peers.common import wait_for
from tests.peers.s3 import ACCESS_KEY, BUCKET, REGION, SECRET_KEY
from tests.peers.s3 import S3 as Server

BIG, SMALL = PART + 3_000_000, 400_000  # in two parts; in one


@pytest.fixture(scope="module")
def way() -> Iterator[S3Proxy]:
    """A store, and the way to it that fails."""
    with Server() as server, S3Proxy(server.endpoint) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def desk(way: S3Proxy) -> Iterator[Patient]:
    """A running desk whose bytes lie there; an attempt to keep them ends soon."""
    settings = {**FREELY, "MAIL__MAX_MB": "30", "MAIL__MAX_ATTACHMENT_MB": "30", "WORK__MAX_ATTEMPTS": "20"}
    settings |= Server.settings(_At(way.endpoint), "desk/")  # type: ignore[arg-type]  # it needs the endpoint only
    with Hurried(S3, ("smtp", "work", "deliver"), settings=settings) as running:
        yield running


class _At:
    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint


def raw(name: str, size: int) -> bytes:
    """A mail with a file of so many bytes."""
    message = mail(f"{name}@customer.test", f"Sample {name}")
    chance = random.Random(name)
    message.add_attachment(chance.randbytes(size), maintype="application", subtype="x-sample", filename="a.bin")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def puts(fate: str, *, times: int = 10**6, skip: int = 0) -> Fate:
    """This becomes of writes, after some that pass."""
    seen = [0]

    def decide(request: Request) -> str:
        if request.method not in ("PUT", "POST"):
            return ""
        seen[0] += 1
        return fate if skip < seen[0] <= skip + times else ""

    return decide


def whole(way: S3Proxy, desk: Patient) -> int:
    """How many attachments there are; each of them is there with the bytes that its name says."""
    blobs = S3Blobs(S3Config(BUCKET, way.endpoint, "desk/", REGION, ACCESS_KEY, SECRET_KEY))
    with desk.database.reading() as session:
        digests = list(session.scalars(select(Attachment.digest)))
        kept = list(session.scalars(select(ReceivedMail.blob).where(ReceivedMail.blob != "")))
    for digest in {*digests, *kept}:
        assert hashlib.sha256(blobs.read(digest)).hexdigest() == digest
    return len(digests)


@pytest.mark.attack(86)
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "fate, skip, size",
    [("500", 0, SMALL), ("lost", 0, SMALL), ("half", 1, BIG), ("500", 2, BIG)],
    ids=["500", "unanswered", "half-of-a-part", "between-parts"],
)
def test_a_store_that_fails_while_mail_comes(way: S3Proxy, desk: Patient, fate: str, skip: int, size: int) -> None:
    """451 as long as it fails and the client keeps the mail; the same mail later is one ticket with its file."""
    name = f"{fate}{skip}x{size}"
    before = len(desk.dispositions())
    way.fate = puts(fate, skip=skip)
    try:
        said = send_raw(desk.smtp, raw(name, size))
    finally:
        way.fate = lambda request: ""
    assert said.startswith((b"451", b"452")), said
    assert len(desk.dispositions()) == before
    wait_for(lambda: send_raw(desk.smtp, raw(name, size)).startswith(b"250"), "a store that works", 60)
    desk.wait_handled(before + 1)
    assert outcomes(desk)[-1][0] == "opened"
    assert whole(way, desk) == len(desk.dispositions())
    assert_ledger(desk)


@pytest.mark.attack(86)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fate, method", [("500", "PUT"), ("lost", "PUT"), ("cut", "GET")])
def test_a_store_that_fails_while_mail_is_handled(way: S3Proxy, desk: Patient, fate: str, method: str) -> None:
    """What was taken waits, however the store fails in writing or in reading; then it is one ticket, whole."""
    name = f"handled-{fate}-{method}"
    size = SMALL if method == "GET" else 100_000  # the smaller one lies in the database until its file is put
    before, failed = len(desk.dispositions()), len(way.done)

    def fails(request: Request) -> str:
        return fate if request.method == method else ""

    way.fate = fails
    try:
        assert send_raw(desk.smtp, raw(name, size)).startswith(b"250")
        wait_for(lambda: len(way.done) > failed, f"a fault of the store\n{desk.log()[-3000:]}", 60)
        assert len(desk.dispositions()) == before
    finally:
        way.fate = lambda request: ""
    desk.wait_handled(before + 1)
    assert outcomes(desk)[-1][0] == "opened"
    assert whole(way, desk) == len(desk.dispositions())
    assert_ledger(desk)
