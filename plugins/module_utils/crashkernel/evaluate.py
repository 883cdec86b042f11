# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a C(crashkernel=) spec reserves on a machine, by the kernel's own rules.

Sources: parse_crashkernel_mem(), parse_crashkernel_simple() and get_last_crashkernel() in kernel/crash_core.c
(since 6.9 kernel/crash_reserve.c), reserve_crashkernel() in arch/x86/kernel/setup.c.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import KdumpError
from .grammar import Ranges, Spec, Suffixed, Value, render, render_amount, render_spec

MIB: t.Final = 1 << 20
#: Firmware keeps some RAM for itself, so the kernel rounds RAM up before it looks at ranges (commit 9ca5c8e632ce, 5.2).
RAM_ROUNDING: t.Final = 128 * MIB
#: No kernel fits into less; a size below is a forgotten unit.
SMALLEST: t.Final = MIB
#: Before this release C(,cma) is not a suffix but garbage after the size, and the whole value is refused.
CMA_SINCE: t.Final = (6, 17)

_SYSTEM_RAM = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM$", re.MULTILINE)
_RELEASE = re.compile(r"(\d{1,9})\.(\d{1,9})")


class NothingReservedError(KdumpError):
    """A spec that the kernel understands and that still leaves this machine without a reservation."""


@dataclass(frozen=True)
class Reservation:
    """What a spec sets aside.

    ``low`` and ``cma`` come on top of ``size``. ``low`` None means that the kernel adds its own default below 4 GiB
    if the main part ends up above (256 MiB on x86_64).
    """

    size: int
    high: bool = False
    low: t.Optional[int] = None
    cma: int = 0


def ram_regions(iomem: str) -> tuple[tuple[int, int], ...]:
    """Start and end (the first byte behind it) of each piece of RAM by the top-level lines of /proc/iomem."""
    regions: list[tuple[int, int]] = []
    for start, end in sorted((int(start, 16), int(end, 16) + 1) for start, end in _SYSTEM_RAM.findall(iomem)):
        # Hotplug and the boot loader's setup data cut one piece into several lines.
        joined = regions and regions[-1][1] == start
        regions.append((regions.pop()[0] if joined else start, end))
    return tuple(regions)


def system_ram(iomem: str) -> int:
    """RAM as the kernel counts it, without the holes. MemTotal is smaller."""
    total = sum(end - start for start, end in ram_regions(iomem))
    # An unprivileged reader sees every address as zero.
    if total < MIB:
        raise KdumpError(
            "Cannot tell how much RAM the kernel counts: /proc/iomem shows no System RAM with its addresses."
            " Run the task as root, with become"
        )
    return total


def evaluate(spec: Spec, *, ram: int, release: str, regions: Sequence[tuple[int, int]] = ()) -> Reservation:
    """What the kernel of ``release`` reserves with ``ram`` bytes of System RAM; refuse a spec that reserves nothing.

    With the ``regions`` of that RAM an address is judged too.
    """
    effective = spec.effective
    _check_cma(spec, effective, release)
    main = effective.get("") or effective.get("high")
    if main is None:
        raise _nothing(spec, "without a size or a size,high the kernel ignores it", "Add one, for example 256M")
    size = _ranged(spec, main, ram) if isinstance(main, Ranges) else main.size
    _check_size(spec, size, ram)
    if regions and not isinstance(main, Suffixed) and main.offset is not None:
        _check_place(spec, size, main.offset, regions)
    low, cma = effective.get("low"), effective.get("cma")
    return Reservation(
        size=size,
        high=isinstance(main, Suffixed),
        low=low.size if isinstance(low, Suffixed) and isinstance(main, Suffixed) else None,
        cma=cma.size if isinstance(cma, Suffixed) else 0,
    )


def _ranged(spec: Spec, value: Ranges, ram: int) -> int:
    rounded = -(-ram // RAM_ROUNDING) * RAM_ROUNDING
    for entry in value.ranges:
        # The kernel gives up at the first impossible size it meets, before it looks whether that range applies.
        if entry.size >= rounded:
            raise _nothing(
                spec,
                f"the kernel refuses the whole value at {render_amount(entry.size)}, which is all its RAM"
                f" ({amount(rounded)}) or more, although a later range may fit",
                "Put the ranges in rising order",
            )
        if entry.holds(rounded):
            return entry.size
    raise _nothing(
        spec, f"no range holds its RAM of {amount(rounded)}", "Add a range for it or write a size without ranges"
    )


def _check_size(spec: Spec, size: int, ram: int) -> None:
    if size == 0:
        raise _nothing(spec, f"for {amount(ram)} of RAM it asks for 0 bytes", "Write a size above 0")
    if size < SMALLEST:
        raise _nothing(spec, f"{size} bytes hold no kernel", f"Write a unit, for example {size}M")
    if size >= ram:
        raise _nothing(spec, f"it asks for {amount(size)} of {amount(ram)} RAM", "Write a smaller size")


def _check_place(spec: Spec, size: int, offset: int, regions: Sequence[tuple[int, int]]) -> None:
    # With an address the kernel takes that very place or none, and only at a whole MiB.
    if offset % MIB:
        raise _nothing(spec, f"the address {offset:#x} is no whole MiB", "Leave out the address")
    if not any(start <= offset and offset + size <= end for start, end in regions):
        raise _nothing(spec, f"at the address {offset:#x} there is no RAM of that size", "Leave out the address")


def _check_cma(spec: Spec, effective: t.Mapping[str, Value], release: str) -> None:
    match = _RELEASE.match(release)
    if "cma" in effective and match and (int(match[1]), int(match[2])) < CMA_SINCE:
        raise _nothing(
            spec,
            f"kernel {release} does not know ,cma (new in {'.'.join(map(str, CMA_SINCE))}) and takes it for an error",
            "Leave out the ,cma value",
        )


def amount(size: int) -> str:
    """Bytes for a person: whole MiB where they are more than one."""
    return f"{size // MIB}M" if size >= MIB else f"{size} bytes"


def _nothing(spec: Spec, cause: str, advice: str) -> NothingReservedError:
    return NothingReservedError(
        f"Cannot reserve memory with {render_spec(spec)} on this machine: {cause}. {advice}",
        spec=[render(value) for value in spec.values],
    )
