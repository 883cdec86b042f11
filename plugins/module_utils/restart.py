# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebooting a host once for one purpose: the command that does it, and what its answer means."""

from __future__ import annotations

import shlex
import typing as t

from .errors import KdumpError
from .host.paths import KERNEL_REBOOT_NOTE, REBOOT_NOTE
from .kexec.state import BOOT_ID

#: Where the last purpose of each subject is noted: a new reservation is no reason to reboot for a kernel again.
NOTES: t.Final = {"crashkernel": REBOOT_NOTE, "kernel": KERNEL_REBOOT_NOTE}

OPTIONS: t.Final[dict[str, dict[str, t.Any]]] = {
    "purpose": {"type": "str", "required": True},
    "subject": {"type": "str", "choices": list(NOTES), "default": "crashkernel"},
    "timeout": {"type": "int", "default": 600},
}

#: What the command answers where the host has been rebooted for this purpose already.
_REFUSED: t.Final = 3

#: shutdown(8) returns at once where it only tells systemd; the reply may still be lost, and following shows the rest.
#: The note names the boot in which it was written, since a host that never went down may be told again.
_SCRIPT = """note={note}
boot=$(cat {boot_id})
if test "$(tail -n +2 $note 2>/dev/null)" = {purpose} && test "$(head -n 1 $note)" != "$boot"; then exit {refused}; fi
umask 077
printf '%s\\n' "$boot" {purpose} >$note.new && mv $note.new $note && sync || exit 1
exec shutdown -r now"""


def command(purpose: str, subject: str) -> str:
    """The shell command that notes the purpose and reboots, or refuses."""
    places = {"note": shlex.quote(NOTES[subject]), "boot_id": shlex.quote(BOOT_ID)}
    return _SCRIPT.format(**places, purpose=shlex.quote(purpose), refused=_REFUSED)


def check_answer(rc: int, text: str, *, host: str, purpose: str, subject: str) -> None:
    """Raise where the host did not even try; a status from a connection that broke off is not such a case."""
    if rc == _REFUSED:
        raise KdumpError(
            f"Cannot reboot {host} for {purpose}: it was rebooted for it already and did not get it. Find out which"
            f" boot entry it takes and what its log says, then remove {NOTES[subject]} on it"
        )
    if rc not in (0, 255):
        raise KdumpError(
            f"Cannot reboot {host} for {purpose}: {text.strip() or f'status {rc}'}. Reboot it by hand", rc=rc
        )
