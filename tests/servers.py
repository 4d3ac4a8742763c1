"""The real servers and the browser that tests run against; each starts in a temporary folder and cleans up."""

from tests.peers.chromium import chromium
from tests.peers.common import free_port, require, short_folder, wait_for
from tests.peers.dovecot import Dovecot
from tests.peers.postfix import Postfix
from tests.peers.postgres import Postgres

__all__ = ["Dovecot", "Postfix", "Postgres", "chromium", "free_port", "require", "short_folder", "wait_for"]
