"""A private S3-compatible server on a port of 127.0.0.1: OpenStack Swift with its S3 face, from the wheel.

It checks signatures, and is a service of its own with its own clock, listings and multipart uploads.
"""

import contextlib
import os
import pwd
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.peers.common import free_port, installed, missing, require, short_folder, wait_for

BUCKET = "desk"
ACCESS_KEY, SECRET_KEY, REGION = "test:tester", "testing", "us-east-1"
SERVERS = ("account", "container", "object", "proxy")

SWIFT = """[swift-hash]
swift_hash_path_suffix = t
[storage-policy:0]
name = one
default = yes
[swift-constraints]
max_file_size = 5368709122
"""

COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {folder}
devices = {folder}/srv
mount_check = false
disable_fallocate = true
user = {user}
log_name = {name}
log_address = {folder}/nolog
"""

STORAGE = """[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

FILTERS = (
    "catch_errors", "gatekeeper", "healthcheck", "cache", "listing_formats", "bulk", "s3api", "tempauth", "copy",
    "slo", "dlo", "versioned_writes", "symlink", "proxy-logging",
)  # fmt: skip
OPTIONS = {
    "cache": "use = egg:swift#memcache\nmemcache_servers =",
    "s3api": f"use = egg:swift#s3api\nlocation = {REGION}\ns3_acl = false",
    "tempauth": "use = egg:swift#tempauth\nuser_test_tester = testing .admin",
    "versioned_writes": "use = egg:swift#versioned_writes\nallow_object_versioning = true",
    "proxy-logging": "use = egg:swift#proxy_logging",
}


class S3:
    """A running server with an empty bucket: `with S3() as server: server.settings()`."""

    def __init__(self) -> None:
        if not installed("swift"):
            missing("swift is not installed: pip install swift")
        programs = Path(sys.executable).parent
        self._programs = {name: require(f"swift-{name}-server", programs / f"swift-{name}-server") for name in SERVERS}
        self._rings = programs / "swift-ring-builder"
        self._ports = {name: free_port() for name in SERVERS}
        self.endpoint = f"http://127.0.0.1:{self._ports['proxy']}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stack = contextlib.ExitStack()

    def settings(self, prefix: str = "") -> dict[str, str]:
        """What a desk is told of it, as variables of the environment without POSTDESK_."""
        return {
            "BLOBS__KIND": "s3",
            "BLOBS__ENDPOINT": self.endpoint,
            "BLOBS__BUCKET": BUCKET,
            "BLOBS__PREFIX": prefix,
            "BLOBS__REGION": REGION,
            "BLOBS__ACCESS_KEY": ACCESS_KEY,
            "BLOBS__SECRET_KEY": SECRET_KEY,
        }

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(short_folder("s3."))
            self._configure()
            stack.callback(self.stop)
            self.start()
            wait_for(self._made_bucket, "a bucket", 60)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start, also after `stop`: the objects are still there."""
        environment = {**os.environ, "PYTHONWARNINGS": "ignore", "EVENTLET_NO_GREENDNS": "yes"}
        for name in SERVERS:
            call = [self._programs[name], str(self.folder / f"{name}-server.conf"), "-v"]
            with (self.folder / f"{name}.log").open("ab") as log:
                self._processes.append(subprocess.Popen(call, stdout=log, stderr=log, env=environment, cwd=self.folder))
            wait_for(lambda name=name: self._listens(name), f"the S3 server ({name})", 60)  # type: ignore[misc]

    def stop(self) -> None:
        """Stop; safe to call twice."""
        for process in reversed(self._processes):  # the proxy first, so that it meets none of the others' ends
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self._processes.clear()

    def log(self) -> str:
        """What the servers wrote about themselves."""
        return "\n".join(f"== {file.name}\n{file.read_text()[-2000:]}" for file in sorted(self.folder.glob("*.log")))

    def _listens(self, name: str) -> bool:
        for process in self._processes:
            if process.poll() is not None:
                raise RuntimeError(f"the S3 server ended: {self.log()}")
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self._ports[name])) == 0

    def _configure(self) -> None:
        user = pwd.getpwuid(os.getuid()).pw_name
        (self.folder / "srv" / "sdb1").mkdir(parents=True)
        (self.folder / "swift.conf").write_text(SWIFT)
        for name in SERVERS:
            text = COMMON.format(folder=self.folder, port=self._ports[name], user=user, name=name)
            text += _proxy() if name == "proxy" else STORAGE.format(name=name)
            (self.folder / f"{name}-server.conf").write_text(text)
            if name != "proxy":
                self._ring(name)

    def _ring(self, name: str) -> None:
        place = f"r1z1-127.0.0.1:{self._ports[name]}/sdb1"
        for words in (["create", "2", "1", "0"], ["add", place, "1"], ["rebalance"]):
            call: list[str | Path] = [self._rings, self.folder / f"{name}.builder", *words]
            done = subprocess.run(call, capture_output=True, text=True, check=False, cwd=self.folder)
            if done.returncode > 1:  # 1 is a warning
                raise RuntimeError(f"swift-ring-builder: {done.stdout}{done.stderr}")

    def _made_bucket(self) -> bool:
        """By a signed address, for the library that we use makes none. The proxy answers before the others listen."""
        from obstore import sign
        from obstore.store import S3Store

        store = S3Store(
            BUCKET,
            endpoint=self.endpoint,
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET_KEY,
            region=REGION,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
        )
        make = urllib.request.Request(  # noqa: S310 - our own server
            sign(store, "PUT", "", timedelta(minutes=5)), method="PUT"
        )
        try:
            urllib.request.urlopen(make, timeout=20).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            if error.code not in (500, 503):
                raise RuntimeError(f"the S3 server made no bucket: {error}\n{self.log()}") from error
            return False
        return True


def _proxy() -> str:
    parts = [f"[pipeline:main]\npipeline = {' '.join(FILTERS)} proxy-server\n"]
    parts.append(
        "[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\nerror_suppression_limit = 1000000\n"
    )
    parts += [f"[filter:{name}]\n{OPTIONS.get(name, f'use = egg:swift#{name}')}\n" for name in FILTERS]
    return "".join(parts)
