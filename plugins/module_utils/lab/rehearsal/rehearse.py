# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rehearse a host's own capture kernel and initramfs: an emulated machine starts them as if a kernel had just died."""

from __future__ import annotations

import contextlib
import os
import tempfile
import typing as t
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ...command import CommandRunner
from ...console import Lines, Tail
from ...errors import KdumpError
from ...files import write_atomic
from ...host import paths
from ...host.dumps import Dump, list_dumps
from ...host.tree import Host
from ...vmcore.examine import examine
from .. import qmp
from ..argv import ACCELERATORS, MACHINE, QEMU
from ..drill import init
from ..drill.argv import CONSOLE_FILE, DISK_FILE
from ..drill.disk import Disk as DrillDisk
from ..drill.follow import Story
from ..drill.outcome import judge
from ..process import Process
from ..sizes import parse_size
from ..waiting import Clock, SystemClock
from . import bzimage, stage, words

#: By which controller the machine has its disk, and so which driver the capture kernel needs.
DISKS: t.Final = {
    "virtio": "virtio-blk-pci,drive=target",
    "nvme": "nvme,drive=target,serial=target",
    "sata": "ide-hd,drive=target,bus=ide.0",
}
#: What a rehearsal comes to, beside the outcomes of a drill that it can have too.
SAVED: t.Final = "saved"
BOOTED: t.Final = "booted"
MISFIT: t.Final = "does_not_fit"

_EVERY: t.Final = 0.05
_MARGIN: t.Final = 300
_MAKE_LIMIT: t.Final = 120
_TAIL: t.Final = 30
#: Where a message sends its reader if the folder is gone by then.
_EXCERPT: t.Final = "rehearsal.console; name a folder to keep the whole of it"
_PATH: t.Final = f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"
#: What has happened before: a drill's story begins earlier.
_PROLOGUE: t.Final = (
    f"linux.kdump: [0.00] {init.ARMED} 0",
    f"linux.kdump: [0.00] {init.TRIGGERED}",
    "Kernel panic - not syncing: rehearsal",
)


class RehearsalError(KdumpError):
    """The capture kernel did not do what it is there for; the facts hold the whole result."""


@dataclass(frozen=True)
class Request:
    """What to rehearse."""

    kernel: str
    initramfs: str
    command_line: str
    reservation: stage.Reservation
    #: A dump whose memory is taken, or None for zeros of a size.
    memory: t.Optional[str]
    memory_size: int
    cpus: int
    disk: str
    disk_size: t.Optional[int]
    timeout: int
    stall: int


def request(options: Mapping[str, t.Any]) -> Request:
    """The request that a module's options make."""
    for name in ("timeout", "stall", "cpus"):
        if options[name] < 1:
            raise KdumpError(f"Cannot rehearse with {name} {options[name]}: it must be 1 or more.")
    return Request(
        kernel=options["kernel"],
        initramfs=options["initramfs"],
        command_line=options["command_line"],
        reservation=stage.Reservation(
            parse_size(options["base"], name="base"), parse_size(options["size"], name="size")
        ),
        memory=options["memory"],
        memory_size=parse_size(options["memory_size"], name="memory_size"),
        cpus=options["cpus"],
        disk=options["disk"],
        disk_size=parse_size(options["disk_size"], name="disk_size") if options["disk_size"] else None,
        timeout=options["timeout"],
        stall=options["stall"],
    )


@dataclass(frozen=True)
class Rehearsal:
    """One rehearsal in a folder of its own."""

    request: Request
    folder: str
    runner: CommandRunner
    clock: Clock = field(default_factory=SystemClock)
    #: Whether the folder outlives the rehearsal.
    kept: bool = True

    def run(self) -> dict[str, t.Any]:
        """The whole of it."""
        qmp.require_library()
        image, initramfs = bzimage.read(_contents(self.request.kernel)), _contents(self.request.initramfs)
        old = self._old()
        try:
            places = stage.arrange(self.request.reservation, old, image=image, initramfs=len(initramfs))
        except stage.MisfitError as error:
            return self._document(MISFIT, error.message)
        host = words.rehearsed(self.request.command_line, uuid=str(uuid.uuid4()), header_at=places.header_at)
        stage.build(self.folder, places, old, image=image, initramfs=initramfs, line=host.line)
        disk = self._make_disk(host.disk, room=old.span)
        story, why = self._follow(places.ram)
        dumps = list_dumps(found, Host()) if (found := disk.read(host.disk.path)) else []
        return self._judge(story, why, dumps[-1] if dumps else None, replaced=host.replaced)

    def _old(self) -> stage.Old:
        if self.request.memory:
            return stage.from_dump(self.request.memory)[0]
        return stage.synthetic(self.request.memory_size, cpus=self.request.cpus, release=os.uname().release)

    def _make_disk(self, disk: words.Disk, *, room: int) -> DrillDisk:
        size = self.request.disk_size or room + (256 << 20)
        with stage.create(os.path.join(self.folder, DISK_FILE)) as stream:
            stream.truncate(size >> 10 << 10)
        name = ["-U", disk.uuid] if disk.uuid else ["-L", disk.label or ""]
        argv = [
            "mke2fs", "-q", "-F", "-t", disk.fstype, "-b", "4096", *name, "-m", "0",
            "-E", "lazy_itable_init=1,nodiscard", DISK_FILE, f"{size >> 10}k",
        ]  # fmt: skip
        what = "make the disk that stands for the target"
        self.runner.run(argv, what=what, timeout=_MAKE_LIMIT, cwd=self.folder, env={"PATH": _PATH})
        return DrillDisk(self.folder, self.runner)

    def _argv(self, ram: int) -> list[str]:
        accel, cpu = ACCELERATORS["tcg"]
        return [
            QEMU, "-name", "rehearsal", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", f"{MACHINE},memory-backend=ram", "-accel", accel, "-cpu", cpu, "-smp", "1",
            "-m", f"{ram >> 20}M",
            # a private mapping: what the machine writes never reaches the file
            "-object", f"memory-backend-file,id=ram,size={ram},mem-path={stage.MEMORY_FILE},share=off",
            "-rtc", "base=utc", "-qmp", "unix:qmp.sock,server=on,wait=off", "-serial", f"file:{CONSOLE_FILE}",
            "-kernel", stage.STUB_FILE,
            "-drive", f"id=target,file={DISK_FILE},format=raw,if=none,cache=unsafe,discard=unmap,werror=report",
            "-device", DISKS[self.request.disk],
        ]  # fmt: skip

    def _follow(self, ram: int) -> tuple[Story, str | None]:
        """The story, and why it was cut short if it was."""
        console = os.path.join(self.folder, CONSOLE_FILE)
        write_atomic(console, b"")
        story, tail, lines = Story(stall=self.request.stall), Tail(console), Lines()
        for line in _PROLOGUE:
            story.line(0.0, line)
        process = Process(self.folder, "the rehearsal's machine", self.runner, self.clock)
        zero = self.clock.monotonic()
        machine = process.start(self._argv(ram), lifetime=self.request.timeout + _MARGIN)
        try:
            while True:
                alive, text, seconds = machine.alive, tail.read(), self.clock.monotonic() - zero
                for line in lines.feed(text):
                    story.line(seconds, line)
                why = story.hopeless(seconds)
                if not why and seconds > self.request.timeout:
                    why = f"the time limit of {self.request.timeout} seconds is over"
                if why or not (text or alive):
                    return story, why
                if not text:
                    self.clock.sleep(_EVERY)
        finally:
            if machine.alive:
                process.end(machine)

    def _judge(self, story: Story, why: str | None, dump: Dump | None, *, replaced: bool) -> dict[str, t.Any]:
        record = dump.record if dump else None
        console = os.path.join(self.folder, CONSOLE_FILE) if self.kept else _EXCERPT
        outcome, message = judge(story, record=record, why=why, console=console)
        verdict = None
        if outcome == "captured" and dump and dump.core and not dump.readable:
            # Only who has the key can tell more.
            outcome, message = SAVED, ""
        elif outcome == "captured" and dump:
            verdict = examine(dump.readable or os.path.join(dump.path, paths.VMCORE_FILE))
            good = verdict["verdict"] == "ok"
            outcome, message = (SAVED, "") if good else (
                "bad_dump", f"Cannot save a good dump: its verdict is {verdict['verdict']}. Look at the findings."
            )  # fmt: skip
        elif not self.request.memory and outcome == "save_failed" and story.seen("target-ready"):
            # There was no kernel in the old memory, so there was nothing to save.
            outcome, message = BOOTED, ""
        message = message.replace("Cannot drill:", "Cannot save in the rehearsal:", 1)
        memory = (record or {}).get("memory") or {}
        return self._document(
            outcome,
            message,
            boots=story.seen("save-start"),
            target=story.seen("target-ready"),
            target_replaced=replaced,
            total_kib=memory.get("total_kib"),
            peak_used_kib=memory.get("peak_used_kib"),
            events=[event.as_dict() for event in story.events if event.seconds > 0],
            record=record,
            verdict=verdict,
            console=list(story.lines)[-_TAIL:],
        )

    def _document(self, outcome: str, message: str, **facts: t.Any) -> dict[str, t.Any]:
        empty: dict[str, t.Any] = {
            "boots": False, "target": False, "target_replaced": False, "total_kib": None, "peak_used_kib": None,
            "events": [], "record": None, "verdict": None, "console": [],
        }  # fmt: skip
        return {
            "outcome": outcome,
            "message": message,
            "reserved_bytes": self.request.reservation.size,
            "old_memory": self.request.memory or "synthetic",
            **empty,
            **facts,
        }


def rehearse(
    options: Mapping[str, t.Any],
    *,
    runner: CommandRunner,
    check: bool,
    clock: t.Optional[Clock] = None,
) -> dict[str, t.Any]:
    """The module's whole work."""
    wanted = request(options)
    if check:
        return {"changed": False, "rehearsal": None}
    with _folder(options["folder"]) as folder:
        try:
            found = Rehearsal(wanted, folder, runner, clock or SystemClock(), kept=bool(options["folder"])).run()
        finally:
            _remove_memory(folder)
    if found["outcome"] not in (SAVED, BOOTED):
        raise RehearsalError(found["message"], rehearsal=found)
    return {"changed": False, "rehearsal": found}


@contextlib.contextmanager
def _folder(given: str | None) -> Iterator[str]:
    """The folder that the caller wants to keep, or one that goes away."""
    if given:
        os.makedirs(given, mode=0o700, exist_ok=True)
        yield os.path.abspath(given)
        return
    with tempfile.TemporaryDirectory(prefix="linux-kdump-rehearsal-") as folder:
        yield folder


def _remove_memory(folder: str) -> None:
    for name in (stage.MEMORY_FILE, DISK_FILE):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise KdumpError(
            f"Cannot rehearse with {path}: {error.strerror or error}. Name a file that is there."
        ) from error
