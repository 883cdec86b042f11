# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what a host is like as JSON: every file, setting, unit and package that a deployment could have changed.

    python3 snapshot.py > before.json

It is run on the host, as root, and writes nothing there.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import typing as t
from collections.abc import Iterator

#: Everything below these; what belongs to packages alone, as /usr/bin does, is told by the list of packages.
ROOTS: t.Final = (
    "/boot", "/etc", "/opt", "/root", "/srv", "/usr/lib/linux-kdump", "/usr/lib/kernel", "/usr/lib/sysctl.d",
    "/usr/lib/systemd/system", "/usr/local", "/var",
)  # fmt: skip
#: What every boot and every run of Ansible changes; the books of APT and dpkg, for which the list of packages stands.
SKIPPED: t.Final = ("/var/cache", "/var/log", "/var/tmp", "/var/lib/apt", "/var/lib/dpkg", "/root/.ansible")
#: What the kernel says of its reservation.
KERNEL: t.Final = ("/proc/cmdline", "/sys/kernel/kexec_crash_loaded", "/sys/kernel/kexec_crash_size")
SETTINGS: t.Final = ("/proc/sys/kernel", "/proc/sys/vm")


def files() -> Iterator[tuple[str, str]]:
    """Each path with its kind, mode and owner, and the digest of its content or the place that it links to."""
    for root in ROOTS:
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if os.path.join(folder, name) not in SKIPPED)
            yield folder, described(folder)
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            for path in (os.path.join(folder, name) for name in (*links, *names)):
                yield path, described(path)


def described(path: str) -> str:
    """One line that is another as soon as anything about the file is."""
    status = os.lstat(path)
    line = f"{stat.filemode(status.st_mode)} {status.st_uid}:{status.st_gid}"
    if stat.S_ISLNK(status.st_mode):
        return f"{line} -> {os.readlink(path)}"
    return f"{line} {digest(path)}" if stat.S_ISREG(status.st_mode) else line


def digest(path: str) -> str:
    """The start of the sha256 of a file."""
    with open(path, "rb") as stream:
        found = hashlib.sha256()
        while block := stream.read(1 << 20):
            found.update(block)
    return found.hexdigest()[:32]


def settings() -> Iterator[tuple[str, str]]:
    """Each sysctl that can be read."""
    for root in SETTINGS:
        for folder, _folders, names in os.walk(root):
            for path in (os.path.join(folder, name) for name in names):
                try:
                    with open(path, encoding="utf-8", errors="replace") as stream:
                        yield path, stream.read().strip()
                except OSError:
                    continue


def lines(*argv: str) -> dict[str, str]:
    """A command's output, line by line, each known by its first word."""
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    pairs = (line.strip().partition(" ") for line in done.stdout.splitlines() if line.strip())
    return {name: " ".join(rest.split()) for name, _blank, rest in pairs}


def content(path: str) -> str:
    """A small file of the kernel's."""
    with open(path, encoding="utf-8") as stream:
        return stream.read().strip()


def snapshot() -> dict[str, dict[str, str]]:
    """All of it."""
    return {
        "files": dict(files()),
        "settings": dict(settings()),
        "units": lines("systemctl", "list-unit-files", "--no-legend", "--no-pager", "--plain"),
        "packages": lines(
            "dpkg-query", "--show", "--showformat", "${binary:Package} ${Version} ${db:Status-Status}\\n"
        ),
        "kernel": {path: content(path) for path in KERNEL},
    }


if __name__ == "__main__":
    json.dump(snapshot(), sys.stdout, sort_keys=True)
