# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a file to a verdict: its structure, its identity, its contents, and at last every page of it.

Each rung of this ladder is climbed as far as the one before bears, and what is missing is a finding, not a failure.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from ..proof.text import printable
from .containers.aids import Aids
from .containers.container import Container
from .containers.detect import Detected, open_dump
from .containers.source import FileSource, digest
from .containers.split import named
from .findings import Finding, UnreadableError, finding, verdict_of
from .identity import Expectation, Identity, find_nonces, format_time, judge_compression, judge_identity
from .log.log import judge_log, read_log, summarise
from .log.records import Walk
from .translate.memory import Memory, open_memory, read_utsname
from .triage.panic import find_panic
from .triage.symbols import Symbols, open_symbols
from .triage.triage import NOTHING, Triage, triage
from .vmcoreinfo import VmcoreInfo

SCHEMA: t.Final = {"name": "linux.kdump/verdict", "version": 1}
DEPTHS: t.Final = ("structure", "identity", "content", "full")
#: How names end that say that saving did not finish: ours, and those of Red Hat's and Debian's kdump.
UNFINISHED: t.Final = (".incomplete", "-incomplete", ".part")

_Part = t.TypeVar("_Part")


@dataclass(frozen=True)
class Content:
    """What the memory in the dump tells."""

    log: Walk | None = None
    triage: Triage = NOTHING
    nonces: tuple[str, ...] = ()


def examine(
    path: str,
    *,
    expected: Expectation | None = None,
    depth: str = "content",
    log: bool = False,
    aids: Aids | None = None,
) -> dict[str, t.Any]:
    """The verdict document of the file; KdumpError only where the file cannot be read."""
    expected = expected or Expectation()
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(FileSource(path))
        aids = aids or Aids()
        findings = _marked(path)
        for part in aids.parts:
            findings += named(part, _marked(part))
        detected = open_dump(source, aids, path, stack)
        findings += detected.findings
        identity, content = _look(detected.container, expected, depth, findings)
        if detected.container:
            findings += judge_compression(detected.container.page_methods, detected.compression, expected)
        sha256 = digest(source) if depth == "full" else None
        size = source.current_size()
        if size != source.size:
            findings.append(finding("growing", before=source.size, after=size))
    document = _document(detected, identity, content)
    document.update(bytes=size, sha256=sha256, verdict=verdict_of(findings))
    document["findings"] = [found.as_dict() for found in findings]
    document["nonce_found"] = expected.nonce in content.nonces if expected.nonce else None
    records = content.log.records if content.log else ()
    document["log"] = [record.as_dict() for record in records] if log else None
    return document


def _marked(path: str) -> list[Finding]:
    """Whether the name says that saving did not finish."""
    return [finding("marked-incomplete", suffix=end) for end in UNFINISHED if path.endswith(end)]


def _look(
    container: Container | None, expected: Expectation, depth: str, findings: list[Finding]
) -> tuple[Identity | None, Content]:
    """What the dump is of, and what it holds."""
    info = container.vmcoreinfo if container else None
    if container is None or info is None:
        return None, Content()
    # A nonce can only be found in the log, so it is read whatever the depth.
    deep = depth in ("content", "full") or expected.nonce is not None
    memory = _attempt(findings if deep or depth == "identity" else [], lambda: open_memory(container, info))
    identity = _identify(container, info, memory, findings)
    findings += judge_identity(identity, expected)
    content = _read_content(container, memory, info, findings) if deep and memory else Content()
    # What cannot be unpacked here says nothing about the page tables in it.
    if memory and "codec-missing" not in {found.id for found in findings}:
        findings += memory.judge()
    # Of a log that cannot be read there is a finding already: it proves no other crash.
    if expected.nonce and content.log and expected.nonce not in content.nonces:
        findings.append(finding("nonce-missing", nonce=expected.nonce))
    # What is known to be broken needs no closer look.
    if depth == "full" and verdict_of(findings) in ("mismatch", "ok"):
        findings += _attempt(findings, container.check_pages) or []
    return identity, content


def _identify(container: Container, info: VmcoreInfo, memory: Memory | None, findings: list[Finding]) -> Identity:
    utsname = container.utsname or (read_utsname(memory, info) if memory else None)
    release = info.text("OSRELEASE")
    if release is None:
        findings.append(finding("vmcoreinfo-lacks", key="OSRELEASE"))
    elif container.utsname and container.utsname.release != release:
        findings.append(finding("header-disagrees", header=container.utsname.release, vmcoreinfo=release))
    if not container.cpus:
        findings.append(finding("cpus-missing"))
    return Identity(
        release=release,
        nodename=utsname.nodename if utsname else None,
        crash_time=info.epoch("CRASHTIME"),
        cpus=container.cpus,
        build_id=info.text("BUILD-ID"),
    )


def _read_content(container: Container, memory: Memory, info: VmcoreInfo, findings: list[Finding]) -> Content:
    log = _attempt(findings, lambda: read_log(memory, info))
    panic = None
    if log is not None:
        findings += judge_log(log)
        panic = find_panic(log.records)
        findings += [] if panic else [finding("panic-missing")]
    symbols = _attempt(findings, lambda: _read_symbols(container, memory, info))
    records = log.records if log else ()
    facts = triage(panic, records=records, registers=container.registers, symbols=symbols)
    return Content(log, facts, tuple(find_nonces(records)))


def _read_symbols(container: Container, memory: Memory, info: VmcoreInfo) -> Symbols | None:
    """The symbols, which have then passed their self-test."""
    return open_symbols(memory, info, container.machine or "")


def _attempt(findings: list[Finding], read: Callable[[], _Part | None]) -> _Part | None:
    """What can be read; where it cannot, why."""
    try:
        return read()
    except UnreadableError as error:
        # A file that is cut short is so once, however many reads run into its end.
        if error.finding.id not in {found.id for found in findings}:
            findings.append(error.finding)
        return None


def _document(detected: Detected, identity: Identity | None, content: Content) -> dict[str, t.Any]:
    container = detected.container
    return {
        "schema": dict(SCHEMA),
        "container": detected.kind,
        "compression": detected.compression,
        "machine": _shown(container.machine) if container else None,
        "dump_level": container.dump_level if container else None,
        "page_compression": container.page_methods if container else None,
        "release": _shown(identity.release) if identity else None,
        "build_id": _shown(identity.build_id) if identity else None,
        "crash_time": format_time(identity.crash_time) if identity else None,
        "nodename": _shown(identity.nodename) if identity else None,
        "cpus": identity.cpus if identity else None,
        **content.triage.as_dict(),
        "nonce": content.nonces[-1] if content.nonces else None,
        "log_summary": dataclasses.asdict(summarise(content.log)) if content.log else None,
    }


def _shown(text: str | None) -> str | None:
    """What the dump says, fit for a terminal."""
    return None if text is None else printable(text)
