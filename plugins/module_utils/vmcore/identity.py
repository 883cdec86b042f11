# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is it the dump that was expected? Release, host, time, CPUs and the drill's nonce."""

from __future__ import annotations

import datetime
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..drill import NONCE_PATTERN
from ..errors import KdumpError
from .findings import Finding, finding
from .log.records import LogRecord


@dataclass(frozen=True)
class Expectation:
    """What the caller knows about the crash; None where they do not say."""

    nonce: str | None = None
    release: str | None = None
    nodename: str | None = None
    not_before: int | None = None
    cpus: int | None = None
    compression: str | None = None


@dataclass(frozen=True)
class Identity:
    """What the dump says of itself; None where it does not tell."""

    release: str | None
    nodename: str | None
    crash_time: int | None
    cpus: int
    build_id: str | None


def parse_expectation(values: Mapping[str, t.Any]) -> Expectation:
    """The option C(expect); an empty value is the same as none."""
    given = {key: value for key, value in values.items() if value not in (None, "")}
    if "not_before" in given:
        given["not_before"] = parse_time(str(given["not_before"]))
    return Expectation(**given)


def parse_time(text: str) -> int:
    """Seconds since the epoch, given as such or as an ISO 8601 date; a date without a zone is UTC."""
    try:
        if text.replace(".", "", 1).isdecimal():
            return int(float(text))
        # "Z" is understood by fromisoformat() from Python 3.11 on.
        moment = datetime.datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
        return int(moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).timestamp())
    except (ValueError, OverflowError) as error:
        raise KdumpError(
            f"Cannot understand the time {text}: it is neither seconds since 1970 nor an ISO 8601 date. "
            "Write it as 2026-01-31T12:00:00Z"
        ) from error


def format_time(seconds: int | None) -> str | None:
    """A time as ISO 8601 in UTC; None for none, and for what no calendar holds."""
    if seconds is None:
        return None
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def find_nonces(records: Sequence[LogRecord]) -> list[str]:
    """The nonces of all drills in the log, oldest first."""
    return [match[1] for match in (NONCE_PATTERN.search(record.text) for record in records) if match]


def judge_compression(methods: Mapping[str, int] | None, whole: str | None, expected: Expectation) -> Iterator[Finding]:
    """Is it packed as was asked for, page by page or as a whole? Tools that lack a codec write raw pages in silence."""
    wanted = expected.compression
    if wanted is not None and wanted != whole and wanted not in (methods or {}):
        found = [*(methods or {}), *([whole] if whole else [])]
        yield finding("compression-mismatch", found=", ".join(found) or "none", expected=wanted)


def judge_identity(identity: Identity, expected: Expectation) -> Iterator[Finding]:
    """Every expectation that the dump does not meet; what it does not tell, it does not meet."""
    for name in ("release", "nodename", "cpus"):
        found, wanted = getattr(identity, name), getattr(expected, name)
        if wanted is not None and found != wanted:
            yield finding(f"{name}-mismatch", found="unknown" if found is None else found, expected=wanted)
    if expected.not_before is not None and (identity.crash_time is None or identity.crash_time < expected.not_before):
        yield finding(
            "too-old",
            found=format_time(identity.crash_time) or "an unknown time",
            expected=format_time(expected.not_before) or expected.not_before,
        )
