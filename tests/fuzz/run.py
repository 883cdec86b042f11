# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzz all targets for a given time, as many at once as there are processors."""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.linux.kdump.tests.fuzz.shares import SHARES

FINDINGS: t.Final = Path(__file__).parent / "findings"
ONE: t.Final = "ansible_collections.linux.kdump.tests.fuzz.one"
#: No input needs this much wall time on the busiest machine; what is slow by the processor's time is found in one.py.
_HANG: t.Final = 100
_SHOWN: t.Final = 15


def fuzz(name: str, seconds: int, seed: int) -> bool:
    """One target; what it finds is shown, and kept."""
    with tempfile.TemporaryDirectory(prefix="kdump-fuzz-") as corpus:
        options = [
            f"-max_total_time={seconds}",
            f"-timeout={_HANG}",
            f"-seed={seed}",
            "-rss_limit_mb=2048",
            "-keep_seed=1",
        ]
        command = [sys.executable, "-m", ONE, name, corpus, *options, f"-artifact_prefix={FINDINGS}/{name}-"]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
    lines = done.stderr.splitlines()
    if done.returncode == 0:
        print(f"{name}: {next((line for line in reversed(lines) if line.startswith('Done ')), 'done')}", flush=True)
        return True
    kept = next((line.split("Test unit written to ")[1] for line in lines if "Test unit written to" in line), None)
    shown = (done.stdout.splitlines() + lines)[-_SHOWN:] if kept is None else _trace(lines, done.stdout)
    print("\n".join([f"{name}: failed", *shown]), flush=True)
    if kept:
        print(f"Run it again: .venv/bin/nox -s fuzz -- --target {name} --input {os.path.relpath(kept)}", flush=True)
    return False


def _trace(lines: list[str], output: str) -> list[str]:
    told = [line for line in (*output.splitlines(), *lines) if line and not line.startswith(("#", "\t", "INFO"))]
    start = next((at for at, line in enumerate(told) if "exception" in line or "Traceback" in line), 0)
    return told[start : start + 3 * _SHOWN]


def main() -> int:
    """All targets, or one, or one input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=25, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1, help="another one finds other things; 0 for a random one")
    parser.add_argument("--target", choices=SHARES, help="only this one")
    parser.add_argument("--input", help="run this input of the target")
    options = parser.parse_args()
    if options.input and not options.target:
        parser.error("--input needs --target")
    if options.input:
        return subprocess.run([sys.executable, "-m", ONE, options.target, options.input], check=False).returncode
    FINDINGS.mkdir(exist_ok=True)
    shares = {options.target: 1} if options.target else SHARES
    workers = min(len(os.sched_getaffinity(0)), len(shares))
    unit = options.seconds * workers / sum(shares.values())
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        runs = [pool.submit(fuzz, name, max(1, int(unit * share)), options.seed) for name, share in shares.items()]
        return int(not all(run.result() for run in runs))


if __name__ == "__main__":
    sys.exit(main())
