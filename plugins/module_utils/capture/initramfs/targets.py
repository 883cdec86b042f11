# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of dump target adds to the image."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ..save import network, target_list, target_nfs, target_raw, target_ssh, target_stream
from ..save.targets import KINDS, NETWORK_KINDS
from . import content, newc, ssh_key, tools

SSH_CLIENT: t.Final = "/usr/bin/dbclient"


def kinds(
    wanted: Sequence[str], *, key: str | None = None, known_hosts: str | None = None, client: str = SSH_CLIENT
) -> content.Addition:
    """The parts for these kinds; none for one local file system, which every image can save to."""
    if "ssh" not in wanted and (key or known_hosts):
        raise content.ContentError("Cannot use an ssh key without targets of kind ssh. Add ssh to targets.")
    if not wanted:
        return content.Addition()
    parts = [target_list.LIST]
    applets: list[str] = []
    if {"raw", "ssh"} & set(wanted):
        parts.append(target_stream.STREAM)
        applets += target_stream.APPLETS
    if set(NETWORK_KINDS) & set(wanted):
        parts.append(network.NETWORK)
        applets += network.APPLETS
    ours = {"raw": target_raw.RAW, "ssh": target_ssh.SSH, "nfs": target_nfs.NFS}
    more = {"raw": target_raw.APPLETS, "ssh": target_ssh.APPLETS}
    parts += [ours[kind] for kind in KINDS if kind in wanted and kind in ours]
    applets += [applet for kind in KINDS if kind in wanted for applet in more.get(kind, ())]
    ssh = _ssh(key, known_hosts, client) if "ssh" in wanted else content.Addition()
    return content.Addition(
        parts=tuple(parts),
        streams=bool({"raw", "ssh"} & set(wanted)),
        applets=tuple(applets),
        programs=ssh.programs,
        members=(*_dhcp(wanted), *ssh.members),
        facts={"targets": [kind for kind in KINDS if kind in wanted], **ssh.facts},
        secret=ssh.secret,
    )


def _dhcp(wanted: Sequence[str]) -> tuple[newc.Member, ...]:
    if not set(NETWORK_KINDS) & set(wanted):
        return ()
    return (newc.regular(network.DHCP_PATH, network.DHCP.encode(), permissions=0o755),)


def _ssh(key: str | None, known_hosts: str | None, client: str) -> content.Addition:
    if not key or not known_hosts:
        missing = "ssh_known_hosts" if key else "ssh_key"
        raise content.ContentError(f"Cannot save to targets of kind ssh: {missing} is not given. Give both files.")
    pinned = ssh_key.known_hosts(_text(known_hosts), path=known_hosts)
    private = ssh_key.private_key(_text(key), path=key)
    return content.Addition(
        programs=(content.Program(target_ssh.CLIENT_PATH, client),),
        members=(
            newc.regular(target_ssh.KEY_PATH, private, permissions=0o600),
            newc.regular(target_ssh.KNOWN_HOSTS_PATH, pinned.encode(), permissions=0o600),
        ),
        facts={"ssh_client": tools.ssh_client(client), "ssh_key": ssh_key.fingerprint(private)},
        secret=True,
    )


def _text(path: str) -> str:
    return content.contents(path).decode("utf-8", "replace")
