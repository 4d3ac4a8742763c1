"""django-helpdesk on SQLite: its command get_email takes a whole folder of mails."""

import contextlib
import sqlite3
from collections.abc import Sequence
from typing import Self

from bench.peers.peer import run, timed, unix_lines, virtual_environment
from tests.peers.common import short_folder

# Its letters are rendered and dropped: neither side sends while the clock runs.
SETTINGS = """\
from pathlib import Path

HERE = Path(__file__).parent
SECRET_KEY = "sample"
USE_TZ = True
SITE_ID = 1
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.sites", "django.contrib.humanize", "django.contrib.messages", "django.contrib.staticfiles",
    "rest_framework", "helpdesk",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
ROOT_URLCONF = "sample_urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "desk.db"}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
MEDIA_ROOT = HERE / "media"
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
HELPDESK_TEAMS_MODE_ENABLED = False
"""
URLS = """\
from django.urls import include, path

urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
"""
QUEUE = """\
from helpdesk.models import Queue
Queue.objects.create(
    title="Service", slug="service", email_address="service@desk.test", allow_email_submission=True,
    email_box_type="local", email_box_local_dir="{folder}", email_box_interval=0, logging_type="none",
)
"""


class Helpdesk:
    """A project with django-helpdesk and nothing else."""

    title = "django-helpdesk 2.6, a folder of mails, SQLite"
    share = 600

    def install(self) -> None:
        """Fetch it from PyPI."""
        self._bin = virtual_environment("django-helpdesk", "django-helpdesk==2.6.1")

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._folder = stack.enter_context(short_folder("dh."))
            self._environment = {"PYTHONPATH": str(self._folder), "DJANGO_SETTINGS_MODULE": "sample_settings"}
            (self._folder / "new").mkdir()
            (self._folder / "sample_settings.py").write_text(SETTINGS, encoding="utf-8")
            (self._folder / "sample_urls.py").write_text(URLS, encoding="utf-8")
            self._django("migrate", "--verbosity", "0")
            self._django("loaddata", "--verbosity", "0", "emailtemplate.json")
            self._django("shell", "--command", QUEUE.format(folder=self._folder / "new"))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take(self, batch: Sequence[bytes]) -> float:
        """One process for all of them; it deletes each file that it has taken."""
        for number, mail in enumerate(batch):
            (self._folder / "new" / f"{number:06}").write_bytes(unix_lines(mail))
        return timed([self._bin / "python", "-m", "django", "get_email", "--quiet"], self._environment)

    def addressed(self, answers: Sequence[bytes]) -> Sequence[bytes]:
        """As they are: it goes by In-Reply-To."""
        return answers

    def count(self) -> tuple[int, int]:
        """Tickets, and the follow-ups beyond the first of each."""
        with contextlib.closing(sqlite3.connect(self._folder / "desk.db")) as database:
            (tickets,) = database.execute("SELECT count(*) FROM helpdesk_ticket").fetchone()
            (entries,) = database.execute("SELECT count(*) FROM helpdesk_followup").fetchone()
        return tickets, entries - tickets

    def _django(self, *words: str) -> None:
        run([self._bin / "python", "-m", "django", *words], self._environment)
