# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of shell assignments: read as the shell reads them, edited without touching anything else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.engine.assignments import Assignments, quoted
from ansible_collections.linux.kdump.plugins.module_utils.engine.model import ConfigError

KEYS = ("USE_KDUMP", "KDUMP_COREDIR", "SSH")
VALUES = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="\x7f", exclude_categories=["Cs", "Zl", "Zp", "Cc"])
)
WORDS = st.one_of(
    VALUES.map(quoted),
    st.text("abc/=#@%é-", max_size=6).filter(lambda text: not text.startswith("#")),
    st.text("ab c\t#$", max_size=6).map(lambda text: f"'{text}'"),
    st.sampled_from(["'a'\"b\"c", "a\\ b", '"a\\"b"', "$HOME/x", '"a$USE_KDUMP"', "~/x", "a\\\nb"]),
)
LINES = st.one_of(
    st.builds("{}{}={}{}".format, st.sampled_from(["", "  ", "export "]), st.sampled_from(KEYS), WORDS,
              st.sampled_from(["", " ", " # why", "\t#x"])),
    st.sampled_from(["", "  ", "# USE_KDUMP - controls", "#SSH=\"<user at server>\"", "\t# x = 'y"]),
)  # fmt: skip
FILES = st.builds(lambda lines, end: "\n".join(lines) + end, st.lists(LINES, max_size=8), st.sampled_from(["", "\n"]))
NOISE = st.text(st.sampled_from("AB=\"'\\$`#;(){}~ \n\t\rx:"), max_size=40)


def shell(text: str, folder: Path) -> dict[str, str]:
    """What a real shell makes of each of the keys."""
    file = folder / "settings"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    script = f'. {file}; for key in {" ".join(KEYS)}; do eval "printf \'%s=%s\\0\' $key \\"\\$$key\\""; done'
    found = subprocess.run(["dash", "-c", script], env={"HOME": "/root"}, capture_output=True, check=True, timeout=30)
    return dict(pair.split("=", 1) for pair in found.stdout.decode("utf-8", "surrogateescape").split("\0") if pair)


@pytest.mark.skipif(shutil.which("dash") is None, reason="the shell that Debian's scripts run in is not installed")
@given(text=FILES)
@example_settings(max_examples=60)
def test_reads_what_the_shell_reads(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    document = Assignments.parse(text, "f")
    real = shell(text, tmp_path_factory.mktemp("files"))
    assert {key: value for key, value in document.values.items() if value is not None} == {
        key: real[key] for key, value in document.values.items() if value is not None
    }


@pytest.mark.skipif(shutil.which("dash") is None, reason="the shell that Debian's scripts run in is not installed")
@given(text=FILES, key=st.sampled_from(KEYS), value=VALUES)
@example_settings(max_examples=60)
def test_the_shell_reads_what_was_set(
    text: str, key: str, value: str, tmp_path_factory: pytest.TempPathFactory
) -> None:  # fmt: skip
    document = Assignments.parse(text, "f").with_value(key, value)
    assert shell(document.text, tmp_path_factory.mktemp("files"))[key] == value == document.values[key]


@given(text=FILES, key=st.sampled_from(KEYS), value=VALUES)
def test_nothing_else_is_touched(text: str, key: str, value: str) -> None:
    before = Assignments.parse(text, "f")
    after = before.with_value(key, value)
    others = [piece.text for piece in before.pieces if piece.key != key]
    if others and key not in before.values and not others[-1].endswith("\n"):
        others[-1] = [piece.text for piece in after.pieces if piece.key != key][-1]  # a line end may have come to it
        assert others[-1].rstrip("\n") == before.pieces[-1].text
    assert [piece.text for piece in after.pieces if piece.key != key] == others
    assert after == after.with_value(key, value)
    assert Assignments.parse(after.text, "f").values == after.values
    assert [piece.text for piece in before.without(key).pieces] == [p.text for p in before.pieces if p.key != key]


@given(text=st.one_of(NOISE, st.text()))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    document = Assignments.parse(text, "f")
    assert document.text == text
    if any(piece.code for piece in document.pieces):
        with pytest.raises(ConfigError, match=r"Cannot set NEW in f: line \d+ is shell code"):
            document.with_value("NEW", "1")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("USE_KDUMP=0 # off\n", "USE_KDUMP=1 # off\n"),
        ("USE_KDUMP=1\nUSE_KDUMP='0'\n", "USE_KDUMP=1\nUSE_KDUMP=1\n"),
        ("# USE_KDUMP - switch\n#USE_KDUMP=0\nA=1\n", "# USE_KDUMP - switch\n#USE_KDUMP=0\nUSE_KDUMP=1\nA=1\n"),
        ("A=1", "A=1\nUSE_KDUMP=1\n"),
        ("", "USE_KDUMP=1\n"),
        ("USE_KDUMP=$OTHER", "USE_KDUMP=1"),
        ("export USE_KDUMP=\n", "export USE_KDUMP=1\n"),
        ('A="USE_KDUMP=0\n#"\n', 'A="USE_KDUMP=0\n#"\nUSE_KDUMP=1\n'),
    ],
)
def test_sets_the_assignment_that_counts(before: str, after: str) -> None:
    assert Assignments.parse(before, "f").with_value("USE_KDUMP", "1").text == after


@pytest.mark.parametrize(
    "text",
    [
        "USE_KDUMP = 1\n", "if test -e /x; then\nA=1\nfi\n", ". /etc/other\n", "A=1; B=2\n", "A=1 B=2\n", "A=$(id)\n",
        "A=`id`\n", 'A="never closed\n', "A=1\r\n", "A+=x\n", "A=(1 2)\n",
    ],
)  # fmt: skip
def test_what_is_more_than_assignments_is_not_edited(text: str) -> None:
    with pytest.raises(ConfigError, match=r"Cannot set USE_KDUMP in f: line 1 is shell code .*by hand"):
        Assignments.parse(text, "f").with_value("USE_KDUMP", "1")
