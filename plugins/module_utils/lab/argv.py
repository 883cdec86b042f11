# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU's command line, as data."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .network import netdev_argv
from .recipe import CREDENTIAL_AUTHORIZED, CREDENTIAL_HOST_KEY, CREDENTIAL_HOSTNAME, CREDENTIAL_NETWORKS
from .spec import GuestSpec

QEMU: t.Final = "qemu-system-x86_64"

#: Without system management mode: with it, everything runs two to three times slower under TCG (QEMU 7.2) after the
#: guest's first reboot, its clocks included.
MACHINE: t.Final = "q35,smm=off"

#: Accelerator and processor by kind; under TCG one thread a virtual processor, and no emulated SVM: the guest would
#: load KVM modules that nobody uses. What was translated before a reboot is thrown away page by page as the next kernel
#: writes there, which took firmware and boot loader from 4 up to 40 seconds (QEMU 7.2); a small buffer is soon
#: emptied as a whole instead.
ACCELERATORS: t.Final = {
    "tcg": ("tcg,thread=multi,tb-size=96", "qemu64,-svm"),
    "kvm": ("kvm", "host"),
}

#: UEFI as Debian packages it: the program, which all guests share, and the variables, of which each guest has its own.
OVMF: t.Final = ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd")
VARIABLES: t.Final = "efivars.fd"

#: Which file in a guest's folder becomes which of systemd's credentials.
CREDENTIALS: t.Final = {
    CREDENTIAL_HOSTNAME: "hostname",
    CREDENTIAL_HOST_KEY: "host_key",
    CREDENTIAL_AUTHORIZED: "authorized_keys",
    CREDENTIAL_NETWORKS: "networks",
}

#: What QEMU says when a forwarded port is taken.
PORT_TAKEN: t.Final = "Could not set up host forwarding rule"


@dataclass(frozen=True)
class Launch:
    """The part of a command line that differs from start to start."""

    accel: str
    console: str
    port: int
    lab: str = ""


def disk_name(number: int) -> str:
    """The file of a guest's disk: 0 is the one it boots from."""
    return "disk.qcow2" if number == 0 else f"disk-{number}.qcow2"


def credentials(spec: GuestSpec) -> dict[str, str]:
    """The credentials of a guest; one that was made before there were networks has no file of them."""
    return {name: file for name, file in CREDENTIALS.items() if spec.networks or name != CREDENTIAL_NETWORKS}


def drive(number: int) -> list[str]:
    """One disk. Lab disks need not survive the build host's power cut, so their flushes are not waited for.

    A write that fails is reported to the guest: by default QEMU stops a guest when this machine's disk is full.
    """
    device = f"virtio-blk-pci,drive=disk{number},serial=lab{number}"
    options = "format=qcow2,if=none,cache=unsafe,discard=unmap,werror=report"
    return [
        "-drive", f"id=disk{number},file={disk_name(number)},{options}",
        "-device", device + (",bootindex=0" if number == 0 else ""),
    ]  # fmt: skip


def firmware(kind: str) -> list[str]:
    """The firmware, where it is not the BIOS that QEMU brings along."""
    if kind != "efi":
        return []
    return [
        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF[0]}",
        "-drive", f"if=pflash,unit=1,format=raw,file={VARIABLES}",
    ]  # fmt: skip


def qemu_argv(spec: GuestSpec, launch: Launch) -> list[str]:
    """The command line of a guest; its file names are relative to the guest's folder.

    Port 0 lets the kernel choose a free one at the moment of binding, so that nobody can take it in between.
    """
    accel, cpu = ACCELERATORS[launch.accel]
    argv = [
        QEMU, "-name", spec.name, "-nodefaults", "-no-user-config", "-machine", MACHINE, "-display", "none",
        "-accel", accel, "-cpu", spec.cpu or cpu, "-m", f"{spec.memory >> 20}M", "-smp", str(spec.cpus),
        "-rtc", "base=utc", "-device", "virtio-rng-pci", "-device", "vmcoreinfo",
        "-qmp", "unix:qmp.sock,server=on,wait=off",
        "-serial", f"file:{launch.console}",
        "-netdev", f"user,id=net0,hostfwd=tcp:127.0.0.1:{launch.port}-:22",
        "-device", "virtio-net-pci,netdev=net0,romfile=",
    ]  # fmt: skip
    argv += firmware(spec.firmware)
    argv += netdev_argv(spec.name, spec.networks, lab=launch.lab)
    for number in range(len(spec.disks) + 1):
        argv += drive(number)
    for credential, name in credentials(spec).items():
        argv += ["-fw_cfg", f"name=opt/io.systemd.credentials/{credential},file={name}"]
    return argv + list(spec.extra_args)


def detached(argv: list[str], *, lifetime: int) -> list[str]:
    """The same command in a session of its own, ended by timeout(1) when its life-time is over.

    The process number in qemu.pid is that of timeout(1), which leads the process group that QEMU is in.
    """
    script = 'exec </dev/null >qemu.log 2>&1; echo $$ >qemu.pid; exec timeout --kill-after=30 "$@"'
    return ["setsid", "--fork", "sh", "-c", script, "sh", str(lifetime), *argv]
