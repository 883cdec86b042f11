# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/etc/kdump.conf: read as kdumpctl reads it, edited without touching anything else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.engine.directives import Directives
from ansible_collections.linux.kdump.plugins.module_utils.engine.model import ConfigError

TARGETS = ("nfs", "ssh", "ext4")
KEYS = ("path", "core_collector", *TARGETS)
VALUES = st.text("ab/ -=:@", min_size=1, max_size=8).map(str.strip).filter(bool)
LINES = st.one_of(
    st.builds("{}{}{}{}{}".format, st.sampled_from(["", " ", "\t"]), st.sampled_from(KEYS),
              st.sampled_from([" ", "\t "]), VALUES, st.sampled_from(["", "  ", " # why", "# x"])),
    st.sampled_from(["", "   ", "#path /var/crash", "# nfs <nfs mount>", "#ext4 LABEL=/boot", "path", "path #x"]),
)  # fmt: skip
FILES = st.builds(lambda lines, end: "\n".join(lines) + end, st.lists(LINES, max_size=8), st.sampled_from(["", "\n"]))


def kdumpctl(text: str) -> list[tuple[str, str]]:
    """What its script reads: comments cut off, blanks at both ends too, then the first word and the rest."""
    lines = (re.sub(r"#.*", "", line).strip() for line in text.split("\n"))
    words = (line.split(None, 1) for line in lines if line)
    return [(word[0], word[1] if len(word) > 1 else "") for word in words]


@given(text=FILES)
def test_reads_what_kdumpctl_reads(text: str) -> None:
    assert [(key, value) for key, value, _line in Directives.parse(text, "f").found()] == kdumpctl(text)


@given(text=st.text())
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assert Directives.parse(text, "f").text == text


@given(text=FILES, key=st.sampled_from(KEYS), value=VALUES)
def test_nothing_else_is_touched(text: str, key: str, value: str) -> None:
    document = Directives.parse(text, "f", TARGETS)
    after = document.with_value(key, value)
    rivals = TARGETS if key in TARGETS else (key,)
    assert [pair for pair in kdumpctl(after.text) if pair[0] in rivals] == [(key, value)]

    def others(text: str) -> list[str]:
        lines = text.removesuffix("\n").split("\n") if text else []
        return [line for line in lines if not line.split("#")[0].split() or line.split("#")[0].split()[0] not in rivals]

    assert others(after.text) == others(text)
    assert after.with_value(key, value) == after
    assert key not in after.without(key).values


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("#nfs a.com:/export/tmp\npath /var/crash\n", "#nfs a.com:/export/tmp\nnfs a:/b\npath /var/crash\n"),
        ("ext4 UUID=1 # the disk\npath /x\n", "nfs a:/b # the disk\npath /x\n"),
        ("ssh a@b\next4 /dev/vda\n", "nfs a:/b\n"),
        ("path /x", "path /x\nnfs a:/b\n"),
        ("# nfs <nfs mount>\n#   - mounts it\n", "# nfs <nfs mount>\n#   - mounts it\nnfs a:/b\n"),
    ],
)  # fmt: skip
def test_a_target_takes_the_place_of_another(before: str, after: str) -> None:
    assert Directives.parse(before, "f", TARGETS).with_value("nfs", "a:/b").text == after


def test_a_value_that_would_become_a_comment_is_refused() -> None:
    with pytest.raises(ConfigError, match="# begins a comment"):
        Directives.parse("", "f").with_value("kdump_post", "/bin/a#b")
