# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accelerator a guest gets. That /dev/kvm exists and opens proves nothing: only a booting kernel does."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import typing as t
from dataclasses import replace

from ..command import CommandRunner
from ..errors import KdumpError
from ..files import canonical_json, read_text, write_atomic
from .argv import disk_name
from .machine import Machine
from .spec import GuestSpec
from .state import GuestPaths, LabPaths
from .waiting import Clock, poll

#: What the canary's console must show, and for how many seconds it is waited for. The kernel's first line would say
#: little: where KVM hangs guests, it does so on an instruction that comes later.
USER_SPACE: t.Final = "systemd[1]: "
CANARY_LIMIT: t.Final = 20
_DEVICE: t.Final = "/dev/kvm"
_BOOT_ID: t.Final = "/proc/sys/kernel/random/boot_id"


def choose(spec: GuestSpec, *, lab: LabPaths, runner: CommandRunner, clock: Clock) -> str:
    """C(tcg) or C(kvm), or an error when KVM was insisted on and does not work."""
    if spec.accel == "tcg":
        return "tcg"
    works = os.access(_DEVICE, os.R_OK | os.W_OK) and kvm_works(spec, lab=lab, runner=runner, clock=clock)
    if spec.accel == "kvm" and not works:
        raise KdumpError(
            f"Cannot use KVM for the guest {spec.name}: no kernel boots under it on this machine within"
            f" {CANARY_LIMIT} seconds. Set accel to tcg or auto."
        )
    return "kvm" if works else "tcg"


def kvm_works(spec: GuestSpec, *, lab: LabPaths, runner: CommandRunner, clock: Clock) -> bool:
    """The canary's verdict, asked once for each boot of this machine."""
    path = os.path.join(lab.root, "accel.json")
    boot_id = (read_text(_BOOT_ID) or "").strip()
    try:
        known = json.loads(read_text(path) or "null")
    except ValueError:
        known = None
    if isinstance(known, dict) and known.get("boot_id") == boot_id and isinstance(known.get("kvm"), bool):
        return bool(known["kvm"])
    try:
        works = canary(spec, lab=lab, runner=runner, clock=clock)
    except KdumpError:  # it never ran, for whatever reason: nothing has been learnt that would hold tomorrow
        return False
    write_atomic(path, canonical_json({"boot_id": boot_id, "kvm": works}))
    return works


def canary(spec: GuestSpec, *, lab: LabPaths, runner: CommandRunner, clock: Clock) -> bool:
    """True if the image comes as far as its first process under KVM; an error where it cannot even be started."""
    root = tempfile.mkdtemp(dir=lab.root, prefix=".canary.")
    paths = GuestPaths(root, lab.key)
    machine = Machine(paths, runner, clock)
    small = replace(spec, name="canary", memory=256 << 20, cpus=1, disks=(), port=None, extra_args=(), cpu=None)
    try:
        for name in ("hostname", "host_key", "authorized_keys"):
            write_atomic(paths.at(name), "-\n")
        overlay = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", spec.image, disk_name(0)]
        runner.run(overlay, what="make the canary's disk", timeout=60, cwd=root)
        machine.start(small, accel="kvm", boot=1, lifetime=CANARY_LIMIT + 60)

        def look() -> bool | None:
            return USER_SPACE in (read_text(paths.console(1)) or "") or None

        return poll(look, seconds=CANARY_LIMIT, clock=clock) is not None
    finally:
        machine.kill()
        shutil.rmtree(root, ignore_errors=True)
