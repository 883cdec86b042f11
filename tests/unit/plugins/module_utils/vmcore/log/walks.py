# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read logs that were written in this process."""

from __future__ import annotations

import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.log import read_log
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.records import LogRecord, Walk
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.vmcoreinfo import VmcoreInfo
from ansible_collections.linux.kdump.tests.unit.vmcore_logs import Flat, Log

#: Every width and byte order that Linux has.
ABIS: t.Final = [(64, "<"), (64, ">"), (32, "<"), (32, ">")]
ABI_NAMES: t.Final = [f"{bits}-bit {'little' if order == '<' else 'big'}-endian" for bits, order in ABIS]


def walk_flat(flat: Flat, **changes: str | None) -> Walk:
    """Read the log out of a memory; the changes are to VMCOREINFO, None takes a line away."""
    lines = {key: value for key, value in {**flat.vmcoreinfo, **changes}.items() if value is not None}
    return read_log(flat, VmcoreInfo("\n".join(f"{key}={value}" for key, value in lines.items()).encode()))


def walk(log: Log, **changes: str | None) -> Walk:
    """The same, of a log that no machine has yet."""
    return walk_flat(Flat(log), **changes)


def texts(records: t.Iterable[LogRecord]) -> list[tuple[int, str]]:
    return [(record.seq, record.text) for record in records]
