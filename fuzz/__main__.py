"""`python -m fuzz TARGET|all --for 10m [folders]`: fuzzes one target, or each in turn, and sums up what was found."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from fuzz.targets import NAMES, TARGETS
from tools.duration import seconds_of

_BUILD = Path(__file__).parent.parent / "build" / "fuzz"
_DONE = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_FINDING = re.compile(r"^FINDING .*(?:\n  .*)?", re.MULTILINE)
_WORDS = {module: word for word, module in NAMES.items()}
CHOICES = tuple(_WORDS.get(name, name) for name in TARGETS)


def main(arguments: list[str]) -> int:
    """How many targets had findings, or ended before their time. What is not ours goes to libFuzzer as it is."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", choices=(*CHOICES, "all"))
    parser.add_argument("--for", dest="seconds", type=seconds_of, default=600.0, help="each target: 90s, 10m, 12h")
    chosen, more = parser.parse_known_args(arguments)
    return sum(_run(name, chosen.seconds, more) for name in (CHOICES if chosen.target == "all" else (chosen.target,)))


def _run(name: str, seconds: float, more: list[str]) -> bool:
    _BUILD.mkdir(parents=True, exist_ok=True)
    log = _BUILD / f"{name}.log"
    options = [f"-max_total_time={seconds:.0f}", "-print_final_stats=1", f"-artifact_prefix={_BUILD}/{name}-", *more]
    with log.open("w", encoding="utf-8") as file:
        code = subprocess.call(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "fuzz.run", name, *options], stdout=file, stderr=subprocess.STDOUT
        )
    said = log.read_text(encoding="utf-8", errors="replace")
    executed, findings = _DONE.findall(said), _FINDING.findall(said)
    count = int(executed[-1]) if executed else 0
    print(f"{name:<10} {count:>10,} executions, {len(findings)} findings ({log})", flush=True)
    for finding in findings:
        print(f"  {finding}", flush=True)
    if code:
        print(f"  It ended with {code}:", *said.splitlines()[-5:], sep="\n    ", flush=True)
    return bool(findings or code)


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
