# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof: one document that says whether one drill proved that a host saves its crashes, and what shows it.

It is made of what the parts of the drill returned and adds nothing that they do not say. What came out of the dump
is cut to a bounded length and made printable here, so the document can be shown anywhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ..drill import CONSOLE_PATTERN
from ..errors import KdumpError
from ..vmcore.summary import CLASSES
from .judgement import Inputs, headline, nonce_in_dump, weigh
from .reader import Reader, network_drivers, path_drivers
from .text import printable
from .timeline import build_timeline, read_events

SCHEMA = {"name": "linux.kdump/proof", "version": 1}

#: Lines of the console that are looked at, and that are kept.
_CONSOLE_READ = 5000
_CONSOLE_KEPT = 80
#: A dump target that was tried is cut to this many characters.
MOST_OF_TARGET = 200
#: What tells a dump target of one kind or another.
_TARGET = ("kind", "uuid", "label", "fstype", "partuuid", "server", "user", "export", "version", "path")

Section = dict[str, object]


class ProofError(KdumpError):
    """The documents do not describe a drill."""


def build_proof(
    panic: object,
    *,
    record: object = None,
    verdict: object = None,
    fetch: object = None,
    host: object = None,
    kernel: object = None,
    versions: object = None,
) -> Section:
    """The proof document of one drill; every piece but the result of ``panic`` may be missing."""
    drill = Reader(panic)
    if drill.at("outcome").text() is None and not drill.at("events").items():
        raise ProofError(
            "Cannot make the proof: the value given is not the result of linux.kdump.panic (it has no outcome and "
            "no events). Register the result of the panic task and pass it on, also where the task failed."
        )
    saved = Reader(record) if Reader(record).present else drill.at("dump", "record")
    inputs = Inputs(drill, saved, Reader(verdict), Reader(fetch))
    return {**_result(inputs), **_sections(inputs, Reader(host), Reader(kernel), Reader(versions))}


def _result(inputs: Inputs) -> Section:
    reasons = weigh(inputs)
    return {
        "schema": dict(SCHEMA),
        "ok": not any(reason.severity == "error" for reason in reasons),
        "headline": headline(reasons),
        "reasons": [reason.as_dict() for reason in reasons],
        "outcome": inputs.panic.at("outcome").text(60),
        "method": inputs.panic.at("method").text(60),
    }


def _sections(inputs: Inputs, host: Reader, kernel: Reader, versions: Reader) -> Section:
    timeline = build_timeline(read_events(inputs.panic.at("events")))
    return {
        "host": _host(inputs.panic, host),
        "when": _when(inputs.panic, Reader(timeline)),
        "nonce": {"value": inputs.panic.at("nonce").text(64), "found": nonce_in_dump(inputs)},
        "boots": _boots(inputs.panic),
        "kernels": _kernels(inputs),
        "digests": _digests(inputs.panic, kernel),
        "timeline": timeline,
        "memory": _memory(inputs),
        "panic": _panic(inputs.verdict),
        "dump": _dump(inputs),
        "verdict": _verdict(inputs.verdict),
        "record": _record(inputs.record),
        "tools": _tools(inputs, versions),
        "console": _console(inputs.panic.at("console").value),
    }


def _host(panic: Reader, host: Reader) -> Section:
    before = panic.at("before")
    nodename = before.at("nodename").text(80)
    return {
        "name": host.text(120) or nodename,
        "nodename": nodename,
        "machine": before.at("machine").text(40),
        "cpus": before.at("cpus").integer(),
        "memory_bytes": before.at("memory_total_bytes").integer(),
        "command_line": before.at("command_line").text(2000),
        "loaded_after": panic.at("after", "crash", "loaded").flag(),
        "drivers": path_drivers(before.value),
        "network_drivers": network_drivers(before.value),
    }


def _when(panic: Reader, timeline: Reader) -> Section:
    started = panic.at("started").text(40)
    return {"started": started, "ended": _later(started, timeline.at("total").number() or 0.0)}


def _later(started: str | None, seconds: float) -> str | None:
    try:
        moment = datetime.fromisoformat((started or "").replace("Z", "+00:00"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        ended = moment.astimezone(timezone.utc) + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None
    return ended.strftime("%Y-%m-%dT%H:%M:%SZ")


def _boots(panic: Reader) -> Section:
    return {"before": panic.at("before", "boot_id").text(40), "after": panic.at("after", "boot_id").text(40)}


def _kernels(inputs: Inputs) -> Section:
    crashed = inputs.record.at("kernel", "crashed").text(120)
    return {
        "crashed": inputs.verdict.at("release").text(120) or crashed or inputs.panic.at("before", "release").text(120),
        "capture": inputs.record.at("kernel", "capture").text(120),
    }


def _digests(panic: Reader, kernel: Reader) -> Section:
    load = panic.at("before", "load")
    return {
        "kernel": load.at("kernel", "sha256").digest(),
        "initramfs": load.at("initramfs", "sha256").digest(),
        "config": kernel.at("files", "config", "sha256").digest(),
        "load_current": panic.at("before", "load_current").flag(),
        "syscall": load.at("syscall").text(40),
        "command_line": load.at("command_line").text(2000),
    }


def _memory(inputs: Inputs) -> Section:
    before = inputs.panic.at("before")
    reserved = before.at("crash", "reserved_bytes").integer()
    return {
        "reserved_bytes": before.at("load", "reserved_bytes").integer() if reserved is None else reserved,
        "usable_bytes": inputs.record.at("memory", "total_kib").octets_of_kib(),
        "peak_bytes": inputs.record.at("memory", "peak_used_kib").octets_of_kib(),
    }


def _panic(verdict: Reader) -> Section | None:
    panic = verdict.at("panic")
    if not panic.present:
        return None
    kind, modules = panic.at("class").text(40), verdict.at("modules")
    return {
        "class": kind,
        "what": CLASSES.get(kind or ""),
        "reason": panic.at("reason").text(500),
        "cpu": panic.at("cpu").integer(),
        "pid": panic.at("pid").integer(),
        "comm": panic.at("comm").text(40),
        "taint": _taint(panic.at("taint")),
        "taint_meanings": [meaning.text(100) for meaning in panic.at("taint_meanings").items()],
        "uptime": verdict.at("uptime").number(),
        "modules": None if modules.value is None else [name.text(80) for name in modules.items()],
        "backtrace": [_frame(frame) for frame in panic.at("backtrace").items()],
        "backtrace_source": panic.at("backtrace_source").text(20),
        "signature": verdict.at("signature").text(120),
    }


def _taint(taint: Reader) -> str | None:
    """Empty says that it was not tainted, None that nobody knows."""
    if taint.value == "":
        return ""
    return taint.text(200) or " ".join(item.text(20) or "" for item in taint.items()) or None


def _frame(frame: Reader) -> str | None:
    return frame.text(200) or frame.at("text").text(200) or frame.at("symbol").text(200)


def _dump(inputs: Inputs) -> Section:
    dump, record = inputs.panic.at("dump"), inputs.record
    target = record.at("target") if record.at("target").present else inputs.panic.at("before", "target")
    return {
        "id": dump.at("id").text(80) or record.at("id").text(80),
        "path": dump.at("path").text(400),
        "files": _files(inputs),
        "fetched_seconds": inputs.fetch.at("seconds").number(),
        "collector": record.at("collector").text(200),
        "final": record.at("final").text(40),
        "target": {key: target.at(key).text(200) for key in _TARGET},
        "attempts": _attempts(record),
    }


def _attempts(record: Reader) -> list[Section]:
    """Every target that was tried, in order; the last one holds the record."""
    return [
        {
            "target": attempt.at("target").text(MOST_OF_TARGET),
            "failure": attempt.at("failure").text(60),
            "reason": attempt.at("reason").text(300),
            "seconds": _length(attempt.at("started").number(), attempt.at("ended").number()),
        }
        for attempt in record.at("targets").items()
    ]


def _files(inputs: Inputs) -> list[Section]:
    fetched = inputs.fetch.at("files").items()
    if fetched:
        return [
            {
                "name": item.at("name").text(120),
                "bytes": item.at("bytes").integer(),
                "sha256": item.at("sha256").digest(),
            }
            for item in fetched
        ]
    known = inputs.panic.at("dump", "files")
    known = known if known.present else inputs.record.at("files")
    return [{"name": name, "bytes": size.integer(), "sha256": None} for name, size in known.pairs()]


def _verdict(verdict: Reader) -> Section | None:
    if not verdict.present:
        return None
    names = ("verdict", "container", "machine", "release", "build_id", "crash_time", "nodename")
    return {**{name: verdict.at(name).text(120) for name in names}, "cpus": verdict.at("cpus").integer()}


def _record(record: Reader) -> Section | None:
    if not record.present:
        return None
    steps = [
        {
            "name": step.at("name").text(40),
            "rc": step.at("rc").integer(),
            "seconds": _length(step.at("started").number(), step.at("ended").number()),
        }
        for step in record.at("steps").items()
    ]
    start, end = record.at("uptime", "start").number(), record.at("uptime", "end").number()
    return {
        "status": record.at("status").text(40),
        "failure": record.at("failure").text(60),
        "date": record.at("date").text(40),
        "boot_seconds": start,
        "seconds": _length(start, end),
        "steps": steps,
    }


def _length(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None or end < start else round(end - start, 3)


def _console(lines: object) -> list[str]:
    """The console up to the end of the capture: what comes after is an ordinary boot."""
    known = [printable(line, limit=240) for line in lines[:_CONSOLE_READ]] if isinstance(lines, (list, tuple)) else []
    matches = [CONSOLE_PATTERN.search(line) for line in known]
    ends = [index for index, match in enumerate(matches, 1) if match and match["tag"] == "final-action"]
    end = ends[-1] if ends else len(known)
    return known[max(end - _CONSOLE_KEPT, 0) : end]


def _tools(inputs: Inputs, versions: Reader) -> dict[str, str]:
    sources = (inputs.panic.at("before", "tools"), inputs.record.at("tools"), versions)
    return {name: text for source in sources for name, value in source.pairs() if (text := value.text(120))}
