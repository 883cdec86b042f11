# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real dumps of the guests, made once and kept: a guest boots and dies, its capture kernel saves it in every format."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import tempfile
import typing as t
import uuid
from dataclasses import asdict, dataclass

from ansible_collections.linux.kdump.tests.vmcores import guests, initramfs, machines, packages
from ansible_collections.linux.kdump.tests.vmcores.guests import DUMPS, Guest
from ansible_collections.linux.kdump.tests.vmcores.machines import GuestError

#: Room for the dumps beside the memory itself: the kernel and the filtered ones.
_DISK_SLACK_MIB: t.Final = 768
_FEATURES: t.Final = "^has_journal,^metadata_csum,^64bit"


@dataclass(frozen=True)
class Crashed:
    """What is left of a guest."""

    guest: Guest
    folder: pathlib.Path

    @property
    def nonce(self) -> str:
        return self.live("nonce", folder="")

    def live(self, name: str, *, folder: str = "live") -> str:
        """What the guest's kernel said of itself while it lived."""
        return (self.folder / folder / name).read_text(errors="surrogateescape").strip()

    def dump(self, name: str) -> pathlib.Path:
        return self.folder / name


def cache() -> pathlib.Path:
    """Where dumps are kept; the same place as everything else that this collection keeps."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("KDUMP_CACHE") or pathlib.Path(base) / "linux-kdump") / "vmcores"


def digest(guest: Guest) -> str:
    """What the dumps depend on: the guest, and the code that makes them."""
    code = [pathlib.Path(module.__file__ or "").read_text() for module in (guests, initramfs, machines, packages)]
    # One guest's dumps do not depend on the table of the others.
    code[0] = repr((DUMPS, guests.HYPERVISOR_DUMPS, guest.readings, guest.modules))
    document = json.dumps([asdict(guest), code, pathlib.Path(__file__).read_text()], sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()[:16]


def crash(guest: Guest) -> Crashed:
    """The dumps of a guest, from the cache or from a crash."""
    folder = cache() / f"{guest.name}-{digest(guest)}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            _fill(folder, guest)
        except GuestError:
            # On a busy machine an emulated one may miss a deadline of its kernel's; twice would be something else.
            _fill(folder, guest)
    return Crashed(guest, folder)


def _fill(folder: pathlib.Path, guest: Guest) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{guest.name}-", dir=folder.parent) as scratch:
        result = _make(guest, pathlib.Path(scratch))
        _forget_older(guest)
        result.rename(folder)


def _forget_older(guest: Guest) -> None:
    """Dumps by earlier versions of the code are of no use to this one."""
    for old in cache().glob(f"{guest.name}-{'[0-9a-f]' * 16}"):
        shutil.rmtree(old, ignore_errors=True)


def _make(guest: Guest, scratch: pathlib.Path) -> pathlib.Path:
    root = packages.unpacked(architecture=guest.architecture, kernel=guest.kernel)
    inputs, result = scratch / "inputs", scratch / "result"
    inputs.mkdir()
    (inputs / "initramfs").write_bytes(initramfs.build(guest, root))
    (kernel,) = root.glob("boot/vmlinu[xz]-*")
    shutil.copy(kernel, inputs / "kernel")
    (inputs / "nonce").write_text(uuid.uuid4().hex)
    disk = scratch / "disk"
    _make_disk(disk, inputs, guest.memory_mib + _DISK_SLACK_MIB)
    result.mkdir()
    console = machines.run(guest, scratch)
    _read_disk(disk, result, guest.dumps)
    (result / "console").write_text(console)
    shutil.copy(root / "sbin/vmcore-dmesg", result / "vmcore-dmesg")
    if missing := [name for name in (*guest.dumps, *guest.readings) if not (result / name).exists()]:
        raise GuestError(f"The guest {guest.name} did not save {missing}. The end of its console:\n{console[-3000:]}")
    return result


def _make_disk(disk: pathlib.Path, inputs: pathlib.Path, mib: int) -> None:
    argv = ["mke2fs", "-q", "-t", "ext4", "-O", _FEATURES, "-b", "4096", "-d", str(inputs), str(disk), f"{mib}M"]
    packages.RUNNER.run(argv, what="make the guest's disk", timeout=120)


def _read_disk(disk: pathlib.Path, result: pathlib.Path, dumps: t.Iterable[str]) -> None:
    """Everything on the disk, without mounting it: that would take root."""
    argv = ["debugfs", "-R", f"rdump / {result}", str(disk)]
    packages.RUNNER.run(argv, what="read the guest's disk", timeout=120)
    for name in dumps:
        if (result / name).exists():
            # QEMU makes them read-only.
            (result / name).chmod(0o600)
            argv = ["fallocate", "--dig-holes", str(result / name)]
            packages.RUNNER.run(argv, what="give back what holds only zeros", timeout=120)
    for name in ("kernel", "initramfs"):
        (result / name).unlink()
    shutil.rmtree(result / "lost+found", ignore_errors=True)
