# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets, and what share of the time each gets."""

from __future__ import annotations

import typing as t

#: The longest first, so that all end at about the same time.
SHARES: t.Final = {
    "file": 10,
    "vmcoreinfo": 4,
    "kdump": 4,
    "log": 4,
    "kallsyms": 4,
    "notes": 2,
    "flat": 2,
    "lzo": 2,
    "triage": 2,
}
