# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the running kernel would refuse an image, and why: told from evidence, before anything is loaded.

Follows the checks of kexec_load(2) and kexec_file_load(2), Linux 5.4 to 6.12. Where evidence is missing, nothing is
claimed.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..host.tree import Host
from ..host.trust import Key, Trust, read_trust
from ..signing.image import ImageSignatures, Signature, read_signatures

LOCKED: t.Final = ("integrity", "confidentiality")

#: The setting without which a kernel of this machine cannot verify any image; powerpc leaves it to IMA.
_VERIFIERS: t.Final = {
    "x86_64": "KEXEC_BZIMAGE_VERIFY_SIG", "aarch64": "KEXEC_IMAGE_VERIFY_SIG",
}  # fmt: skip
#: The form of signature that the kernel of each machine looks for.
_FORMS: t.Final = {"x86_64": "pe", "aarch64": "pe", "s390x": "appended", "ppc64le": "appended"}

_SIGN: t.Final = (
    "Sign it when it is built (kernel_build with sign, or kdump_kernel_sign of the role capture_kernel) and have this "
    "host trust the certificate: mokutil --import <certificate in DER form>, then reboot and confirm on the console"
)


@dataclass(frozen=True)
class Reason:
    """Why an image would be refused: what about it, the kernel's rule, and the way out."""

    id: str
    what: str
    why: str
    cure: str

    def __str__(self) -> str:
        return f"{self.what}, and {self.why}. {self.cure}."


@dataclass(frozen=True)
class Gate:
    """What stands between an image and the memory reserved for it."""

    machine: str
    trust: Trust
    lockdown: str | None

    @property
    def locked(self) -> bool:
        """The kernel is locked down."""
        return self.lockdown in LOCKED

    def _set(self, symbol: str) -> bool | None:
        config = self.trust.config
        return None if config is None else config.get(symbol) == "y"

    @property
    def enforces(self) -> bool:
        """An image without a valid signature is refused, locked down or not."""
        forced = self._set("KEXEC_SIG_FORCE")
        arch_policy = self._set("KEXEC_SIG") and self._set("IMA_ARCH_POLICY") and self.trust.secure_boot
        return bool(forced or arch_policy)

    @property
    def verifies(self) -> bool | None:
        """It looks at signatures at all. Without this, a locked down kernel takes any image by kexec_file_load."""
        return self._set("KEXEC_SIG")

    @property
    def can_load_files(self) -> bool | None:
        """It has kexec_file_load at all."""
        return self._set("KEXEC_FILE")

    @property
    def can_verify(self) -> bool | None:
        """It could find a signature to be good."""
        symbol = _VERIFIERS.get(self.machine)
        return True if symbol is None else self._set(symbol)

    @property
    def why(self) -> str:
        """The rule, in words."""
        if self.locked:
            cause = "by Secure Boot" if self.trust.secure_boot else "by its command line or its configuration"
            return f"the running kernel is locked down ({self.lockdown}, {cause})"
        return "the running kernel takes signed images only" + (
            " (CONFIG_KEXEC_SIG_FORCE)" if self._set("KEXEC_SIG_FORCE") else " (Secure Boot and CONFIG_IMA_ARCH_POLICY)"
        )


def read_gate(host: Host, lockdown: str | None) -> Gate:
    """The running kernel's own gate."""
    system = os.uname()
    return Gate(system.machine, read_trust(host, release=system.release), lockdown)


def find_refusal(
    gate: Gate, kernel: str, offered: ImageSignatures | None, *, host: Host, syscalls: Sequence[str], later: bool
) -> Reason | None:  # fmt: skip
    """Why the image of the host's file ``kernel``, or the one that is offered in its place, would be refused."""
    image = offered
    if image is None and (gate.locked or gate.enforces) and host.exists(kernel):
        image = read_signatures(host.path(kernel))
    return would_refuse(gate, image, syscalls=syscalls, later=later)


def would_refuse(
    gate: Gate, image: ImageSignatures | None, *, syscalls: Sequence[str] = ("kexec_file_load",), later: bool = False
) -> Reason | None:
    """Why all of the ``syscalls`` would be refused, or None where one may work.

    ``image`` is None for one that nobody has looked at. ``later``: it is to be loaded after the next boot, which may
    bring a key that waits to be enrolled.
    """
    if gate.trust.load_limit == 0 and not later:
        return _used_up()
    judges: dict[str, Callable[[], Reason | None]] = {
        "kexec_file_load": lambda: _file_load(gate, image, later=later),
        "kexec_load": lambda: _plain_load(gate),
    }
    found = [judges[name]() for name in syscalls]
    return found[0] if found and all(found) else None


def _used_up() -> Reason:
    return Reason(
        "load-limit",
        "nothing can be loaded any more in this boot",
        "kernel.kexec_load_limit_panic is 0 until the next one",
        "Set it to 1 or more in sysctl.d, or install with state=enabled, and reboot",
    )


def _plain_load(gate: Gate) -> Reason | None:
    if not gate.locked:
        return None
    return Reason(
        "kexec-load",
        "the image is to be loaded with kexec_load, which no signature helps",
        gate.why,
        "Use syscall=kexec_file_load with a signed kernel",
    )


def _missing(gate: Gate) -> Reason:
    return Reason(
        "no-file-load",
        "the running kernel has no kexec_file_load, since it was built without CONFIG_KEXEC_FILE",
        gate.why if gate.locked else "no other call is to be used",
        "Boot a kernel that was built with it" if gate.locked else "Use syscall=auto or syscall=kexec_load",
    )


def _file_load(gate: Gate, image: ImageSignatures | None, *, later: bool) -> Reason | None:
    if gate.can_load_files is False:
        return _missing(gate)
    if not (gate.locked or gate.enforces) or not gate.verifies:
        return None
    if gate.machine == "s390x" and not gate.trust.secure_boot:
        return None  # signatures are looked at after a secure boot only
    if gate.can_verify is False:
        return Reason(
            "cannot-verify",
            f"no image passes: the running kernel was built without CONFIG_{_VERIFIERS[gate.machine]}",
            gate.why,
            "Boot a kernel of the distribution that has it, or turn Secure Boot and lockdown off",
        )
    return None if image is None else _of_image(gate, image, later=later)


def _of_image(gate: Gate, image: ImageSignatures, *, later: bool) -> Reason | None:
    form = _FORMS.get(gate.machine)
    usable = [signature for signature in image.signatures if form in (None, signature.form)]
    if not usable:
        return _unsigned(gate, image)
    if all(signature.intact is False for signature in usable):
        return Reason(
            "changed", "the capture kernel was changed after it was signed", gate.why, "Build and sign it anew"
        )
    keys = gate.trust.keys
    if keys is None or any(_is_trusted(signature, keys) for signature in usable):
        return None
    if later and gate.trust.enrolment_pending:
        return None
    return _unknown(gate, next(signature for signature in usable if signature.intact is not False))


def _unsigned(gate: Gate, image: ImageSignatures) -> Reason:
    what = "the capture kernel is not signed"
    if _FORMS.get(gate.machine) == "pe" and not image.pe:
        what += " and cannot be, since it was built without an EFI stub"
    return Reason("unsigned", what, gate.why, _SIGN)


def _unknown(gate: Gate, signature: Signature) -> Reason:
    keyrings = ", ".join(gate.trust.keyrings) or "its keyrings"
    return Reason(
        "untrusted",
        f"the capture kernel is signed by {signature.subject}, whose key ({signature.key_ids[0]}) "
        f"is in none of {keyrings}",
        gate.why,
        "Have this host trust the certificate (mokutil --import <certificate in DER form>, then reboot and confirm on "
        "the console), or sign it with a key that the host trusts",
    )


def _is_trusted(signature: Signature, keys: Sequence[Key]) -> bool:
    """Also where the signature names its maker by issuer only, which /proc/keys does not tell."""
    if signature.intact is False:
        return False
    known = {key.id for key in keys}
    return not signature.key_ids or any(identifier in known for identifier in signature.key_ids)


def image_from_document(document: Mapping[str, t.Any] | None) -> ImageSignatures | None:
    """The signatures that the controller has read from the file it offers."""
    if document is None:
        return None
    return ImageSignatures(document["pe"], tuple(Signature.from_document(each) for each in document["signatures"]))
