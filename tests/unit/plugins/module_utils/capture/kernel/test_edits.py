# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of an unpacked kernel source: whole or not at all, and nothing but what they are about."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import edits

#: As in Linux 6.1, so far as it is looked at.
LAYOUT = """\
#if defined(CONFIG_X86_64)
#define X86_ALIGN_RODATA_BEGIN\t. = ALIGN(HPAGE_SIZE);

#define X86_ALIGN_RODATA_END\t\t\t\t\t\\
\t\t. = ALIGN(HPAGE_SIZE);\t\t\t\t\\
\t\t__end_rodata_hpage_align = .;\t\t\t\\
\t\t__end_rodata_aligned = .;

#define ALIGN_ENTRY_TEXT_BEGIN\t. = ALIGN(PMD_SIZE);
#define ALIGN_ENTRY_TEXT_END\t. = ALIGN(PMD_SIZE);

#define BSS_DECRYPTED\t\t\t\t\t\t\\
\t. = ALIGN(PMD_SIZE);\t\t\t\t\t\\
\t__start_bss_decrypted = .;

#else

#define X86_ALIGN_RODATA_BEGIN
#define X86_ALIGN_RODATA_END\t\t\t\t\t\\
\t\t. = ALIGN(PAGE_SIZE);\t\t\t\t\\
\t\t__end_rodata_aligned = .;

#define ALIGN_ENTRY_TEXT_BEGIN
#define ALIGN_ENTRY_TEXT_END
#endif
"""
SECTIONS = """\
# ifdef CONFIG_X86_PAE
#  define SECTION_SIZE_BITS\t29
# endif
# define SECTION_SIZE_BITS\t27 /* matt - 128 is convenient right now */
# define MAX_PHYSMEM_BITS\t(pgtable_l5_enabled() ? 52 : 46)
"""


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    for edit, text in ((edits.DENSE_IMAGE, LAYOUT), (edits.SMALL_SECTIONS, SECTIONS)):
        path = tmp_path / edit.path
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path


def test_both_are_made(root: pathlib.Path) -> None:
    assert edits.apply(str(root), edits.EDITS["x86_64"]) == ["dense_image", "small_sections"]
    expected = LAYOUT.replace("HPAGE_SIZE", "PAGE_SIZE").replace(
        "ENTRY_TEXT_BEGIN\t. = ALIGN(PMD", "ENTRY_TEXT_BEGIN\t. = ALIGN(PAGE"
    )
    expected = expected.replace("ENTRY_TEXT_END\t. = ALIGN(PMD", "ENTRY_TEXT_END\t. = ALIGN(PAGE")
    assert (root / edits.DENSE_IMAGE.path).read_text() == expected
    assert (root / edits.SMALL_SECTIONS.path).read_text() == SECTIONS.replace("\t27 /*", "\t24 /*")


def test_made_once_they_are_not_made_again(root: pathlib.Path) -> None:
    edits.apply(str(root), edits.EDITS["x86_64"])
    assert edits.apply(str(root), edits.EDITS["x86_64"]) == []


@pytest.mark.parametrize("lost", ["#define ALIGN_ENTRY_TEXT_END\t. = ALIGN(PMD_SIZE);\n", "HPAGE_SIZE"])
def test_another_version_is_left_alone(root: pathlib.Path, lost: str) -> None:
    path = root / edits.DENSE_IMAGE.path
    path.write_text(LAYOUT.replace(lost, "", 1))
    before = path.read_text()
    assert edits.apply(str(root), edits.EDITS["x86_64"]) == ["small_sections"]
    assert path.read_text() == before


def test_a_line_that_is_there_twice_is_not_the_one(root: pathlib.Path) -> None:
    path = root / edits.SMALL_SECTIONS.path
    path.write_text(SECTIONS * 2)
    assert edits.apply(str(root), (edits.SMALL_SECTIONS,)) == []
    assert path.read_text() == SECTIONS * 2


def test_a_source_without_the_file(tmp_path: pathlib.Path) -> None:
    assert edits.apply(str(tmp_path), edits.EDITS["x86_64"]) == []


def test_the_file_keeps_its_permissions(root: pathlib.Path) -> None:
    path = root / edits.SMALL_SECTIONS.path
    path.chmod(0o664)
    edits.apply(str(root), (edits.SMALL_SECTIONS,))
    assert path.stat().st_mode & 0o777 == 0o664


def test_each_edit_counts_in_the_digest() -> None:
    both = edits.EDITS["x86_64"]
    assert len({edits.digest(()), edits.digest(both), edits.digest(both[:1]), edits.digest(both[1:])}) == 4
