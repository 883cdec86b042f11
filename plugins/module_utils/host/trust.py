# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the running kernel trusts and what it demands of an image that kexec gives it: evidence, no judgement."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from .kernel_config import read_config
from .tree import Host, TooLargeError

_EFI: t.Final = "/sys/firmware/efi"
_VARIABLES: t.Final = f"{_EFI}/efivars"
SECURE_BOOT: t.Final = f"{_VARIABLES}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#: shim's list of keys that the next boot will ask about.
MOK_NEW: t.Final = f"{_VARIABLES}/MokNew-605dab50-e046-4300-abb6-3dd810dd8b23"
#: s390x: the boot was one of signed components only.
SECURE_IPL: t.Final = "/sys/firmware/ipl/secure"
KEYS: t.Final = "/proc/keys"
LOAD_LIMIT: t.Final = "/proc/sys/kernel/kexec_load_limit_panic"

#: What the kernel's configuration says about signatures of images, on any architecture.
SYMBOLS: t.Final = (
    "KEXEC_FILE", "KEXEC_SIG", "KEXEC_SIG_FORCE", "KEXEC_BZIMAGE_VERIFY_SIG", "KEXEC_IMAGE_VERIFY_SIG",
    "IMA_ARCH_POLICY", "SECURITY_LOCKDOWN_LSM", "LOCK_DOWN_IN_EFI_SECURE_BOOT", "LOCK_DOWN_KERNEL",
    "INTEGRITY_PLATFORM_KEYRING", "INTEGRITY_MACHINE_KEYRING",
)  # fmt: skip
#: The keyrings in which the kernel looks for the key of an image. /proc/keys does not say which holds which key.
KEYRINGS: t.Final = (".builtin_trusted_keys", ".secondary_trusted_keys", ".machine", ".platform")

#: A line of /proc/keys: number, flags, uses, expiry, permissions, user, group, then the type and what the type says.
_KEY_LINE = re.compile(
    r"^[0-9a-f]{8} [A-Z-]{7} +\d+ +\S+ [0-9a-f]{8} +\d+ +\d+ (?P<type>\S+) +(?P<text>.*)$", re.MULTILINE
)
_ASYMMETRIC = re.compile(r"(?P<name>.*): (?P<id>[0-9a-f]+): \S+ [0-9a-f]* \[.*\]")


@dataclass(frozen=True)
class Key:
    """A public key that the kernel holds, by the name and the identifier of its certificate."""

    name: str
    id: str


@dataclass(frozen=True)
class Trust:
    """Everything that decides which images the kernel takes. None stands for what cannot be told."""

    secure_boot: bool | None = None
    #: The symbols of `SYMBOLS` that are set.
    config: Mapping[str, str] | None = None
    keys: tuple[Key, ...] | None = None
    #: Those of `KEYRINGS` that there are.
    keyrings: tuple[str, ...] = ()
    #: A key waits for the next boot to be enrolled.
    enrolment_pending: bool = False
    #: How many more crash images may be loaded in this boot; None for any number.
    load_limit: int | None = None

    def document(self) -> dict[str, t.Any]:
        """The same as plain data."""
        return {
            "secure_boot": self.secure_boot,
            "config": None if self.config is None else dict(self.config),
            "keys": None if self.keys is None else [{"name": key.name, "id": key.id} for key in self.keys],
            "keyrings": list(self.keyrings),
            "enrolment_pending": self.enrolment_pending,
            "load_limit": self.load_limit,
        }


def read_trust(host: Host, *, release: str) -> Trust:
    """Look at firmware, configuration, keyrings and limits."""
    config, lines = _config(host, release), _key_lines(host)
    return Trust(
        secure_boot=_secure_boot(host),
        config=config,
        keys=None if lines is None else _asymmetric(lines),
        keyrings=tuple(name for name in KEYRINGS if any(_is_keyring(line, name) for line in lines or ())),
        enrolment_pending=host.exists(MOK_NEW),
        load_limit=host.number(LOAD_LIMIT),
    )


def _config(host: Host, release: str) -> Mapping[str, str] | None:
    config = read_config(host, release)
    return None if config is None else {name: config[name] for name in SYMBOLS if name in config}


def _secure_boot(host: Host) -> bool | None:
    """A variable of EFI is four bytes of attributes and its value; a machine without EFI has no Secure Boot."""
    ipl = host.number(SECURE_IPL)
    if ipl is not None:
        return ipl == 1
    if not host.exists(_EFI):
        return False
    value = host.read(SECURE_BOOT)
    return None if value is None else value[4:] == "\x01"


def _key_lines(host: Host) -> list[tuple[str, str]] | None:
    try:
        text = host.read(KEYS)
    except TooLargeError:
        return None
    return None if text is None else _KEY_LINE.findall(text)


def _asymmetric(lines: list[tuple[str, str]]) -> tuple[Key, ...]:
    # /proc/keys cuts the name of a type at nine letters.
    found = [_ASYMMETRIC.fullmatch(text) for kind, text in lines if kind == "asymmetri"]
    return tuple(Key(match["name"], match["id"]) for match in found if match)


def _is_keyring(line: tuple[str, str], name: str) -> bool:
    return line[0] == "keyring" and line[1].startswith(f"{name}:")
