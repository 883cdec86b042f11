# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose names and log attack whoever shows them."""

from __future__ import annotations

import re

from .vmcores import Machine, Ring

#: Short enough for the fields of uname(2).
ATTACK = "../../x{{ 7*7 }}\x1b[31m<script>{% raw %}\x07\x9b"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Hostile(Machine):
    """Its names say something else in VMCOREINFO than in memory, where bytes beyond ASCII are."""

    @property
    def vmcoreinfo(self) -> bytes:
        return super().vmcoreinfo + f"\nOSRELEASE={ATTACK}\nBUILD-ID={ATTACK}".encode("latin-1")


def crashed() -> Machine:
    ring = Ring(size_bits=14)
    for text in (
        f"Linux version {ATTACK}",
        f"Command line: {ATTACK}",
        f"Kernel panic - not syncing: {ATTACK}",
        f"CPU: 1 PID: 412 Comm: {ATTACK} Tainted: G           OE      {ATTACK} #1",
        "Call Trace:",
        f" evil+0x1/0x2 [{ATTACK}]",
        f"Modules linked in: {ATTACK}",
        f"linux.kdump: drill nonce={ATTACK}",
    ):
        ring.say(text.encode("latin-1"))
    return Hostile(ring, nodename=ATTACK, release=ATTACK, machine="x86_64")
