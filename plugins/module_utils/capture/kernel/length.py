# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a bzImage as long as the memory that it starts in.

On i386, kexec-tools sets aside as much memory for a bzImage as its file is long, which is less than the kernel unpacks
itself to, and puts what comes next right behind it: since 2.0.25 a seed for random numbers, in the kernel's list of
setup data. The kernel unpacks itself over that, then reads lengths and addresses from its own code there, takes most
of its memory for reserved, and panics before it has a console. Nothing but the length of the file says how much memory
it needs. On x86_64, kexec-tools asks the image's header.
"""

from __future__ import annotations

import os
import struct
import typing as t

from ...errors import KdumpError

#: Where the header says it (Documentation/x86/boot.rst).
_SECTORS_AT: t.Final = 0x1F1
_MAGIC_AT: t.Final = 0x202
_MAGIC: t.Final = b"HdrS"
_PROTOCOL_AT: t.Final = 0x206
_MEMORY_AT: t.Final = 0x260
_HEADER_END: t.Final = 0x264
#: The first protocol that tells how much memory the kernel starts in, Linux 2.6.35.
_PROTOCOL: t.Final = 0x20A
_SECTOR: t.Final = 512
#: More than any kernel takes: a header that says more is none.
_LONGEST: t.Final = 1 << 30


class LengthError(KdumpError):
    """The image does not say how much memory it starts in."""


def full_length(header: bytes) -> int:
    """Bytes that the file must have so that its part for protected mode is as long as the memory it starts in."""
    if len(header) < _HEADER_END or header[_MAGIC_AT : _MAGIC_AT + 4] != _MAGIC:
        raise LengthError("Cannot use the kernel: it is no bzImage. Look at what the build made.")
    (protocol,) = struct.unpack_from("<H", header, _PROTOCOL_AT)
    (memory,) = struct.unpack_from("<I", header, _MEMORY_AT)
    if protocol < _PROTOCOL or not 0 < memory <= _LONGEST:
        raise LengthError("Cannot use the kernel: it does not say how much memory it starts in. Use a newer source.")
    # No sectors stand for 4, as in the oldest kernels; the boot sector comes on top.
    return ((header[_SECTORS_AT] or 4) + 1) * _SECTOR + t.cast("int", memory)


def lengthen(path: str) -> None:
    """Add zeros to the image at ``path`` up to its full length; a longer one is left as it is."""
    with open(path, "r+b") as stream:
        wanted = full_length(stream.read(_HEADER_END))
        if os.fstat(stream.fileno()).st_size < wanted:
            stream.truncate(wanted)
