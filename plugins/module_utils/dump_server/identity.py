# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's save environment needs to send dumps by ssh: a key of its own, and the server's key, pinned.

Both are files on the build host, from where they go into the image. The server's key is what the server itself was
read to have, through Ansible; it is never asked for over the network that the dumps take.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..command import CommandRunner
from ..errors import KdumpError
from ..files import read_text, write_atomic
from ..lab.keys import make_key
from .public_key import PublicKey, parse_key

_LIMIT: t.Final = 30
_SSH_PORT: t.Final = 22


@dataclass(frozen=True)
class Desired:
    """What is asked for."""

    path: str
    comment: str
    known_hosts: str | None
    names: tuple[str, ...]
    host_keys: tuple[PublicKey, ...]
    accept_changed: bool


@dataclass(frozen=True)
class Current:
    """What is there."""

    key: PublicKey | None
    mode: int | None
    known_hosts: str | None


@dataclass(frozen=True)
class Plan:
    """What is to be done; None leaves a file as it is."""

    make_key: bool
    set_mode: bool
    known_hosts: str | None

    @property
    def changed(self) -> bool:
        return self.make_key or self.set_mode or self.known_hosts is not None


def desired(options: Mapping[str, t.Any]) -> Desired:
    """The checked options."""
    path = os.path.abspath(options["path"])
    keys = tuple(parse_key(line, "the server's key") for line in options["host_keys"])
    if bool(keys) != bool(options["host_names"]):
        raise KdumpError("Cannot pin the server's key: host_names and host_keys go together. Give both or neither.")
    for name in options["host_names"]:
        if not name or set(name) & set(" \t\r\n,[]#|*?!"):
            raise KdumpError(f"Cannot pin the key of {name!r}: that is neither a name nor an address. Write one.")
    known_hosts = os.path.abspath(options["known_hosts"]) if options["known_hosts"] else f"{path}.known_hosts"
    return Desired(
        path=path,
        comment=options["comment"] or "linux.kdump",
        known_hosts=known_hosts if keys else None,
        names=tuple(known_name(name, options["port"]) for name in options["host_names"]),
        host_keys=keys,
        accept_changed=options["accept_changed"],
    )


def known_name(name: str, port: int) -> str:
    """How a known_hosts file calls a server."""
    return name if port == _SSH_PORT else f"[{name}]:{port}"


def current(wanted: Desired, *, runner: CommandRunner) -> Current:
    """The files as they are; a key that asks for a passphrase is of no use where nobody can type one."""
    text = read_text(wanted.known_hosts) if wanted.known_hosts else None
    try:
        mode = os.stat(wanted.path).st_mode & 0o7777
    except FileNotFoundError:
        return Current(None, None, text)
    argv = ["ssh-keygen", "-y", "-P", "", "-f", wanted.path]
    done = runner.run(argv, what=f"read the ssh key {wanted.path}", timeout=_LIMIT, check=False)
    # it refuses a key that others may read, which is about to be mended
    if done.rc != 0 and mode & 0o077 and "too open" in done.err:
        return Current(None, mode, text)
    if done.rc != 0:
        words = (done.err.strip() or "it said nothing").splitlines()[-1]
        raise KdumpError(
            f"Cannot use the ssh key {wanted.path}: {words}. It must be a private key without a passphrase;"
            " move it away and a new one is made."
        )
    return Current(parse_key(done.out, f"the ssh key {wanted.path}"), mode, text)


def plan(wanted: Desired, now: Current) -> Plan:
    """The steps from what is there to what is asked for."""
    return Plan(
        make_key=now.mode is None,
        set_mode=now.mode is not None and now.mode != 0o600,
        known_hosts=_pinned(wanted, now.known_hosts or ""),
    )


def apply(wanted: Desired, steps: Plan, *, runner: CommandRunner) -> None:
    """Do the steps."""
    os.makedirs(os.path.dirname(wanted.path), mode=0o700, exist_ok=True)
    if steps.make_key:
        make_key(wanted.path, comment=wanted.comment, runner=runner)
    if steps.set_mode:
        os.chmod(wanted.path, 0o600)
    if steps.known_hosts is not None and wanted.known_hosts:
        os.makedirs(os.path.dirname(wanted.known_hosts), mode=0o700, exist_ok=True)
        write_atomic(wanted.known_hosts, steps.known_hosts, mode=0o600)


def _pinned(wanted: Desired, text: str) -> str | None:
    """The known_hosts file with the server's keys in it, or None where it has them."""
    if not wanted.known_hosts:
        return None
    if not wanted.accept_changed:
        _refuse_changed(wanted, text)
    ours = [f"{name} {key.line}" for name in wanted.names for key in wanted.host_keys]
    others = [line for line in text.splitlines() if line.split(" ")[0] not in wanted.names]
    new = "".join(f"{line}\n" for line in [*others, *ours])
    return new if sorted(new.splitlines()) != sorted(text.splitlines()) else None


def _refuse_changed(wanted: Desired, text: str) -> None:
    for line in text.splitlines():
        name, _blank, rest = line.partition(" ")
        if name not in wanted.names:
            continue
        pinned = parse_key(rest, f"{wanted.known_hosts}, line {line[:40]!r}")
        if pinned in wanted.host_keys:
            continue
        found = next((key for key in wanted.host_keys if key.kind == pinned.kind), wanted.host_keys[0])
        raise KdumpError(
            f"Cannot pin the key of {name}: the server now has {found.fingerprint} ({found.kind}), and"
            f" {wanted.known_hosts} says {pinned.fingerprint} ({pinned.kind}). If the server was made anew on purpose,"
            " run once with accept_changed; images with the old key have to be built and loaded again.",
            pinned=pinned.fingerprint, found=found.fingerprint,
        )  # fmt: skip


def _shown(key: PublicKey | None, known_hosts: str | None, mode: int | None) -> dict[str, t.Any]:
    return {
        "public_key": key.line if key else None,
        "mode": f"{mode:04o}" if mode is not None else None,
        "known_hosts": known_hosts,
    }


def produce(options: Mapping[str, t.Any], *, runner: CommandRunner, check: bool) -> dict[str, t.Any]:
    """The whole work of the module."""
    wanted = desired(options)
    before = current(wanted, runner=runner)
    steps = plan(wanted, before)
    after = before
    if steps.changed and not check:
        apply(wanted, steps, runner=runner)
        after = current(wanted, runner=runner)
    text = steps.known_hosts if steps.known_hosts is not None else before.known_hosts
    diff = {"before": _shown(before.key, before.known_hosts, before.mode), "after": _shown(after.key, text, 0o600)}
    return {
        "changed": steps.changed,
        "path": wanted.path,
        "public_key": after.key.line if after.key else None,
        "fingerprint": after.key.fingerprint if after.key else None,
        "known_hosts": wanted.known_hosts,
        "host_fingerprints": fingerprints(wanted.host_keys),
        "diff": diff if steps.changed else {"before": {}, "after": {}},
    }


def fingerprints(keys: Sequence[PublicKey]) -> list[str]:
    """Fingerprints in the keys' order."""
    return [key.fingerprint for key in keys]
