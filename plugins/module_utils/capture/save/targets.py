# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where dumps go: an ordered list of targets, and the words of the kernel command line that tell the save script.

The words
---------

One local file system, found by its UUID, is three words, understood by every image::

    kdump.target=UUID=<uuid> kdump.fstype=<type> kdump.path=<folder inside that file system>

Everything else is one word a target, tried in their order, and needs an image that was built for these kinds::

    kdump.target=local,[<option>,...]UUID=<uuid>|LABEL=<label>,<type or "auto">,<folder inside that file system>
    kdump.target=raw,[<option>,...]PARTUUID=<partuuid>
    kdump.target=ssh,[<option>,...]<user>@<address>:<port>,<folder>
    kdump.target=nfs,[<option>,...]<version>,<address>:<port>,<export>,<folder inside the export>

with the options ``limit=<seconds>`` (until it is ready to be written to, instead of ``kdump.limit_target``) and
``retries=<n>`` (how often the whole target is tried again before the next one). A network target also needs::

    kdump.net=<mac>,dhcp
    kdump.net=<mac>,<address>/<prefix length>[,<gateway>]

Addresses are IPv4: names would need a resolver in the capture kernel, so whoever makes the words resolves them.

What ssh servers have to answer
-------------------------------

The client calls, for one file after the other, as the account's only permitted command::

    kdump-receive <id> <name> <folder>

``id`` is the dump's (``YYYYmmddTHHMMSSZ-<8 hex>``), ``name`` a plain file name (``dmesg.txt``, ``vmcore``,
``kdump.json``: ``[A-Za-z0-9][A-Za-z0-9._-]*``, at most 64 characters), ``folder`` a relative path below the account's
own folder, usually one name a host (``[A-Za-z0-9._@%+=:-]+`` between slashes, none of them ``.`` or ``..``).

Standard input is the file's bytes, then the trailer, then the end of the stream. The trailer is exactly the last
`TRAILER_BYTES` bytes: a newline, ``linux.kdump-end``, a blank, the sha256 of all bytes before the trailer in 64 lower
case hex digits, a newline. The receiver writes to ``<folder>/<id>/<name>.incomplete`` (folders 0700, files 0600), cuts
the trailer off, checks the digest, syncs, renames to ``<name>``, and only then answers on standard output with one
line and status 0::

    ok <bytes> <sha256>

A stream without a sound trailer leaves ``<name>.incomplete`` as it came and is answered, as every refusal is, with
a status that is not 0 and one line::

    error <space|incomplete|exists|refused|failed> <text for a person>

The text of ``exists`` begins with the bytes of the complete file that has this name already, in digits: a client whose
connection was lost before it heard of that counts it as stored.

``kdump.json`` alone may be sent again and takes the place of an older one. ``vmcore`` is a flattened stream of
makedumpfile (``makedumpfile -F``); the server keeps it as it is, and ``makedumpfile -R`` or ``vmcore_info`` read it.

What the client's image holds comes from the role ``dump_server``, entry point ``client``, which sets the host's fact
``kdump_dump_identity``: ``key`` (OpenSSH's private key, without a passphrase) and ``known_hosts`` are files on the
build host, ``host_keys`` the server's public keys as lines, ``user``, ``host``, ``port`` and ``folder`` the target's
own. A server on another port than 22 is ``[address]:port`` in ``known_hosts``, as OpenSSH wants it.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import KdumpError

KINDS: t.Final = ("local", "raw", "ssh", "nfs")
#: The kinds that need an interface.
NETWORK_KINDS: t.Final = ("ssh", "nfs")
FILESYSTEMS: t.Final = ("ext2", "ext3", "ext4", "xfs", "btrfs")
NFS_VERSIONS: t.Final = ("3", "4", "4.0", "4.1", "4.2")
SSH_PORT: t.Final = 22
NFS_PORT: t.Final = 2049
LONGEST_LIMIT: t.Final = 99999
MOST_RETRIES: t.Final = 99
#: More would not fit on a command line, and nobody would wait for them.
MOST_TARGETS: t.Final = 8

TRAILER_START: t.Final = "\nlinux.kdump-end "
TRAILER_BYTES: t.Final = len(TRAILER_START) + 64 + 1

#: COMMAND_LINE_SIZE of x86 less the closing NUL and what kexec puts before the line.
ROOM: t.Final = 2048 - 1 - 192

_CHARACTERS: t.Final = r"A-Za-z0-9._@%+=:-"
_SYNTAX: t.Final[Mapping[str, tuple[str, str]]] = {
    "uuid": (r"[0-9A-Fa-f-]+", "hexadecimal digits and dashes"),
    "partuuid": (r"[0-9A-Fa-f-]+", "hexadecimal digits and dashes"),
    "label": (rf"[{_CHARACTERS}]+", "letters, digits and any of ._@%+=:-"),
    "fstype": (r"[a-z0-9]+", "lower case letters and digits"),
    "user": (r"[a-z_][a-z0-9_.-]{0,31}", "a user name"),
    "export": (rf"(/[{_CHARACTERS}]+)+", "an absolute path of letters, digits and any of ._@%+=:-"),
    "folder": (rf"[{_CHARACTERS}]+(/[{_CHARACTERS}]+)*", "a relative path of letters, digits and any of ._@%+=:-"),
    "path": (rf"/|(/[,{_CHARACTERS}]+)+", "an absolute path of letters, digits and any of ._@%+=:,-"),
    "mac": (r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", "six pairs of lower case hexadecimal digits between colons"),
}
#: What each kind takes beside `kind`, `limit` and `retries`; those that must be given come first.
_OPTIONS: t.Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "local": (("path",), ("uuid", "label", "fstype")),
    "raw": (("partuuid",), ()),
    "ssh": (("host", "path"), ("port", "user")),
    "nfs": (("host", "export"), ("port", "version", "path")),
}


class TargetsError(KdumpError):
    """Targets that the save environment could not save to."""


@dataclass(frozen=True)
class Patience:
    """How long and how often one target is tried; None leaves it to the image."""

    limit: int | None = None
    retries: int | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What differs from the image's own."""
        values = {"limit": self.limit, "retries": self.retries}
        return tuple(f"{name}={value}" for name, value in values.items() if value is not None)


@dataclass(frozen=True)
class Local:
    """A folder in a file system on a disk of the host."""

    path: str
    uuid: str | None = None
    label: str | None = None
    fstype: str | None = None
    patience: Patience = Patience()
    kind: t.ClassVar[str] = "local"

    @property
    def fields(self) -> tuple[str, ...]:
        """The word's parts after kind and options."""
        place = f"UUID={self.uuid}" if self.uuid else f"LABEL={self.label}"
        return (place, self.fstype or "auto", self.path)


@dataclass(frozen=True)
class Raw:
    """A partition without a file system, which the host turns into files at its next boot."""

    partuuid: str
    patience: Patience = Patience()
    kind: t.ClassVar[str] = "raw"

    @property
    def fields(self) -> tuple[str, ...]:
        """The word's parts after kind and options."""
        return (f"PARTUUID={self.partuuid}",)


@dataclass(frozen=True)
class Ssh:
    """A folder of an account on a server that does nothing but receive dumps."""

    host: str
    path: str
    user: str = "kdump"
    port: int = SSH_PORT
    patience: Patience = Patience()
    kind: t.ClassVar[str] = "ssh"

    @property
    def fields(self) -> tuple[str, ...]:
        """The word's parts after kind and options."""
        return (f"{self.user}@{self.host}:{self.port}", self.path)


@dataclass(frozen=True)
class Nfs:
    """A folder in a server's NFS export."""

    host: str
    export: str
    path: str = "/"
    version: str = "4"
    port: int = NFS_PORT
    patience: Patience = Patience()
    kind: t.ClassVar[str] = "nfs"

    @property
    def fields(self) -> tuple[str, ...]:
        """The word's parts after kind and options."""
        return (self.version, f"{self.host}:{self.port}", self.export, self.path)


Target = t.Union[Local, Raw, Ssh, Nfs]


@dataclass(frozen=True)
class Network:
    """The interface that network targets are reached by; without an address it asks by DHCP."""

    mac: str
    #: With its prefix length: 192.0.2.7/24.
    address: str | None = None
    gateway: str | None = None

    @property
    def word(self) -> str:
        """Its word of the command line."""
        fields = (self.address, *([self.gateway] if self.gateway else [])) if self.address else ("dhcp",)
        return f"kdump.net={','.join((self.mac, *fields))}"


def parse(entries: Sequence[Mapping[str, t.Any]]) -> tuple[Target, ...]:
    """Targets from options, in order. An option that is None is not given."""
    if not entries:
        raise TargetsError("Cannot use a list of targets that is empty. Name at least one.")
    if len(entries) > MOST_TARGETS:
        raise TargetsError(f"Cannot use {len(entries)} targets: at most {MOST_TARGETS} are tried. Drop some.")
    targets = tuple(_target(entry, f"target {number}") for number, entry in enumerate(entries, start=1))
    for number, target in enumerate(targets, start=1):
        if target in targets[: number - 1]:
            raise TargetsError(f"Cannot use target {number}: it is the same as one before it. Drop it or set retries.")
    return targets


def network(mac: str, *, address: str | None = None, gateway: str | None = None) -> Network:
    """A checked interface."""
    lower = mac.lower()
    _match("mac", lower, "mac", "the network")
    if address is None:
        if gateway is not None:
            raise TargetsError("Cannot use a gateway without an address: DHCP brings its own. Give both or neither.")
        return Network(lower)
    try:
        interface = ipaddress.IPv4Interface(address)
    except ValueError:
        raise TargetsError(
            f"Cannot use address {address[:60]!r} for the network: it is not an IPv4 address with its prefix length. "
            "Write it as 192.0.2.7/24."
        ) from None
    if "/" not in address:
        raise TargetsError(f"Cannot use address {address!r} for the network: its prefix length is missing. Add it.")
    if gateway is not None:
        _ipv4(gateway, "the network's gateway")
    return Network(lower, interface.with_prefixlen, gateway)


def words(targets: Sequence[Target], network: Network | None = None, *, room: int = ROOM) -> tuple[str, ...]:
    """The words of the command line, in today's form of three for one local file system that is found by its UUID."""
    if len(targets) == 1 and _is_plain(targets[0]):
        found = _plain_words(t.cast("Local", targets[0]))
    else:
        found = tuple(
            f"kdump.target={','.join((target.kind, *target.patience.words, *target.fields))}" for target in targets
        )
    found += _network_words(targets, network)
    size = len(" ".join(found))
    if size > room:
        raise TargetsError(
            f"Cannot pass {len(targets)} targets to the capture kernel: they take {size} bytes of its command line, "
            f"which has room for {room}. Drop some or shorten their paths."
        )
    return found


def kinds(targets: Sequence[Target]) -> tuple[str, ...]:
    """The kinds that an image for these targets must be built for; none where every image will do."""
    if len(targets) == 1 and _is_plain(targets[0]):
        return ()
    wanted = {target.kind for target in targets}
    return tuple(kind for kind in KINDS if kind in wanted)


def uses_network(targets: Sequence[Target]) -> bool:
    """Whether any of them is reached by a network."""
    return any(target.kind in NETWORK_KINDS for target in targets)


def described(target: Target) -> str:
    """One name for a person, and for the record."""
    return ":".join((target.kind, ",".join(target.fields)))


def _is_plain(target: Target) -> bool:
    return isinstance(target, Local) and target.uuid is not None and not target.patience.words


def _plain_words(target: Local) -> tuple[str, ...]:
    values = {"target": f"UUID={target.uuid}", "fstype": target.fstype, "path": target.path}
    return tuple(f"kdump.{name}={value}" for name, value in values.items() if value is not None)


def _network_words(targets: Sequence[Target], network: Network | None) -> tuple[str, ...]:
    if not uses_network(targets):
        return ()
    if network is None:
        kind = next(target.kind for target in targets if target.kind in NETWORK_KINDS)
        raise TargetsError(f"Cannot use a target of kind {kind}: no network is given. Say by which interface it is.")
    return (network.word,)


def _target(entry: Mapping[str, t.Any], what: str) -> Target:
    given = {name: value for name, value in entry.items() if value is not None}
    kind = given.pop("kind", None)
    if kind not in KINDS:
        raise TargetsError(f"Cannot use {what}: its kind {kind!r} is none of {', '.join(KINDS)}")
    what = f"{what} ({kind})"
    patience = Patience(
        _number(given.pop("limit", None), "limit", what, most=LONGEST_LIMIT),
        _number(given.pop("retries", None), "retries", what, most=MOST_RETRIES, least=0),
    )
    required, optional = _OPTIONS[kind]
    missing = [name for name in required if name not in given]
    if missing:
        raise TargetsError(f"Cannot use {what}: {missing[0]} is missing. Give it.")
    foreign = sorted(set(given) - set(required) - set(optional))
    if foreign:
        raise TargetsError(f"Cannot use {what}: it has no {foreign[0]}. Take that out.")
    return _MAKERS[kind](given, what, patience)


def _local(given: Mapping[str, t.Any], what: str, patience: Patience) -> Local:
    if ("uuid" in given) == ("label" in given):
        raise TargetsError(f"Cannot use {what}: its file system is named by either uuid or label. Give one of them.")
    if given.get("fstype") not in (None, *FILESYSTEMS):
        raise TargetsError(
            f"Cannot use {what}: fstype {given['fstype']!r} is none of {', '.join(FILESYSTEMS)}. Choose another place."
        )
    texts = {name: _match(name, given[name], name, what) for name in ("uuid", "label", "fstype") if name in given}
    return Local(_plain_path(given["path"], what), **texts, patience=patience)


def _raw(given: Mapping[str, t.Any], what: str, patience: Patience) -> Raw:
    return Raw(_match("partuuid", given["partuuid"], "partuuid", what).lower(), patience)


def _ssh(given: Mapping[str, t.Any], what: str, patience: Patience) -> Ssh:
    folder = _match("folder", given["path"], "path", what)
    _no_dots(folder, what)
    user = _match("user", given.get("user", "kdump"), "user", what)
    port = _number(given.get("port", SSH_PORT), "port", what, most=65535) or SSH_PORT
    return Ssh(_ipv4(given["host"], what), folder, user, port, patience)


def _nfs(given: Mapping[str, t.Any], what: str, patience: Patience) -> Nfs:
    version = str(given.get("version", "4"))
    if version not in NFS_VERSIONS:
        raise TargetsError(f"Cannot use {what}: NFS version {version[:20]!r} is none of {', '.join(NFS_VERSIONS)}")
    export = _match("export", given["export"], "export", what)
    _no_dots(export, what)
    port = _number(given.get("port", NFS_PORT), "port", what, most=65535) or NFS_PORT
    return Nfs(_ipv4(given["host"], what), export, _plain_path(given.get("path", "/"), what), version, port, patience)


_MAKERS: t.Final[Mapping[str, t.Callable[[Mapping[str, t.Any], str, Patience], Target]]] = {
    "local": _local, "raw": _raw, "ssh": _ssh, "nfs": _nfs,
}  # fmt: skip


def _match(syntax: str, value: object, name: str, what: str) -> str:
    pattern, words = _SYNTAX[syntax]
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise TargetsError(f"Cannot use {what}: {name} {str(value)[:60]!r} is not {words}")
    return value


def _plain_path(value: object, what: str) -> str:
    path = _match("path", value, "path", what)
    _no_dots(path, what)
    return path


def _no_dots(path: str, what: str) -> None:
    if {".", ".."} & set(path.split("/")):
        raise TargetsError(f"Cannot use {what}: the path {path[:60]!r} holds . or .. as a folder. Write it plainly.")


def _ipv4(value: object, what: str) -> str:
    try:
        return str(ipaddress.IPv4Address(str(value)))
    except ValueError:
        raise TargetsError(
            f"Cannot use {what}: {str(value)[:60]!r} is not an IPv4 address, and the capture kernel resolves no names. "
            "Give the address."
        ) from None


def _number(value: object, name: str, what: str, *, most: int, least: int = 1) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise TargetsError(f"Cannot use {what}: {name} {str(value)[:20]!r} is not a number from {least} to {most}")
    return value
