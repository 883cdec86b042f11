# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments, in the one spelling that the documents use."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone

_DIGITS = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)[T-]?(\d\d):?(\d\d)")


def parse_moment(text: str | None) -> datetime | None:
    """A moment by its ISO text, in UTC; None for anything else."""
    try:
        moment = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)


def spelled(moment: datetime) -> str:
    """2026-01-02T03:04:05Z."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_date(value: object) -> date | None:
    """A day as 2026-01-02; YAML makes a date of that where it has no quotes."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def of_dump(name: str) -> datetime | None:
    """When a dump was saved, by its folder's name: every kdump puts the time into it, to the minute at least."""
    match = _DIGITS.search(name)
    if match is None:
        return None
    year, month, day, hour, minute = (int(part) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=timezone.utc)
    except ValueError:
        return None
