# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One client of a dump server: its line in authorized_keys, its NFS export, its folder."""

from __future__ import annotations

import contextlib
import glob
import ipaddress
import os
import pwd
import re
import stat
import typing as t
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from ..errors import KdumpError
from ..files import read_text, write_atomic
from ..lab.sizes import parse_size
from ..lab.waiting import SystemClock, locked
from .public_key import OLD_KINDS, PublicKey, parse_key, public_half

HOST_KEYS: t.Final = "/etc/ssh/ssh_host_*_key.pub"
_PUBLIC: t.Final = ".pub"
_LOCK_LIMIT: t.Final = 60
_MODE: t.Final = 0o700
_EXPORTS: t.Final = ("linux-kdump-", ".exports")

#: One part of a folder's path; no comma, no quote and no blank, since it goes into authorized_keys and exports. The
#: receiver has the same rule, which a unit test compares.
_PART = re.compile(r"[A-Za-z0-9._@%+=:-]{1,128}")
_RESERVED: t.Final = (".", "..", ".lock")
_MOST_PARTS: t.Final = 8
_PATH = re.compile(r"(/[A-Za-z0-9._@%+=:-]+)+")
_LINE = re.compile(r'.*command="(?P<settings>[^"]*)" (?P<key>\S+ \S+)')


@dataclass(frozen=True)
class Place:
    """Where the server keeps things."""

    root: str
    owner: str
    authorized_keys: str
    exports: str


@dataclass(frozen=True)
class Desired:
    """What is asked for: a client, or that there is none."""

    name: str
    present: bool
    place: Place
    folder: str
    key: PublicKey | None
    addresses: tuple[str, ...]
    largest: int
    quota: int
    floor: int
    nfs: bool

    @property
    def path(self) -> str:
        """The client's folder."""
        return os.path.join(self.place.root, self.folder)

    @property
    def paths(self) -> tuple[str, ...]:
        """The folders on the way to it, and itself."""
        parts = self.folder.split("/")
        return tuple(os.path.join(self.place.root, *parts[:number]) for number in range(1, len(parts) + 1))

    @property
    def exports_file(self) -> str:
        """A file of its own, so that clients come and go without a look at each other."""
        return os.path.join(self.place.exports, self.name.join(_EXPORTS))

    @property
    def settings(self) -> str:
        """What the receiver is told about the client."""
        return (
            f"root={self.place.root} client={self.name} folder={self.folder}"
            f" largest={self.largest} quota={self.quota} floor={self.floor}"
        )


@dataclass(frozen=True)
class Folder:
    """A folder on the way to a client's dumps, or that with them."""

    path: str
    owner: str
    mode: int


@dataclass(frozen=True)
class Files:
    """The files that are about clients, as they are or as they are to be; None where there is none."""

    authorized_keys: str | None
    exports: str | None
    #: The folders that other clients have by NFS, with their names.
    others: tuple[tuple[str, str], ...]
    #: Those that are there, the client's own last.
    folders: tuple[Folder, ...]

    def shown(self) -> dict[str, t.Any]:
        """The form that a diff shows."""
        folders = [f"{folder.path} {folder.owner} {folder.mode:04o}" for folder in self.folders]
        return {"authorized_keys": self.authorized_keys, "exports": self.exports, "folders": folders}


def desired(options: Mapping[str, t.Any]) -> Desired:
    """The checked options."""
    name = options["name"]
    folder = options["folder"] or name
    if not _PART.fullmatch(name) or name in _RESERVED:
        raise KdumpError(
            f"Cannot use {name[:60]!r} as a client's name. Write letters, digits and any of ._@%+=:- only."
        )
    parts = folder.split("/")
    if len(parts) > _MOST_PARTS or not all(_PART.fullmatch(part) and part not in _RESERVED for part in parts):
        raise KdumpError(
            f"Cannot use {folder[:60]!r} as a client's folder: it is no relative path of at most {_MOST_PARTS} parts of"
            " letters, digits and any of ._@%+=:-"
        )
    wanted = Desired(
        name=name,
        present=options["state"] == "present",
        place=Place(_root(options["root"]), options["owner"], options["authorized_keys"], options["exports"]),
        folder=folder,
        key=parse_key(options["public_key"], f"the key of {name}") if options["public_key"] else None,
        addresses=tuple(_address(address) for address in options["addresses"]),
        largest=parse_size(options["largest"], name="largest"),
        quota=parse_size(options["quota"], name="quota"),
        floor=parse_size(options["floor"], name="floor"),
        nfs=options["nfs"],
    )
    if wanted.nfs and not wanted.addresses:
        raise KdumpError(f"Cannot export a folder to {name}: nothing says from where it comes. Give its addresses.")
    return wanted


def _root(text: str) -> str:
    """The folder itself, since the receiver goes by no symbolic link."""
    if not _PATH.fullmatch(text):
        raise KdumpError(f"Cannot use {text[:60]!r} as the folder for dumps. Write a plain absolute path.")
    path = os.path.realpath(text)
    if not _PATH.fullmatch(path):
        raise KdumpError(
            f"Cannot use {text[:60]!r} as the folder for dumps: it is {path[:60]!r}, and that is no plain path. Use"
            " another one."
        )
    return path


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text))
    except ValueError as error:
        raise KdumpError(
            f"Cannot let a client in from {text[:60]!r}: {error}. Give an address, or a network as 192.0.2.0/24."
        ) from error


def authorized_line(wanted: Desired, key: PublicKey) -> str:
    """The client's line: nothing but the receiver, with its settings, from its addresses."""
    origin = f'from="{",".join(wanted.addresses)}",' if wanted.addresses else ""
    return f'restrict,{origin}command="{wanted.settings}" {key.line} {wanted.name}'


def export_text(wanted: Desired, *, uid: int, gid: int) -> str:
    """The client's exports file. Whoever writes is the account, and a write is on the disk when it is answered."""
    options = f"rw,sync,no_subtree_check,all_squash,anonuid={uid},anongid={gid}"
    return f"{wanted.path} {' '.join(f'{address}({options})' for address in wanted.addresses)}\n"


def current(wanted: Desired) -> Files:
    """The files as they are."""
    found = tuple(_folder(path, wanted.place.owner) for path in wanted.paths if os.path.isdir(path))
    return Files(read_text(wanted.place.authorized_keys), read_text(wanted.exports_file), _exported(wanted), found)


def _exported(wanted: Desired) -> tuple[tuple[str, str], ...]:
    """What other clients are given by NFS, by the names of their files; each is one line that begins with the path."""
    start, end = _EXPORTS
    paths = sorted(glob.glob(os.path.join(glob.escape(wanted.place.exports), f"{start}*{end}")))
    return tuple(
        (os.path.basename(path)[len(start) : -len(end)], (read_text(path) or "").partition(" ")[0])
        for path in paths
        if path != wanted.exports_file
    )


def _folder(path: str, account: str) -> Folder:
    status = os.stat(path)
    try:
        mine = pwd.getpwnam(account).pw_uid == status.st_uid
    except KeyError:
        mine = False
    return Folder(path, account if mine else str(status.st_uid), stat.S_IMODE(status.st_mode))


def plan(wanted: Desired, now: Files) -> Files:
    """The files as they are to be; a client's dumps stay, whatever becomes of the client."""
    lines = (now.authorized_keys or "").splitlines()
    others = [line for line in lines if _settings(line).get("client") != wanted.name]
    if not wanted.present:
        return Files(_text(others) if now.authorized_keys is not None else None, None, now.others, now.folders)
    _check_folder(wanted, now, others)
    _check_way(wanted)
    _check_key(wanted, others)
    mine = [authorized_line(wanted, wanted.key)] if wanted.key else []
    exports = None
    if wanted.nfs:
        account = _account(wanted.place.owner)
        exports = export_text(wanted, uid=account.pw_uid, gid=account.pw_gid)
    # in its old place, so that nothing changes where nothing has changed
    index = next((number for number, line in enumerate(lines) if line not in others), len(others))
    folders = tuple(Folder(path, wanted.place.owner, _MODE) for path in wanted.paths)
    return Files(_text([*others[:index], *mine, *others[index:]]), exports, now.others, folders)


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _settings(line: str) -> dict[str, str]:
    """The settings in a line of authorized_keys, none where it is not ours."""
    found = _LINE.fullmatch(line.rpartition(" ")[0])
    if not found:
        return {}
    words = dict(word.partition("=")[::2] for word in found["settings"].split(" "))
    return {**words, "key": found["key"]}


def _check_folder(wanted: Desired, now: Files, lines: Sequence[str]) -> None:
    """Whatever others have by ssh or by NFS."""
    told = (other for other in map(_settings, lines) if other.get("folder"))
    granted = [(other.get("client", "?"), os.path.join(other.get("root", "/"), other["folder"])) for other in told]
    for client, there in (*granted, *now.others):
        path = os.path.realpath(there) if there else ""
        if path and (f"{path}/".startswith(f"{wanted.path}/") or f"{wanted.path}/".startswith(f"{path}/")):
            raise KdumpError(
                f"Cannot give {wanted.name} the folder {wanted.folder}: {client} has {path}, and one client must not"
                " reach another's dumps. Choose another folder."
            )


def _check_way(wanted: Desired) -> None:
    """The receiver would enter nothing else, and neither shall what is done as root."""
    for path in wanted.paths:
        if os.path.islink(path) or (os.path.lexists(path) and not os.path.isdir(path)):
            raise KdumpError(
                f"Cannot give {wanted.name} the folder {wanted.folder}: {path} is there and is no folder of its own."
                " Choose another folder, or put a folder in its place."
            )


def _check_key(wanted: Desired, lines: Sequence[str]) -> None:
    for other in map(_settings, lines):
        if wanted.key and other.get("key") == wanted.key.line:
            raise KdumpError(
                f"Cannot let {wanted.name} in with the key {wanted.key.fingerprint}: it is that of"
                f" {other.get('client')}. Make a key for each client."
            )


def _account(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError as error:
        raise KdumpError(
            f"Cannot register a client: there is no account {name}. Run the role linux.kdump.dump_server first."
        ) from error


def apply(wanted: Desired, now: Files, then: Files) -> None:
    """Make the files as they are to be; the folder comes first, the way in last."""
    for folder in then.folders:
        if folder not in now.folders:
            _have_folder(folder, _account(wanted.place.owner), whole=folder.path == wanted.path)
    if then.exports != now.exports:
        if then.exports is None:
            os.unlink(wanted.exports_file)
        else:
            write_atomic(wanted.exports_file, then.exports)
    if then.authorized_keys is not None and then.authorized_keys != now.authorized_keys:
        # sshd reads it as the account
        write_atomic(wanted.place.authorized_keys, then.authorized_keys, mode=0o644)


def _have_folder(folder: Folder, account: pwd.struct_passwd, *, whole: bool) -> None:
    """One folder, the account's; ``whole`` with all that is in it, which the receiver has to count and to add to."""
    if not os.path.isdir(folder.path):
        os.mkdir(folder.path, folder.mode)
    elif whole and os.stat(folder.path).st_uid != account.pw_uid:
        for _path, names, files, handle in os.fwalk(folder.path, topdown=False, follow_symlinks=False):
            for name in (*names, *files):
                os.chown(name, account.pw_uid, account.pw_gid, dir_fd=handle, follow_symlinks=False)
    # last, so that what was interrupted is done again
    os.chown(folder.path, account.pw_uid, account.pw_gid)
    os.chmod(folder.path, folder.mode)


def produce(options: Mapping[str, t.Any], *, check: bool) -> dict[str, t.Any]:
    """The whole work of the module."""
    wanted = desired(options)
    # before anybody is let in, and in nobody's way who goes
    keys = host_keys(options["host_keys"]) if wanted.present else []
    if not check:
        _check_host_keys(wanted, keys, options["host_keys"])
    with _alone(wanted, check=check):
        now = current(wanted)
        then = plan(wanted, now)
        if then != now and not check:
            apply(wanted, now, then)
    changed = then != now
    return {
        "changed": changed,
        "exports_changed": then.exports != now.exports,
        "path": wanted.path,
        "folder": wanted.folder,
        "fingerprint": wanted.key.fingerprint if wanted.key else None,
        "host_keys": keys,
        "diff": {"before": now.shown() if changed else {}, "after": then.shown() if changed else {}},
    }


def _alone(wanted: Desired, *, check: bool) -> contextlib.AbstractContextManager[None]:
    """Plays register many hosts side by side, all of them in one file."""
    folder = os.path.dirname(wanted.place.authorized_keys)
    if check or not os.path.isdir(folder):
        return contextlib.nullcontext()
    what = f"register the client {wanted.name}"
    return locked(os.path.join(folder, ".lock"), what=what, seconds=_LOCK_LIMIT, clock=SystemClock())


def host_keys(pattern: str) -> list[str]:
    """The server's own public keys, as its files have them, the strongest first; none of a kind that is out of use."""
    lines = {path: read_text(path) or "" for path in sorted(glob.glob(pattern))}
    lines.update(_halves(pattern, lines))
    keys = [parse_key(line, path) for path, line in lines.items() if line.split(" ")[0] not in OLD_KINDS]
    return [key.line for key in sorted(keys, key=lambda key: key.kind != "ssh-ed25519")]


def _halves(pattern: str, found: Container[str]) -> dict[str, str]:
    """Public keys of those that have no file of it: sshd needs the private one only, and some hosts get no other."""
    if not pattern.endswith(_PUBLIC):
        return {}
    paths = sorted(path for path in glob.glob(pattern[: -len(_PUBLIC)]) if f"{path}{_PUBLIC}" not in found)
    halves = {path: public_half(read_text(path) or "") for path in paths}
    return {path: half for path, half in halves.items() if half}


def _check_host_keys(wanted: Desired, found: Sequence[str], pattern: str) -> None:
    if wanted.present and wanted.key and not found:
        raise KdumpError(
            f"Cannot let {wanted.name} in by ssh: {pattern} has no key of the server that it could pin. Make one with"
            " ssh-keygen -A on the server."
        )
