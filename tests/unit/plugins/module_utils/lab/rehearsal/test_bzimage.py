# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting a kernel without a boot loader."""

from __future__ import annotations

import struct

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.lab.rehearsal import bzimage
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.rehearsal import images

MIB = 1 << 20


def test_an_image_is_taken_apart() -> None:
    found = bzimage.read(images.bzimage(code=b"code" * 10))
    assert (found.code, found.init_size, found.alignment, found.longest_line) == (b"code" * 10, 8 * MIB, 2 * MIB, 2047)
    assert found.header[0x202 - 0x1F1 :][:4] == b"HdrS"
    assert len(found.header) == 0x202 + 0x6A - 0x1F1


def test_no_number_of_sectors_means_four() -> None:
    data = bytearray(images.bzimage(sectors=4, code=b"x"))
    data[0x1F1] = 0
    assert bzimage.read(bytes(data)).code == b"x"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is no bzImage"), (b"\x7fELF" + bytes(4096), "it is no bzImage"),
        (images.bzimage(protocol=0x209), "too old or not relocatable"),
        (images.bzimage(relocatable=0), "too old or not relocatable"), (images.bzimage(code=b""), "header is damaged"),
        (images.bzimage(alignment=0), "header is damaged"), (images.bzimage()[:1500], "header is damaged"),
    ],
)  # fmt: skip
def test_other_files_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(bzimage.ImageError, match=words):
        bzimage.read(data)


def test_the_parameters_are_where_the_protocol_says() -> None:
    image = bzimage.read(images.bzimage())
    usable = ((0, 0x9FC00), (0x10000000, 0x11000000))
    page = bzimage.parameters(image, kernel=0x10000000, line=0x10FF0000, initramfs=(0x10E00000, 4321), usable=usable)
    assert len(page) == 4096
    assert page[0x202:0x206] == b"HdrS"
    assert struct.unpack_from("<III", page, 0x214) == (0x10000000, 0x10E00000, 4321)
    assert struct.unpack_from("<I", page, 0x228) == (0x10FF0000,)
    assert page[0x1E8] == 2
    assert list(struct.iter_unpack("<QQI", page[0x2D0 : 0x2D0 + 40])) == [
        (0, 0x9FC00, 1), (0x10000000, 0x1000000, 1),
    ]  # fmt: skip


def test_more_memory_than_fits_is_refused() -> None:
    with pytest.raises(bzimage.ImageError, match="129 pieces"):
        bzimage.parameters(bzimage.read(images.bzimage()), kernel=0, line=0, initramfs=(0, 0), usable=[(0, 1)] * 129)


def test_the_stub_is_a_multiboot_image_that_jumps_to_the_kernel() -> None:
    data = bzimage.stub(entry=0x12345678, parameters=0x0ABCD000)
    magic, flags, checksum, header_at, load_at, load_end, bss_end, entry = struct.unpack_from("<8I", data)
    assert (magic, flags) == (0x1BADB002, 0x10000)
    assert (magic + flags + checksum) & 0xFFFFFFFF == 0
    assert header_at == load_at == bzimage.STUB_ADDRESS
    assert (load_end, bss_end) == (0, 0)
    code = data[entry - load_at :]
    assert code.startswith(b"\xfa\xfc\x0f\x01\x15")
    # the far jump leads to the instruction behind it
    jump = code.index(b"\xea")
    (target, selector) = struct.unpack_from("<IH", code, jump + 1)
    assert (target - entry, selector) == (jump + 7, 0x10)
    assert code[jump + 7 :].startswith(b"\x66\xb8\x18\x00")
    assert b"\xbe\x00\xd0\xbc\x0a\xb8\x78\x56\x34\x12\xff\xe0" in code
    # the descriptor table is where the stub says
    (descriptor,) = struct.unpack_from("<I", code, 5)
    limit, table = struct.unpack_from("<HI", data, descriptor - load_at)
    rows = struct.unpack_from("<4Q", data, table - load_at)
    assert limit == 31
    assert rows[2:] == (0x00CF9A000000FFFF, 0x00CF92000000FFFF)
