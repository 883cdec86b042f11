# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two snapshots of a host (`snapshot.py`): before anything was deployed, and after all of it was taken away.

    python compare.py before.json after.json [--new-below /var/crash]

Differences that every boot makes are told with their reason; any other makes the status 1. What is new below the given
folder is none.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import re
import sys
import typing as t
from collections.abc import Iterator, Mapping

#: What may differ, and why. Nothing of it is the collection's.
EXPECTED: t.Final = {
    r"files /var/lib/systemd/(random-seed|timers/.*|timesync.*|rfkill.*|catalog.*)": "systemd writes it at every boot",
    r"files /var/lib/private(/.*)?": "systemd writes it at every boot",
    r"files /var/lib/dhcp/.*": "the lease of this boot",
    r"files /var/backups(/.*)?": "the daily copies of dpkg's books",
    r"files /var/lib/logrotate(/.*)?": "logrotate's own book of what it has done",
    r"files /root/\.(bash_history|lesshst)": "whoever logs in",
    r"files /(etc|var)/\.updated": "systemd's mark of the last update",
    r"settings /proc/sys/kernel/random/.*": "random numbers",
    r"settings /proc/sys/kernel/(ns_last_pid|pty/nr|perf_event_max_sample_rate)": "counted by the kernel",
    r"settings /proc/sys/(kernel/threads-max|vm/(min_free|user_reserve|admin_reserve)_kbytes)": "memory at boot",
}  # fmt: skip

Snapshot = Mapping[str, Mapping[str, str]]


def differences(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, str, str]]:
    """Name, former and present state of all that is not the same; empty for what is or was not there."""
    for kind in sorted({*before, *after}):
        old, new = before.get(kind, {}), after.get(kind, {})
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                yield f"{kind} {name}", old.get(name, ""), new.get(name, "")


def reason(name: str, former: str, folder: str | None) -> str | None:
    """Why a difference is none of ours; None where it is."""
    if folder and not former and name.startswith(f"files {folder}/"):
        return "a dump"
    return next((why for pattern, why in EXPECTED.items() if re.fullmatch(pattern, name)), None)


def main() -> int:
    """Tell them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=pathlib.Path)
    parser.add_argument("after", type=pathlib.Path)
    parser.add_argument("--new-below")
    options = parser.parse_args()
    before, after = (json.loads(path.read_text()) for path in (options.before, options.after))
    ours = 0
    for name, former, now in differences(before, after):
        why = reason(name, former, options.new_below)
        ours += why is None
        print(f"{'DIFFERS' if why is None else 'expected'}: {name}: {former or 'nothing'} -> {now or 'nothing'}")
        if why:
            print(f"    {why}")
    print(f"{sum(map(len, after.values()))} compared, {ours} differ")
    return 1 if ours or not before.get("files") else 0


if __name__ == "__main__":
    sys.exit(main())
