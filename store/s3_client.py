"""Where an S3-compatible store is, how long it may take to answer, and its client, made when it is first needed."""

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Store
    from obstore.store import S3Config as Where

DEADLINE = 10.0  # seconds after which nothing is tried again
REQUEST = 30.0  # seconds that a single request may take, its bytes included: a part of a big mail on a slow line
CONNECT = 5.0
RETRIES = 20
PAUSE = 3.0  # seconds in which a store that was away is not asked again: a batch of mails waits once, not once each
PART = 8 * 1024 * 1024  # bytes in a part of a big upload; the service wants 5 MiB at least
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_MEANT = {
    "NoSuchBucket": "there is no bucket {config.bucket!r}; make it, or correct blobs.bucket",
    "AccessDenied": "the access key may not do that in the bucket {config.bucket!r}",
    "InvalidAccessKeyId": "it does not know the access key of blobs.access_key",
    "SignatureDoesNotMatch": "blobs.access_key and blobs.secret_key do not belong together",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "QuotaExceeded": "there is no room left",
    "AuthorizationHeaderMalformed": "blobs.region is not that of the bucket",
    "PermanentRedirect": "blobs.region or blobs.endpoint is not that of the bucket",
}


class StoreAway(OSError):
    """The store did not do what it was asked: it does not answer, or refuses. Later may help."""


class Damaged(StoreAway):
    """The bytes of a blob are not those that its name says."""


class MissingLibrary(RuntimeError):
    """What speaks to S3 is not installed."""


@dataclass(frozen=True, slots=True)
class S3Config:
    """An S3-compatible store; `prefix` is "" or ends in "/", `tls_ca` is PEM text."""

    bucket: str
    endpoint: str = ""  # "" is Amazon's own, by the region
    prefix: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    tls_ca: str = field(default="", repr=False)
    path_style: bool = True
    request: float = REQUEST
    deadline: float = DEADLINE


class Client:
    """The connections of one process; see `store` for what a fork means."""

    def __init__(self, config: S3Config) -> None:
        self.config = config
        self._lock = threading.Lock()
        self._made: tuple[int, S3Store] | None = None
        self._not_before, self._last = 0.0, ""
        if not installed():
            raise MissingLibrary("the S3 store needs a library that is not installed")

    @property
    def store(self) -> "S3Store":
        """The client of obstore. Its threads do not outlive a fork, and it would wait for them for ever."""
        if self._made is None:
            with self._lock:
                self._made = self._made or (os.getpid(), connect(self.config))
        if self._made[0] != os.getpid():
            raise RuntimeError("the S3 store was used before the fork")
        return self._made[1]

    @contextmanager
    def talking(self, what: str) -> Iterator[None]:
        """Whatever goes wrong is an OSError in words, as with a disk; FileNotFoundError where a blob is not there."""
        from obstore.exceptions import BaseError

        if time.monotonic() < self._not_before:
            raise StoreAway(f"could not {what}: {self._last}")
        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):  # the blob is not what is missing
                raise self._away(what, error) from error
            raise
        except BaseError as error:
            raise self._away(what, error) from error

    def _away(self, what: str, error: Exception) -> StoreAway:
        self._last = _words(error, self.config)
        self._not_before = time.monotonic() + PAUSE
        return StoreAway(f"could not {what}: {self._last}")


def installed() -> bool:
    """Whether obstore is there, without importing it."""
    from importlib.util import find_spec

    return find_spec("obstore") is not None


def connect(config: S3Config) -> "S3Store":
    """A client; it opens its connections when they are needed."""
    from obstore.store import S3Store

    options: ClientConfig = {
        "allow_http": urlsplit(config.endpoint).scheme == "http",
        "connect_timeout": timedelta(seconds=CONNECT),
        "timeout": timedelta(seconds=config.request),
    }
    if config.tls_ca:
        options["root_certificate"] = config.tls_ca
    where: Where = {
        "region": config.region,
        "virtual_hosted_style_request": not config.path_style,
        # One request deletes one object: not every service has the call for many.
        "disable_bulk_delete": True,
    }
    if config.endpoint:
        where["endpoint"] = config.endpoint
    if config.access_key:
        where |= {"access_key_id": config.access_key, "secret_access_key": config.secret_key}
    return S3Store(
        config.bucket,
        config=where,
        client_options=options,
        retry_config={
            "max_retries": RETRIES,
            "retry_timeout": timedelta(seconds=config.deadline),
            "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=2), "base": 2},
        },
    )


def _words(error: Exception, config: S3Config) -> str:
    """What is wrong, for the person who can mend it; obstore says it in a screenful, its settings included."""
    text = str(error)
    place = f"the S3 store {config.endpoint or 'of Amazon in ' + config.region}"
    if code := _CODE.search(text):
        words = _MEANT.get(code[1], "")
        return f"{place} says {code[1]}" + (f": {words.format(config=config)}" if words else "")
    if status := _STATUS.search(text):
        return f"{place} answers with status {status[1]}"
    if "error sending request" in text or "timed out" in text or "HTTP error" in text:
        return f"{place} does not answer"
    return f"{place}: {next(iter(text.splitlines()), '') or type(error).__name__}"[:300]
