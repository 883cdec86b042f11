# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the estimate of a dump's size, from what makedumpfile prints on real hosts."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.host import estimate
from ansible_collections.linux.kdump.plugins.module_utils.host.evidence import gather
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.tests.unit.fakes import Answer, FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.kexec.hosts import build, write

SCHEMA = json.loads((Path(__file__).parents[5] / "docs/schemas/evidence.schema.json").read_text())["properties"][
    "estimate"
]
#: In the format of makedumpfile 1.7.2 (mem_usage in makedumpfile.c), with made-up numbers.
TABLE = """\
TYPE\t\tPAGES\t\t\tEXCLUDABLE\tDESCRIPTION
----------------------------------------------------------------------
ZERO\t\t1864            \tyes\t\tPages filled with zero
NON_PRI_CACHE\t20320           \tyes\t\tCache pages without private flag
PRI_CACHE\t1137            \tyes\t\tCache pages with private flag
USER\t\t6021            \tyes\t\tUser process pages
FREE\t\t192513          \tyes\t\tFree pages
KERN_DATA\t16690           \tno\t\tDumpable kernel data

page size:\t\t4096
Total pages on system:\t238545
Total size on system:\t977080320        Byte
"""
#: Debian 12's makedumpfile on Linux 6.18, without a reservation.
UNRESERVED = (
    "\nThe kernel version is not supported.\nThe makedumpfile operation may be incomplete.\n\nmakedumpfile Failed.\n",
    "show_mem_usage: No memory is reserved for crashkernel!\n",
)
UNKNOWN = "The kernel version is not supported.\nThe makedumpfile operation may be incomplete.\n"
ARGV = ("/usr/sbin/makedumpfile", "--mem-usage", "/proc/kcore")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with makedumpfile."""
    write(tmp_path, "/usr/sbin/makedumpfile", "")
    (tmp_path / "usr/sbin/makedumpfile").chmod(0o755)
    return build(tmp_path, {"/proc/kcore": ""})


def _estimate(
    host: Host, answer: Answer, request: estimate.Request | None = None, free: int | None = 1 << 30
) -> dict[str, object]:
    found = estimate.estimate(
        request or estimate.Request(),
        host=host,
        runner=FakeRunner({ARGV: answer}),
        release="6.1.0-40-cloud-amd64",
        memory=1 << 30,
        free=free,
    )
    jsonschema.validate(found, SCHEMA)
    return found


def test_the_pages_of_a_living_kernel(host: Host) -> None:
    found = _estimate(host, (0, TABLE, ""))
    assert (found["state"], found["detail"], found["page_bytes"]) == ("ok", None, 4096)
    assert found["pages"] == {
        "zero": 1864, "cache": 20320, "cache_private": 1137, "user": 6021, "free": 192513, "kernel": 16690,
    }  # fmt: skip
    assert found["uncompressed_bytes"] == 16690 * 4096
    # What this guest's dump had: 21.6 MB.
    assert isinstance(found["expected_bytes"], int) and 21_600_000 < found["expected_bytes"] < 2 * 21_600_000
    assert found["fits"] is True


@pytest.mark.parametrize(
    ("collector", "pages"),
    [
        ("makedumpfile -l -d 31", 16690),
        ("makedumpfile -c -d31", 16690),
        ("makedumpfile -d 23 -z", 16690 + 6021),
        ("makedumpfile -d 17", 238545 - 1864 - 192513),
        ("makedumpfile -d 4", 238545 - 20320 - 1137),
        ("makedumpfile -d 2", 238545 - 20320),
        ("makedumpfile -E -d 11,31", 238545 - 1864 - 20320 - 6021),
        ("makedumpfile -l", 238545),
    ],
)
def test_what_a_level_keeps(host: Host, collector: str, pages: int) -> None:
    found = _estimate(host, (0, TABLE, ""), estimate.Request(collector))
    assert found["uncompressed_bytes"] == pages * 4096
    compressed = any(switch in collector.split() for switch in estimate.RATIOS)
    assert isinstance(found["expected_bytes"], int)
    assert (found["expected_bytes"] < pages * 4096) is compressed


def test_a_raw_copy_is_all_memory_even_where_nobody_counts(host: Host) -> None:
    found = _estimate(host, (1, *UNRESERVED), estimate.Request("dd bs=1M"), free=5 << 20)
    assert (found["expected_bytes"], found["fits"], found["state"]) == (1 << 30, False, "not_reserved")


@pytest.mark.parametrize("free", [None, 1000])
def test_where_it_does_not_fit(host: Host, free: int | None) -> None:
    assert _estimate(host, (0, TABLE, ""), free=free)["fits"] is (None if free is None else False)


@pytest.mark.parametrize(
    ("answer", "state", "counted"),
    [
        ((1, *UNRESERVED), "not_reserved", False),
        ((0, UNKNOWN + TABLE, ""), "unsupported_kernel", True),
        ((1, UNKNOWN, ""), "unsupported_kernel", False),
        ((1, "", "mem-usage not supported for this kernel.\n"), "unsupported_kernel", False),
        ((1, "", "Can't open the dump memory(/proc/kcore). Operation not permitted\n"), "not_permitted", False),
        ((1, TABLE, "check_release: Can't get the kernel version.\n"), "failed", False),
        ((0, "", ""), "failed", False),
        ((0, TABLE[:300], ""), "failed", False),
        ((124, "", ""), "timeout", False),
    ],
)  # fmt: skip
def test_hosts_that_cannot_be_asked(host: Host, answer: tuple[int, str, str], state: str, counted: bool) -> None:
    found = _estimate(host, answer)
    assert found["state"] == state
    assert (found["pages"] is not None) is (found["expected_bytes"] is not None) is counted
    assert found["detail"] is not None


def test_hosts_without_the_tool_or_the_file(tmp_path: Path) -> None:
    assert _estimate(Host(str(tmp_path)), (0, "", ""))["state"] == "no_tool"
    write(tmp_path, "/usr/sbin/makedumpfile", "")
    (tmp_path / "usr/sbin/makedumpfile").chmod(0o755)
    assert _estimate(Host(str(tmp_path)), (0, "", ""))["state"] == "no_kcore"


@given(st.text(max_size=300))
def test_any_text_is_a_table_or_none(text: str) -> None:
    assert estimate.parse_usage(text) is None or "page size" in text


@pytest.mark.parametrize("text", [TABLE.replace("4096", "0"), TABLE.replace("KERN_DATA", "KERNEL"), TABLE * 2])
def test_odd_tables(text: str) -> None:
    found = estimate.parse_usage(text)
    assert found is None or found.total == 238545


def test_evidence_has_it_where_it_is_asked_for(host: Host, tmp_path: Path) -> None:
    write(tmp_path, "/proc/iomem", "00100000-3fffffff : System RAM\n")
    runner = FakeRunner(
        {ARGV: (0, TABLE, ""), ("systemctl",): (1, "", ""), ("/usr/sbin/makedumpfile", "-v"): (0, "version 1.7.2", ""),
         ("/usr/sbin/kexec",): (0, "", "")}
    )  # fmt: skip
    assert gather("/var/crash", host=host, runner=runner).estimate is None
    asked = gather("/var/crash", host=host, runner=runner, dump=estimate.Request(makedumpfile="1.7.2"))
    assert asked.estimate is not None and asked.estimate["makedumpfile"]["version"] == "1.7.2"
    jsonschema.validate(asked.estimate, SCHEMA)


def test_the_request_of_a_modules_options() -> None:
    assert estimate.request({"estimate": None}) is None
    asked = {"collector": "makedumpfile -c", "makedumpfile": None, "timeout": 5}
    assert estimate.request({"estimate": asked}) == estimate.Request("makedumpfile -c", None, 5)
