# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines as text: whatever is put in can be taken out, and no other byte is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.words import passed, with_parameters, words

WANTED = ("crashkernel=64M",)

LINES = {
    "empty": ("", "crashkernel=64M"),
    "blank": ("  ", "crashkernel=64M  "),
    "at the end": ("ro quiet", "ro quiet crashkernel=64M"),
    "where another stood": ("ro crashkernel=1M quiet", "ro crashkernel=64M quiet"),
    "duplicates": ("ro crashkernel=1M quiet crashkernel=64M", "ro crashkernel=64M quiet"),
    "twice the same": ("crashkernel=64M ro crashkernel=64M", "crashkernel=64M ro"),
    "before what is for init": ("ro -- single", "ro crashkernel=64M -- single"),
    "all for init": ("-- single", "crashkernel=64M -- single"),
    "quotes": ('dyndbg="file a +p" ro', 'dyndbg="file a +p" ro crashkernel=64M'),
    "inside quotes is no parameter": ('a="b crashkernel=1M"', 'a="b crashkernel=1M" crashkernel=64M'),
    "another parameter": ("xcrashkernel=1 crashkernel_x=2", "xcrashkernel=1 crashkernel_x=2 crashkernel=64M"),
    "blanks of all kinds": (" ro\t \n quiet \n", " ro\t \n quiet crashkernel=64M \n"),
    "a quote that is not closed": ('ro a="b c', 'ro a="b c crashkernel=64M'),
}


@pytest.mark.parametrize("name", [name for name in LINES if "not closed" not in name])
def test_puts_it_in(name: str) -> None:
    line, expected = LINES[name]
    assert with_parameters(line, WANTED) == expected
    assert with_parameters(expected, WANTED) == expected


def test_takes_out_every_one() -> None:
    assert with_parameters("crashkernel=1M ro crashkernel=2M,high  quiet crashkernel=3M", ()) == "ro  quiet"


_WORDS = st.lists(
    st.sampled_from(["ro", "--", 'a="b c"', "crash", "x=1", "$kernelopts", "root=UUID=1", "é", '"', "quiet"]),
    max_size=8,
)
_BLANKS = st.sampled_from([" ", "  ", "\n"])


@given(found=_WORDS, blanks=st.lists(_BLANKS, min_size=9, max_size=9), ends=st.tuples(_BLANKS, _BLANKS))
def test_what_is_put_in_can_be_taken_out(found: list[str], blanks: list[str], ends: tuple[str, str]) -> None:
    line = ends[0] + "".join(word + blank for word, blank in zip(found, blanks)) + ends[1]
    if line.count('"') % 2:
        return  # a quote that is not closed swallows what is put behind it: that is seen when it is read back
    changed = with_parameters(line, (*WANTED, "crashkernel=1G,high"))
    assert passed(changed) == (*WANTED, "crashkernel=1G,high")
    assert with_parameters(changed, ()) == line


@given(line=st.text(max_size=60), parameters=st.sampled_from([(), WANTED]))
def test_every_other_word_stays(line: str, parameters: tuple[str, ...]) -> None:
    changed = with_parameters(line, parameters)
    if line.count('"') % 2 == 0:
        assert [word for word in words(changed) if word not in WANTED] == [
            word for word in words(line) if not word.startswith("crashkernel=")
        ]
