"""config/prometheus/alerts.yml: each alert fires when it should and not before, as Prometheus' own tool reckons."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.peers.unpacked import unpacked

pytestmark = pytest.mark.peer
ALERTS = Path(__file__).resolve().parents[2] / "config" / "prometheus" / "alerts.yml"
LABELS = 'instance="desk:8080",job="postdesk"'
HOURS = 40  # how long the series go on
STEP = 5  # minutes

Series = dict[str, str]

# Of each alert: series that make it fire, and series that look alike and do not. "a+b" counts up by b in each step.
DUE: dict[str, tuple[Series, Series]] = {
    "PostdeskDown": ({"up": "0"}, {"up": "1"}),
    "PostdeskDatabaseDown": ({"postdesk_database_up": "0"}, {"postdesk_database_up": "1"}),
    "PostdeskMailIsStuck": (
        {"postdesk_mail_oldest_waiting_seconds": "1000"},
        {"postdesk_mail_oldest_waiting_seconds": "800"},
    ),
    "PostdeskLedger": ({"postdesk_mail_ledger_difference": "-1"}, {"postdesk_mail_ledger_difference": "0"}),
    "PostdeskMailIsHeld": ({"postdesk_mail_held": "1"}, {"postdesk_mail_held": "0"}),
    "PostdeskLettersAreStuck": (
        {"postdesk_letters_overdue_seconds": "3600"},
        {"postdesk_letters_overdue_seconds": "9"},
    ),
    "PostdeskLettersComeBack": (
        {
            'postdesk_letter_attempts_total{result="sent"}': "0+10",
            'postdesk_letter_attempts_total{result="refused"}': "0+2",
        },
        {
            'postdesk_letter_attempts_total{result="sent"}': "0+90",
            'postdesk_letter_attempts_total{result="refused"}': "0+2",
        },
    ),
    "PostdeskStaffGetNoLetters": (
        {"postdesk_staff_active": "2", "postdesk_staff_muted": "2"},
        {"postdesk_staff_active": "0", "postdesk_staff_muted": "0"},
    ),
    "PostdeskMailboxFails": (
        {'postdesk_mailbox_last_success_timestamp_seconds{mailbox="service"}': "0"},
        {'postdesk_mailbox_last_success_timestamp_seconds{mailbox="service"}': "0+300"},
    ),
    "PostdeskSignInEnds": (
        {'postdesk_mailbox_sign_in_end_timestamp_seconds{mailbox="service"}': "1000000"},
        {'postdesk_mailbox_sign_in_end_timestamp_seconds{mailbox="service"}': "9000000"},
    ),
    "PostdeskCanaryIsMissing": ({"postdesk_canary_missing_seconds": "1"}, {"postdesk_canary_missing_seconds": "0"}),
    "PostdeskTimersStand": (
        {'postdesk_timer_last_run_timestamp_seconds{timer="complete"}': "0"},
        {'postdesk_timer_last_run_timestamp_seconds{timer="complete"}': "0+300"},
    ),
    "PostdeskDiskFills": (
        {'postdesk_disk_free_bytes{folder="blobs"}': "2500", "postdesk_disk_reserve_bytes": "1000"},
        {'postdesk_disk_free_bytes{folder="blobs"}': "3500", "postdesk_disk_reserve_bytes": "1000"},
    ),
    "PostdeskBackupIsOld": (
        {"postdesk_backup_last_success_timestamp_seconds": "0"},
        {"postdesk_backup_last_success_timestamp_seconds": "0+300"},
    ),
}


def case(alert: str, series: Series, *, fires: bool) -> dict[str, Any]:
    """What promtool is to reckon: whether the alert is on at the end of these series."""
    rows = []
    for name, values in series.items():
        figure, _, rest = name.partition("{")
        labels = f"{LABELS},{rest}" if rest else f"{LABELS}}}"
        steps = f"{values if '+' in values else f'{values}+0'}x{HOURS * 60 // STEP}"
        rows.append({"series": f"{figure}{{{labels}", "values": steps})
    query: dict[str, Any] = {"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'}
    query |= {"eval_time": f"{HOURS}h", "exp_samples": [{"labels": "{}", "value": 1}] if fires else []}
    return {"interval": f"{STEP}m", "input_series": rows, "promql_expr_test": [query]}


def test_each_is_tried() -> None:
    """Those above are those of the file."""
    assert re.findall(r"- alert: (\w+)", ALERTS.read_text(encoding="utf-8")) == list(DUE)


def test_each_fires_when_it_should(tmp_path: Path) -> None:
    """On with the one, off with the other."""
    tests = [case(alert, both[bad], fires=bad == 0) for alert, both in DUE.items() for bad in (0, 1)]
    content = {"rule_files": [str(ALERTS)], "evaluation_interval": f"{STEP}m", "tests": tests}
    file = tmp_path / "series.yml"
    file.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    program = unpacked("prometheus", "promtool")
    ended = subprocess.run([program, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
