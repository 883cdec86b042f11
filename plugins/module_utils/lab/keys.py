# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh keys of a lab: one for who comes in, one for each guest to be known by."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence

from ..command import CommandRunner
from ..errors import KdumpError
from ..files import read_text, write_atomic
from .network import seed_text
from .state import GuestPaths, LabPaths
from .waiting import Clock, locked

_LIMIT = 30


def make_key(path: str, *, comment: str, runner: CommandRunner) -> None:
    """A new key pair at ``path``, whole or not at all: the private half comes last."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path), prefix=".key.") as work:
        new = os.path.join(work, "key")
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", new]
        runner.run(argv, what="make an ssh key", timeout=_LIMIT)
        os.replace(f"{new}.pub", f"{path}.pub")
        os.replace(new, path)


def public_half(path: str) -> str:
    """The public line of a key."""
    text = read_text(f"{path}.pub")
    if not text or len(text.split()) < 2:
        raise KdumpError(f"Cannot use the ssh key {path}: its public half is missing. Remove both and run again.")
    return text.strip()


def ensure_lab_key(lab: LabPaths, *, runner: CommandRunner, clock: Clock) -> None:
    """The lab's own key, made once however many guests start at the same time."""
    os.makedirs(lab.root, mode=0o700, exist_ok=True)
    with locked(lab.lock("keys"), what="make the lab's ssh key", seconds=_LIMIT, clock=clock):
        if not os.path.exists(lab.key):
            make_key(lab.key, comment="linux.kdump lab", runner=runner)


def seed_guest(paths: GuestPaths, *, networks: Sequence[str], runner: CommandRunner) -> None:
    """The files a guest learns its identity from, and the known_hosts file that pins it."""
    host_key = paths.at("host_key")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(host_key)
    make_key(host_key, comment=paths.name, runner=runner)
    kind, key = public_half(host_key).split()[:2]
    write_atomic(paths.known_hosts, f"{paths.name} {kind} {key}\n", mode=0o600)
    write_atomic(paths.at("hostname"), f"{paths.name}\n", mode=0o600)
    write_atomic(paths.at("authorized_keys"), public_half(paths.key) + "\n", mode=0o600)
    write_atomic(paths.at("networks"), seed_text(paths.name, networks), mode=0o600)
