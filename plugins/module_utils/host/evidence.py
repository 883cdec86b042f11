# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All evidence about a host's crash readiness in one document. Reads, asks, changes nothing."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from ..bootloader.model import BootLoader
from ..command import CommandRunner, CommandTimeoutError
from ..crashkernel.evaluate import MIB, NothingReservedError, evaluate, ram_regions, system_ram
from ..crashkernel.grammar import on_command_line, parse_spec
from ..crashkernel.shortfall import explain, read_log
from ..engine.service import read_installed
from ..errors import KdumpError
from ..kexec.kernel_hook import read_check
from ..kexec.own import NAME, program
from ..kexec.state import BOOT_ID, Crash, LoadRecord, is_current, read_crash, read_record
from . import paths
from .abilities import kernel_lacks
from .boot_entries import read_boot
from .bounds import bounded
from .devices import interface_documents, target_steps
from .distribution_kdump import masked_units, read_engine, read_test
from .dumps import list_dumps
from .estimate import Request as EstimateRequest
from .estimate import estimate
from .kernel_config import read_config
from .readiness import read_boot_sysctls, read_files, read_folder, read_hotplug, read_system, read_watchdogs
from .service import read_service, read_systemd_state
from .settings import read_kernel_config, read_security, read_sysctls
from .target import find_target
from .tree import Host
from .trust import read_trust

EVIDENCE_SCHEMA: t.Final = {"name": "linux.kdump/evidence", "version": 1}

#: How each tool is asked for its version.
_VERSION_OPTIONS: t.Final = {"kexec": "--version", "makedumpfile": "-v"}
_SECONDS: t.Final = 20
#: Whoever may read nothing at all learns enough from these.
MAX_UNREAD: t.Final = 64


@dataclass(frozen=True)
class Evidence:
    """Everything that audit, proof and the drill want to know about a host, at one moment."""

    nodename: str
    release: str
    machine: str
    boot_id: str | None
    uptime: float | None
    memory_total_bytes: int | None
    cpus: int
    command_line: str | None
    kernel_lacks: list[str] | None
    systemd_state: str | None
    capture_kernel: bool
    crash: dict[str, t.Any]
    load: dict[str, t.Any] | None
    load_current: bool | None
    load_error: str | None
    service: dict[str, t.Any]
    distribution: list[dict[str, t.Any]]
    target: dict[str, t.Any]
    interfaces: list[dict[str, t.Any]]
    dumps: list[dict[str, t.Any]]
    tools: dict[str, str | None]
    trust: dict[str, t.Any]
    kernel_config: dict[str, t.Any] | None
    boot: dict[str, t.Any] | None
    sysctls: dict[str, int | str | None]
    security: dict[str, t.Any]
    system: dict[str, t.Any]
    engine: dict[str, t.Any] | None
    masked: list[str]
    boot_sysctls: dict[str, dict[str, str]]
    folder: dict[str, t.Any]
    hotplug: dict[str, t.Any]
    kernel_check: dict[str, t.Any] | None
    watchdogs: list[dict[str, t.Any]]
    files: dict[str, dict[str, int]]
    kdumpctl_test: dict[str, t.Any] | None
    privileged: bool
    unread: dict[str, str]
    #: What the lists above were cut by; more may go where the whole is too large.
    omitted: dict[str, int]
    #: Only where it is asked for: it takes time.
    estimate: dict[str, t.Any] | None = None

    def document(self) -> dict[str, t.Any]:
        """The evidence document."""
        return bounded({"schema": dict(EVIDENCE_SCHEMA), **asdict(self)})


def gather(
    dump_path: str,
    *,
    host: Host,
    runner: CommandRunner,
    dump: EstimateRequest | None = None,
    find: Callable[[], BootLoader] | None = None,
) -> Evidence:
    """Look at everything once; with ``dump``, count the pages that such a dump would hold as well.

    With ``find``, which finds the boot loader, its entries are evidence too.
    """
    evidence = _gather(dump_path, host=host, runner=runner, find=find)
    if dump is None:
        return evidence
    counted = estimate(
        dump,
        host=host,
        runner=runner,
        release=evidence.release,
        memory=_system_memory(host),
        free=evidence.target["free_bytes"],
    )
    return replace(evidence, estimate=counted)


def _gather(
    dump_path: str, *, host: Host, runner: CommandRunner, find: Callable[[], BootLoader] | None
) -> Evidence:  # fmt: skip
    system = os.uname()
    crash, record = read_crash(host), read_record(host)
    engine = read_engine(host)
    return Evidence(
        nodename=system.nodename,
        release=system.release,
        machine=system.machine,
        boot_id=host.line(BOOT_ID),
        uptime=_first_number(host.line("/proc/uptime")),
        memory_total_bytes=_memory_total(host.read("/proc/meminfo")),
        cpus=os.cpu_count() or 1,
        command_line=host.line("/proc/cmdline"),
        kernel_lacks=kernel_lacks(host, release=system.release, machine=system.machine),
        systemd_state=read_systemd_state(runner),
        capture_kernel=host.exists("/proc/vmcore"),
        crash=_crash(crash, host=host, runner=runner, release=system.release),
        load=record.document() if record else None,
        load_current=_current(record, host=host, crash=crash),
        load_error=host.line(paths.LOAD_ERROR),
        service=asdict(read_service(runner)),
        distribution=read_installed(host, runner),
        target={
            **asdict(find_target(dump_path, host=host, runner=runner)),
            "path_modules": [asdict(step) for step in target_steps(dump_path, host)],
        },
        interfaces=interface_documents(host),
        dumps=[asdict(dump) for dump in list_dumps(dump_path, host)],
        tools={name: tool_version(name, host=host, runner=runner) for name in _VERSION_OPTIONS},
        trust=read_trust(host, release=system.release).document(),
        kernel_config=read_kernel_config(host, release=system.release),
        boot=read_boot(find, host) if find else None,
        sysctls=read_sysctls(host),
        security=read_security(host),
        system=read_system(host),
        engine=engine,
        masked=masked_units(host),
        boot_sysctls=read_boot_sysctls(host),
        folder=read_folder(dump_path, host),
        hotplug=read_hotplug(host),
        kernel_check=read_check(host),
        watchdogs=read_watchdogs(host),
        files=read_files(host, release=system.release, engine=engine),
        kdumpctl_test=read_test(host),
        privileged=os.geteuid() == 0,
        # The last: what all the others met, and left out.
        unread=_unread(host),
        omitted=dict(host.omitted),
    )


def _crash(crash: Crash, *, host: Host, runner: CommandRunner, release: str) -> dict[str, t.Any]:
    """The kernel's own view, and why it has reserved less than its command line says, where it has."""
    values = on_command_line(host.line("/proc/cmdline") or "")
    expected = expected_bytes(host, release=release)
    lacks = bool(values) and (crash.reserved_bytes or 0) < (expected or 1)
    reason = lacks and explain(
        values, values, same=True, reserved=crash.reserved_bytes, expected=expected, log=read_log(runner),
        iomem=host.read("/proc/iomem") or "", config=read_config(host, release),
    ).document()  # fmt: skip
    return {**asdict(crash), "expected_bytes": expected, "shortfall": reason or None}


def _current(record: LoadRecord | None, *, host: Host, crash: Crash) -> bool | None:
    """Whether what is loaded is what is on disk; None where not everybody may know."""
    needed = {paths.LOAD_RECORD, *((record.kernel.path, record.initramfs.path) if record else ())}
    return is_current(record, host=host, crash=crash) or (None if needed & host.unread.keys() else False)


def _unread(host: Host) -> dict[str, str]:
    """What could not be read; the addresses of memory are shown to others as zeros rather than not at all."""
    iomem = host.read("/proc/iomem") or ""
    hidden = "System RAM" in iomem and sum(end - start for start, end in ram_regions(iomem)) < MIB
    found = {**host.unread, **({"/proc/iomem": "only root sees addresses"} if hidden else {})}
    host.omit("unread", len(found) - MAX_UNREAD)
    return dict(sorted(found.items())[:MAX_UNREAD])


def expected_bytes(host: Host, *, release: str) -> int | None:
    """What the running command line's crashkernel= ought to reserve here; None where that cannot be told."""
    values = on_command_line(host.line("/proc/cmdline") or "")
    if not values:
        return 0
    try:
        iomem = host.read("/proc/iomem") or ""
        ram, regions = system_ram(iomem), ram_regions(iomem)
        return evaluate(parse_spec(" ".join(values)), ram=ram, release=release, regions=regions).size
    except NothingReservedError:
        return 0
    except KdumpError:
        return None


def tool_version(name: str, *, host: Host, runner: CommandRunner) -> str | None:
    """A tool's version; an empty string where it is there but does not say, None where it is not there."""
    path = program(host) if name == NAME else host.tool(name)
    if path is None:
        return None
    argv = [path, _VERSION_OPTIONS[name]]
    try:
        done = runner.run(argv, what=f"ask {name} for its version", timeout=_SECONDS, check=False)
    except CommandTimeoutError:
        return ""
    match = re.search(r"\b\d+\.\d+(?:\.\d+)*\b", done.out + done.err)
    return match.group(0) if match else ""


def _first_number(line: str | None) -> float | None:
    match = re.match(r"\d+\.\d+", line or "")
    return float(match.group(0)) if match else None


def _system_memory(host: Host) -> int | None:
    """All memory that a dump is made of, in bytes."""
    try:
        return system_ram(host.read("/proc/iomem") or "")
    except KdumpError:
        return None


def _memory_total(meminfo: str | None) -> int | None:
    match = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo or "", re.MULTILINE)
    return int(match.group(1)) * 1024 if match else None
