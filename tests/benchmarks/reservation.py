# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest reservation that Debian's kdump-tools works with, by the search that finds ours.

    python tests/benchmarks/reservation.py [--memory 1G] [--cpus 2] [--image FILE] [--calibration FILE]

The image is a lab guest's disk with the package kdump-tools in it, as tests/benchmarks/capture_time.py makes one and
leaves it in the cache. Each trial starts an overlay of it straight with its own kernel and initramfs and one
crashkernel=, loads as the package does, crashes, and reads the dump back: it counts where vmcore_info's library calls
it ok. Prints the table of our calibration with a line for kdump-tools under it. A trial takes a minute or two.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".tree"))

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.build import default_cache
from ansible_collections.linux.kdump.plugins.module_utils.console import Lines, Tail, marks
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel import table
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.calibration import Bounds, Trial, search
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.evaluate import amount
from ansible_collections.linux.kdump.plugins.module_utils.lab.argv import ACCELERATORS, MACHINE, QEMU
from ansible_collections.linux.kdump.plugins.module_utils.lab.bootdisk import PARTITION_OFFSET
from ansible_collections.linux.kdump.plugins.module_utils.lab.sizes import parse_size
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import examine

MIB: t.Final = 1 << 20
#: Seconds for one trial on an emulated machine.
LIMIT: t.Final = 900
#: Seconds without a word on the console after which it counts as dead.
SILENCE: t.Final = 300
EVERY: t.Final = 0.5
#: What the machine does when it has booted: load as the package does, then crash. The capture kernel never comes so
#: far. The first boot is there to make the package's initramfs, once for all trials.
CRASH: t.Final = """\
#!/bin/sh
systemctl start kdump-tools.service
sync
if grep -q kdump.prepare /proc/cmdline; then exec systemctl poweroff; fi
if grep -q 0 /sys/kernel/kexec_crash_loaded; then echo "NOT LOADED" >/dev/console; exec systemctl poweroff; fi
echo c >/proc/sysrq-trigger
"""
UNIT: t.Final = """\
[Service]
Type=oneshot
ExecStart=/bin/sh /etc/trial
"""
WANTED: t.Final = """\
[Unit]
Wants=trial.service
"""
#: debugfs gives a new file the very name that it is told, so it has to be in the right folder first.
INSTALL: t.Final = """\
cd /etc
write trial trial
cd systemd/system
write trial.service trial.service
mkdir multi-user.target.d
cd multi-user.target.d
write trial.conf trial.conf
"""
APPEND: t.Final = "root=/dev/vda ro console=ttyS0,115200n8 no_timer_check"
ENVIRONMENT: t.Final = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}


def command(*argv: str, cwd: pathlib.Path, good: t.Collection[int] = (0,)) -> str:
    """What a command prints; its failure is ours."""
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=LIMIT, check=False, env=ENVIRONMENT)
    if done.returncode not in good:
        sys.exit(f"Cannot go on: {' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Debian:
    """A machine that saves its crashes with kdump-tools."""

    def __init__(self, image: pathlib.Path, folder: pathlib.Path, *, memory: int, cpus: int) -> None:
        self.folder, self.memory, self.cpus = folder, memory, cpus
        # The partition alone: the kernel is started straight, and e2fsck cannot work in the middle of a file.
        place = f"driver=raw,offset={PARTITION_OFFSET},file.driver=qcow2,file.file.filename={image}"
        command("qemu-img", "convert", "-O", "raw", "--image-opts", place, "base.raw", cwd=folder)
        # Whatever its journal still holds would be written over what debugfs writes. Status 1: it did hold something.
        command("e2fsck", "-f", "-p", "base.raw", cwd=folder, good=(0, 1))
        for start in ("vmlinuz-", "initrd.img-"):
            names = [line.split("/")[5] for line in self.debugfs("base.raw", "ls -p /boot").splitlines() if "/" in line]
            name = max(name for name in names if name.startswith(start))
            self.debugfs("base.raw", f"dump /boot/{name} {start.partition('-')[0]}")
        for name, text in (("trial", CRASH), ("trial.service", UNIT), ("trial.conf", WANTED), ("install", INSTALL)):
            (folder / name).write_text(text)
        command("debugfs", "-w", "-f", "install", "base.raw", cwd=folder)
        print("kdump-tools makes its initramfs", flush=True)
        why = self.crash(self.memory // 4, disk="base.raw", words=" kdump.prepare")
        if why != "it ended":
            sys.exit(f"Cannot prepare the machine: {why}.")

    def debugfs(self, disk: str, request: str) -> str:
        """Ask the file system on a disk, without mounting it."""
        return command("debugfs", "-R", request, disk, cwd=self.folder)

    def trial(self, size: int) -> Trial:
        """One crash with one reservation."""
        command("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "base.raw", "disk.qcow2", cwd=self.folder)
        began = time.monotonic()
        why = self.crash(size)
        outcome = self.saved() or f"no dump: {why}"
        trial = Trial(size, outcome == "ok", outcome, seconds=time.monotonic() - began)
        print(f"kdump-tools, {amount(self.memory)} RAM, crashkernel={amount(size)}: {outcome}", flush=True)
        return trial

    def crash(self, size: int, *, disk: str = "disk.qcow2", words: str = "") -> str:
        """Boot, crash, and wait until the machine has saved and wants to reboot."""
        accel, cpu = ACCELERATORS["tcg"]
        argv = [
            QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", MACHINE,
            "-accel", accel, "-cpu", cpu, "-m", f"{self.memory >> 20}M", "-smp", str(self.cpus), "-rtc", "base=utc",
            "-serial", "file:console.log", "-kernel", "vmlinuz", "-initrd", "initrd.img",
            "-append", f"{APPEND} crashkernel={size >> 10}K{words}",
            "-drive", f"id=disk,file={disk},format={disk.rpartition('.')[2]},if=none,cache=unsafe",
            "-device", "virtio-blk-pci,drive=disk",
        ]  # fmt: skip
        console = self.folder / "console.log"
        console.write_text("")
        why = self.run(argv, console)
        lines = console.read_text(errors="replace").splitlines()
        return next((mark.text for line in lines for mark in marks(line) if mark.kind == "memory"), why)

    def run(self, argv: list[str], console: pathlib.Path) -> str:
        """Run the machine until it ends, is dead, or says nothing any more; which of them."""
        lines, tail, end, silent = Lines(), Tail(str(console)), time.monotonic() + LIMIT, time.monotonic() + SILENCE
        with subprocess.Popen(argv, cwd=self.folder, stderr=subprocess.DEVNULL) as machine:
            try:
                while machine.poll() is None:
                    text = tail.read()
                    silent = time.monotonic() + SILENCE if text else silent
                    if any(mark.kind == "dead_end" for line in lines.feed(text) for mark in marks(line)):
                        return "its kernel gave up"
                    if time.monotonic() > min(end, silent):
                        return f"nothing more came from it, after {LIMIT - (end - time.monotonic()):.0f} seconds"
                    time.sleep(EVERY)
            finally:
                machine.kill()
        return "it ended" if machine.returncode == 0 else f"QEMU failed with status {machine.returncode}"

    def saved(self) -> str | None:
        """The verdict on the dump, None where there is none."""
        command("qemu-img", "convert", "-O", "raw", "disk.qcow2", "after.raw", cwd=self.folder)
        shutil.rmtree(self.folder / "crash", ignore_errors=True)
        self.debugfs("after.raw", "rdump /var/crash .")
        dumps = sorted((self.folder / "crash").glob("*/dump.*"))
        return str(examine(str(dumps[-1]))["verdict"]) if dumps else None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = pathlib.Path(default_cache(os.environ))
    images = sorted(cache.glob("images/*/kdump-tools.qcow2"), key=lambda path: path.stat().st_mtime)
    parser.add_argument("--image", type=pathlib.Path, default=images[-1] if images else None)
    parser.add_argument("--calibration", default=str(cache / "calibration.json"))
    parser.add_argument("--memory", default="1G")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--first", default="128M")
    given = parser.parse_args()
    if given.image is None:
        parser.error("there is no image with kdump-tools in the cache: run tests/benchmarks/capture_time.py first")
    return given


def main() -> int:
    given = arguments()
    memory = parse_size(given.memory, name="memory")
    for line in table.lines(table.read(given.calibration)):
        print(line)
    with tempfile.TemporaryDirectory(prefix="kdump-reservation-") as folder:
        machine = Debian(given.image.resolve(), pathlib.Path(folder), memory=memory, cpus=given.cpus)
        first = parse_size(given.first, name="first")
        bounds = Bounds(least=64 * MIB, most=512 * MIB, first=first, granularity=4 * MIB)
        outcome = search(machine.trial, bounds)
    found = amount(outcome.smallest) if outcome.smallest else "not known"
    print(f"kdump-tools, {amount(memory)} RAM, {given.cpus} CPUs: {found}, {len(outcome.trials)} trials")
    for remark in outcome.remarks:
        print(f"  {remark}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
