# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a dump of this host would be, counted by makedumpfile in the living kernel.

``makedumpfile --mem-usage /proc/kcore`` sorts every page of memory just as it would after a crash. It works where
memory is reserved for a capture kernel and the kernel is one that it knows; every other case has a name of its own
here, since a host that cannot be asked is nothing that failed.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..command import CommandRunner, CommandTimeoutError
from .collector import support
from .tree import Host

#: The lines of makedumpfile's table, by our names of the kinds of pages.
ROWS: t.Final[Mapping[str, str]] = {
    "ZERO": "zero", "NON_PRI_CACHE": "cache", "PRI_CACHE": "cache_private", "USER": "user", "FREE": "free",
    "KERN_DATA": "kernel",
}  # fmt: skip
#: What each bit of makedumpfile's -d leaves out; 4 stands for all of the page cache.
LEVELS: t.Final[Mapping[int, tuple[str, ...]]] = {
    1: ("zero",), 2: ("cache",), 4: ("cache", "cache_private"), 8: ("user",), 16: ("free",),
}  # fmt: skip
#: Compressor switch -> what is left of the pages, on the cautious side: 0.32 was seen with lzo at level 31, on guests.
RATIOS: t.Final[Mapping[str, float]] = {"-c": 0.4, "-l": 0.5, "-p": 0.5, "-z": 0.4}
#: Headers, bitmaps and page descriptors: two bitmaps of a bit a page, and 24 bytes for each page that is kept.
_BITMAP_BYTES_PER_PAGE: t.Final = 0.25
_DESCRIPTOR_BYTES: t.Final = 24
DEFAULT_SECONDS: t.Final = 60
DEFAULT_COLLECTOR: t.Final = "makedumpfile -l -d 31"

#: What makedumpfile says -> the state's name. In this order.
_COMPLAINTS: t.Final[Sequence[tuple[str, str]]] = (
    ("No memory is reserved for crashkernel", "not_reserved"),
    ("mem-usage not supported for this kernel", "unsupported_kernel"),
    ("The kernel version is not supported", "unsupported_kernel"),
    ("Permission denied", "not_permitted"),
    ("Operation not permitted", "not_permitted"),
)
STATES: t.Final = (
    "ok", "no_tool", "no_kcore", "not_reserved", "unsupported_kernel", "not_permitted", "timeout", "failed",
)  # fmt: skip


@dataclass(frozen=True)
class Usage:
    """The pages of a living kernel, by kind."""

    page_bytes: int
    pages: dict[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.pages.values())

    def kept(self, level: int) -> int:
        """How many pages a dump of this level holds."""
        left_out = {kind for bit, kinds in LEVELS.items() if level & bit for kind in kinds}
        return sum(count for kind, count in self.pages.items() if kind not in left_out)


@dataclass(frozen=True)
class Request:
    """What the estimate is for."""

    #: As in a manifest: "makedumpfile -l -d 31".
    collector: str = DEFAULT_COLLECTOR
    #: The version of makedumpfile in the image, where that is known.
    makedumpfile: str | None = None
    seconds: int = DEFAULT_SECONDS


def request(options: Mapping[str, t.Any]) -> Request | None:
    """The request that a module's options make, if any."""
    wanted = options["estimate"]
    if wanted is None:
        return None
    return Request(wanted["collector"], wanted["makedumpfile"], wanted["timeout"])


def estimate(
    request: Request, *, host: Host, runner: CommandRunner, release: str, memory: int | None, free: int | None
) -> dict[str, t.Any]:
    """The estimate's document; ``memory`` and ``free`` are the host's memory and the target's free space in bytes."""
    words = request.collector.split()
    state, detail, usage = _ask(request.seconds, host=host, runner=runner)
    raw = words[:1] == ["dd"]
    plain, expected = _sizes(words, usage) if usage and not raw else (memory, memory) if raw else (None, None)
    known = support(request.makedumpfile, release)
    return {
        "state": state,
        "detail": detail,
        "collector": request.collector,
        "page_bytes": usage.page_bytes if usage else None,
        "pages": dict(usage.pages) if usage else None,
        "uncompressed_bytes": plain,
        "expected_bytes": expected,
        "free_bytes": free,
        "fits": expected <= free if expected is not None and free is not None else None,
        "makedumpfile": {
            "version": request.makedumpfile, "state": known.state, "latest_kernel": known.latest,
            "message": known.message,
        },
    }  # fmt: skip


def parse_usage(text: str) -> Usage | None:
    """The table; None where it is not all there."""
    size = re.search(r"^page size:\s+(\d{1,8})\s*$", text, re.MULTILINE)
    found = {
        ROWS[name]: int(count)
        for name, count in re.findall(r"^([A-Z_]+)\s+(\d{1,18})\s+(?:yes|no)\b", text, re.MULTILINE)
        if name in ROWS
    }
    if size is None or not int(size[1]) or "kernel" not in found or "free" not in found:
        return None
    return Usage(int(size[1]), {kind: found.get(kind, 0) for kind in ROWS.values()})


def _ask(seconds: int, *, host: Host, runner: CommandRunner) -> tuple[str, str | None, Usage | None]:
    tool = host.tool("makedumpfile")
    if tool is None:
        return "no_tool", None, None
    if not host.exists("/proc/kcore"):
        return "no_kcore", None, None
    argv = [tool, "--mem-usage", "/proc/kcore"]
    try:
        done = runner.run(argv, what="count the pages of memory", timeout=seconds, check=False)
    except CommandTimeoutError:
        return "timeout", f"no answer within {seconds} seconds", None
    said = f"{done.out}\n{done.err}"
    usage = parse_usage(said)
    state = next((state for words, state in _COMPLAINTS if words in said), "ok" if usage else "failed")
    if state in ("ok", "failed") and done.rc != 0:
        state, usage = "failed", None
    # It goes on with a kernel that it does not know; its figures are the ones that it would act upon.
    return state, None if state == "ok" else _last_line(said), usage


def _sizes(words: Sequence[str], usage: Usage) -> tuple[int, int]:
    """The bytes of the pages that are kept, and of the file."""
    kept = usage.kept(_level(words))
    plain = kept * usage.page_bytes
    ratio = next((RATIOS[word] for word in words if word in RATIOS), 1.0)
    overhead = int(usage.total * _BITMAP_BYTES_PER_PAGE) + kept * _DESCRIPTOR_BYTES + usage.page_bytes * 4
    return plain, int(plain * ratio) + overhead


def _level(words: Sequence[str]) -> int:
    """makedumpfile's -d; of several the first, which is the largest dump that it would try."""
    text = " ".join(words)
    match = re.search(r"(?:^|\s)-d\s*(\d{1,2})\b", text)
    return int(match[1]) & 31 if match else 0


def _last_line(text: str) -> str | None:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().endswith("Failed.")]
    known = next((line for line in lines if any(words in line for words, _state in _COMPLAINTS)), None)
    return (known or (lines[-1] if lines else "it said nothing"))[:200]
