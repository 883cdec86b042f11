# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is expected of a dump, and the ways to write a time."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.identity import (
    Expectation,
    Identity,
    format_time,
    judge_compression,
    judge_identity,
    parse_expectation,
    parse_time,
)

FOUND = Identity(release="6.1.0", nodename="db1", crash_time=1700000000, cpus=4, build_id=None)
UNKNOWN = Identity(release=None, nodename=None, crash_time=None, cpus=0, build_id=None)


@pytest.mark.parametrize(
    "text",
    ["1700000000", "1700000000.9", "2023-11-14T22:13:20Z", "2023-11-14 22:13:20", "2023-11-14T23:13:20+01:00",
     "2023-11-14T22:13:20.900000+00:00"],
)  # fmt: skip
def test_times(text: str) -> None:
    assert parse_time(text) == 1700000000


@pytest.mark.parametrize("text", ["yesterday", "", "Z", "-1", "9" * 400, "2023-13-01"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(KdumpError, match="Cannot understand the time"):
        parse_time(text)


def test_a_time_beyond_all_calendars() -> None:
    assert format_time(999_999_999_999) is None


def test_empty_values_expect_nothing() -> None:
    assert parse_expectation({"nonce": "", "release": None, "not_before": "1700000000"}) == Expectation(
        not_before=1700000000
    )


@pytest.mark.parametrize(
    ("expected", "rules"),
    [
        (Expectation(), []),
        (Expectation(release="6.1.0", nodename="db1", not_before=1700000000, cpus=4), []),
        (Expectation(release="6.1.1"), ["release-mismatch"]),
        (Expectation(nodename="db2", cpus=8), ["nodename-mismatch", "cpus-mismatch"]),
        (Expectation(not_before=1700000001), ["too-old"]),
    ],
)
def test_judging(expected: Expectation, rules: list[str]) -> None:
    assert [found.id for found in judge_identity(FOUND, expected)] == rules


def test_what_the_dump_does_not_tell_is_not_met() -> None:
    expected = Expectation(release="6.1.0", nodename="db1", not_before=1, cpus=4)
    assert len(list(judge_identity(UNKNOWN, expected))) == 4


def test_all_that_a_dump_is_packed_with_is_named() -> None:
    (found,) = judge_compression({"raw": 3}, "gzip", Expectation(compression="zstd"))
    assert "raw, gzip" in found.message
