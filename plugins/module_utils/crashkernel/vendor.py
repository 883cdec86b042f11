# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The size C(vendor): what a distribution itself reserves, for its own kernel and its own save environment.

The tables are data: a row is a distribution from a version on, for some architectures and a page size, with the source
it was read from and the date of that. What a distribution adds for certain hardware is data too.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import KdumpError
from .grammar import Range, Ranges, SpecError, parse_spec, parse_value, render

#: What stands for a size.
VENDOR: t.Final = "vendor"
MIB: t.Final = 1 << 20
K4: t.Final = 1 << 12
K64: t.Final = 1 << 16

Version = tuple[int, ...]
#: A rolling release, or one that names no minor version: the newest there is.
NEWEST: t.Final = 1 << 30

#: Rebuilds have the tables of what they rebuild. Oracle Linux has kernels of its own, so it is not one of them.
REBUILDS: t.Final = {"centos": "rhel", "rocky": "rhel", "almalinux": "rhel"}
_SUSE: t.Final = ("sles", "sled", "sle-micro", "sl-micro", "opensuse-leap", "opensuse-tumbleweed", "opensuse-microos")

_HISTORY: t.Final = ("crash-utility/crash-test kdump/include/crashkernel-default.json", "2026-08")
_KDUMP_UTILS: t.Final = ("rhkdump/kdump-utils kdump-lib.sh (63f248c)", "2026-03")
_DEBIAN_12: t.Final = ("kdump-tools 1.8.1, /etc/default/grub.d/kdump-tools.cfg", "2026-08")
_DEBIAN_13: t.Final = ("kdump-tools 1.10.7, /etc/default/grub.d/kdump-tools.cfg", "2026-08")
_ZIPL: t.Final = ("kdump-tools, preset for zipl", "2026-08")
_UBUNTU: t.Final = ("Ubuntu 24.10, kdump-tools", "2026-08")
_CALIBRATE: t.Final = ("openSUSE/kdump kdumptool/calibrate.cc (34da4b8), DEF_RESERVE_KB", "2026-04-10")
_STEAMOS: t.Final = ("gpiccoli/kdumpst, readme", "2022-12")

_X86_1: t.Final = "1G-64G:160M,64G-1T:256M,1T-:512M"
_X86_2: t.Final = "1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M"
_X86_3: t.Final = "1G-4G:192M,4G-64G:256M,64G-:512M"
_X86_4: t.Final = "2G-64G:256M,64G-:512M"
_ARM_3: t.Final = "1G-4G:256M,4G-64G:320M,64G-:576M"
_ARM_4: t.Final = "2G-4G:256M,4G-64G:320M,64G-:576M"
_POWER: t.Final = "2G-4G:384M,4G-16G:512M,16G-64G:1G,64G-128G:2G,128G-:4G"
_UBUNTU_ALL: t.Final = "2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M"
_NO_S390X: t.Final = ("x86_64", "i386", "arm64", "ppc64le")
_FALLBACK: t.Final = "SUSE calculates the size (size=estimate tells its figure); this is what it falls back to"


class NoTableError(KdumpError):
    """No distribution's table is known for this host."""


@dataclass(frozen=True)
class Addition:
    """What a distribution adds to its table where ``needs``, a field of `Hardware`, holds; always where it is empty."""

    bytes: int
    needs: str
    reason: str
    page: t.Optional[int] = None
    #: Machines in the table's first range are left with what the range says.
    spares_first: bool = False


@dataclass(frozen=True)
class Table:
    """One row: what a distribution reserves from the version ``since`` on, on these architectures."""

    distributions: tuple[str, ...]
    since: Version
    architectures: tuple[str, ...]
    spec: str
    source: tuple[str, str]
    #: The only page size it is for; None for any.
    page: t.Optional[int] = None
    #: The first version that it is not for.
    ends: t.Optional[Version] = None
    #: The newest version that it was read for, where it is not known to go on.
    until: t.Optional[Version] = None
    additions: tuple[Addition, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Hardware:
    """What tables make a difference for."""

    memory_encryption: bool = False
    mlx5: bool = False
    smmu: bool = False


@dataclass(frozen=True)
class Distribution:
    """A distribution, as os-release has it; ``version`` is empty where it has none."""

    id: str
    version: str = ""


@dataclass(frozen=True)
class Vendor:
    """What a distribution reserves on such a host, and where that is from."""

    distribution: str
    version: str
    architecture: str
    page_bytes: int
    spec: str
    source: str
    date: str
    additions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """The same as plain data."""
        return {
            "distribution": self.distribution, "version": self.version, "architecture": self.architecture,
            "page_bytes": self.page_bytes, "spec": self.spec, "source": self.source, "date": self.date,
            "additions": list(self.additions), "notes": list(self.notes),
        }  # fmt: skip


_ENCRYPTED: t.Final = Addition(64 * MIB, "memory_encryption", "SME or SEV needs a bounce buffer")
_ARM: t.Final = (
    Addition(100 * MIB, "", "pages of 64 KiB", K64, spares_first=True),
    Addition(384 * MIB, "smmu", "queues of the SMMU in pages of 64 KiB", K64, spares_first=True),
    Addition(200 * MIB, "mlx5", "mlx5 with pages of 64 KiB", K64, spares_first=True),
    Addition(150 * MIB, "mlx5", "mlx5 with pages of 4 KiB", K4, spares_first=True),
)
_POWER_CPUS: t.Final = Addition(16 * MIB, "", "1 MiB for each of the 16 CPUs that it captures with")

#: The upstream of Fedora, and of RHEL from 10.1 on.
UPSTREAM: t.Final = (
    Table(("fedora",), (), ("x86_64", "s390x"), _X86_4, _KDUMP_UTILS, additions=(_ENCRYPTED,)),
    Table(("fedora",), (), ("arm64",), _ARM_4, _KDUMP_UTILS, additions=_ARM),
    Table(("fedora",), (), ("ppc64le",), _POWER, _KDUMP_UTILS, additions=(_POWER_CPUS,)),
)


def _red_hat(since: Version, architectures: tuple[str, ...], spec: str, **facts: t.Any) -> Table:
    """A row for one major version: what an older one had says nothing about the next."""
    return Table(("rhel",), since, architectures, spec, facts.pop("source", _HISTORY), ends=(since[0] + 1,), **facts)


TABLES: t.Final = (
    *UPSTREAM,
    _red_hat((8, 0), ("x86_64",), _X86_1),
    _red_hat((8, 3), ("x86_64",), _X86_2),
    _red_hat((8, 8), ("x86_64",), _X86_3, until=(8, 8)),
    _red_hat((9, 0), ("x86_64", "s390x"), _X86_3, until=(9, 2)),
    _red_hat((10, 0), ("x86_64", "s390x"), _X86_3),
    _red_hat((10, 1), ("x86_64", "s390x"), _X86_4, source=_KDUMP_UTILS, additions=(_ENCRYPTED,)),
    _red_hat((8, 0), ("s390x",), "4G-64G:160M,64G-1T:256M,1T-:512M"),
    _red_hat((8, 2), ("s390x",), _X86_1),
    _red_hat((8, 3), ("s390x",), _X86_2),
    _red_hat((8, 8), ("s390x",), _X86_3, until=(8, 8)),
    # Up to 8 its kernel for arm64 has pages of 64 KiB only; 9 has a kernel for either size.
    _red_hat((8, 0), ("arm64",), "2G-:512M", page=K64),
    _red_hat((8, 1), ("arm64",), "2G-:448M", page=K64),
    _red_hat((8, 8), ("arm64",), "2G-:480M", page=K64, until=(8, 8)),
    _red_hat((9, 0), ("arm64",), "2G-:448M", page=K4),
    _red_hat((9, 1), ("arm64",), _ARM_3, page=K4, until=(9, 2)),
    _red_hat((10, 0), ("arm64",), _ARM_3, page=K4),
    _red_hat((10, 1), ("arm64",), _ARM_4, source=_KDUMP_UTILS, additions=_ARM),
    _red_hat((8, 0), ("ppc64le",), _POWER, until=(8, 8)),
    _red_hat((9, 0), ("ppc64le",), _POWER, until=(9, 2)),
    _red_hat((10, 0), ("ppc64le",), _POWER),
    _red_hat((10, 1), ("ppc64le",), _POWER, source=_KDUMP_UTILS, additions=(_POWER_CPUS,)),
    Table(("debian",), (12,), _NO_S390X, "384M-:128M", _DEBIAN_12),
    Table(("debian",), (13,), _NO_S390X, "512M-:192M", _DEBIAN_13),
    Table(("debian",), (12,), ("s390x",), "384M-:128M", _ZIPL),
    Table(("ubuntu",), (24, 10), ("x86_64", "arm64", "s390x"), _UBUNTU_ALL, _UBUNTU),
    Table(_SUSE, (), ("x86_64", "i386", "arm64", "s390x"), "192M", _CALIBRATE, note=_FALLBACK),
    Table(_SUSE, (), ("ppc64le",), "384M", _CALIBRATE, note=_FALLBACK),
    Table(("steamos",), (), ("x86_64",), "256M", _STEAMOS),
)


def choose_table(
    distribution: Distribution, *, architecture: str, page: int, hardware: Hardware, tables: Sequence[Table] = TABLES
) -> Vendor:
    """What the distribution reserves on such a host; an error where nobody knows."""
    family = REBUILDS.get(distribution.id, distribution.id)
    version = version_of(distribution.version)
    rows = [
        table
        for table in tables
        if family in table.distributions
        and architecture in table.architectures
        and table.page in (None, page)
        and table.since <= version
        and (table.ends is None or version < table.ends)
    ]
    if not rows:
        raise _unknown(distribution, architecture, page, tables)
    table = max(rows, key=lambda table: table.since)
    added = [extra for extra in table.additions if _applies(extra, page, hardware)]
    return Vendor(
        distribution=distribution.id,
        version=distribution.version,
        architecture=architecture,
        page_bytes=page,
        spec=_with(table.spec, added),
        source=table.source[0],
        date=table.source[1],
        additions=tuple(f"{extra.bytes // MIB}M: {extra.reason}" for extra in added),
        notes=tuple(note for note in (table.note, _beyond(table, version)) if note),
    )


def shipped(text: str, distribution: Distribution, *, path: str, architecture: str, page: int) -> t.Optional[Vendor]:
    """The value that the running kernel's own package brings; None where the kernel would not understand it."""
    spec = text.strip()
    spec = spec[len("crashkernel=") :] if spec.startswith("crashkernel=") else spec
    try:
        parse_spec(spec)
    except SpecError:  # "auto", which only old kernels of Red Hat know
        return None
    return Vendor(distribution.id, distribution.version, architecture, page, spec, source=path, date="this host")


def of_kdump_tools(text: str) -> str:
    """The one value of C(crashkernel=) in a drop-in of GRUB's defaults; empty where there is none, or more than one."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = re.findall(r"\bcrashkernel=([^\s\"'$]+)", "\n".join(lines))
    return found[0] if len(found) == 1 else ""


def version_of(text: str) -> Version:
    """A version to compare by; what it leaves open, as that of a rolling release does, is the newest there is."""
    numbers = tuple(int(number) for number in re.findall(r"\d{1,9}", text)[:2])
    return (*numbers, NEWEST) if len(numbers) < 2 else numbers


def parse_os_release(text: str) -> Distribution:
    """The distribution by its os-release file."""
    fields = dict(re.findall(r"^([A-Z_]+)=[\"']?(.*?)[\"']?\s*$", text, re.MULTILINE))
    return Distribution(fields.get("ID", "").lower(), fields.get("VERSION_ID", ""))


def _applies(extra: Addition, page: int, hardware: Hardware) -> bool:
    return extra.page in (None, page) and (not extra.needs or bool(getattr(hardware, extra.needs)))


def _with(spec: str, added: Sequence[Addition]) -> str:
    """The table with what is added to it."""
    value = parse_value(spec)
    if not added or not isinstance(value, Ranges):
        return spec
    ranges = [
        Range(
            entry.start, entry.end, entry.size + sum(extra.bytes for extra in added if number or not extra.spares_first)
        )
        for number, entry in enumerate(value.ranges)
    ]
    return render(Ranges(tuple(ranges), value.offset))


def _beyond(table: Table, version: Version) -> str:
    if table.until is None or version[: len(table.until)] <= table.until:
        return ""
    return f"the table was read up to version {'.'.join(map(str, table.until))}; this host's is newer"


def _unknown(distribution: Distribution, architecture: str, page: int, tables: Sequence[Table]) -> NoTableError:
    known = sorted({name for table in tables for name in table.distributions} | set(REBUILDS))
    return NoTableError(
        f"Cannot reserve what the vendor does: no table is known for {distribution.id or 'this distribution'} "
        f"{distribution.version or '(no version)'} on {architecture} with pages of {page} bytes. "
        "Write a size, or take fit or estimate.",
        known=known,
    )
