# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of what is saved, by names: each choice is the makedumpfile options that its manual page gives it."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.save import levels
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import settings as save_settings
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError


@pytest.mark.parametrize(
    ("options", "collector"),
    [
        ({}, "makedumpfile -l -d 31"),
        ({"exclude": []}, "makedumpfile -l -d 0"),
        ({"exclude": ["free", "zero"]}, "makedumpfile -l -d 17"),
        ({"exclude": ["zero", "cache", "cache_private", "free"], "compression": "zstd"}, "makedumpfile -z -d 23"),
        ({"compression": "none"}, "makedumpfile -d 31"),
        ({"compression": "zlib"}, "makedumpfile -c -d 31"),
        ({"compression": "snappy", "dump_format": "kdump"}, "makedumpfile -p -d 31"),
        ({"dump_format": "elf"}, "makedumpfile -E -d 31"),
        ({"dump_format": "elf", "compression": "none", "exclude": ["user"]}, "makedumpfile -E -d 8"),
        ({"dump_format": "raw"}, "dd bs=1M"),
        ({"dump_format": "raw", "exclude": [], "compression": "none"}, "dd bs=1M"),
        ({"stream_compression": "gzip"}, "makedumpfile -d 31"),
        ({"collector": ["makedumpfile", "-c"]}, "makedumpfile -c"),
        ({"collector": ["makedumpfile", "-d", "23"], "stream_compression": "zstd"}, "makedumpfile -d 23"),
    ],
)
def test_names_are_options_of_makedumpfile(options: dict[str, t.Any], collector: str) -> None:
    saved = levels.saved(**options)
    assert " ".join(saved.collector) == collector
    assert saved.raw is (collector == "dd bs=1M")
    if not saved.raw:
        # What names make is what the raw form would be allowed to say.
        save_settings.settings(collector=saved.collector, final_action="reboot", limits={})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"collector": ["makedumpfile"], "exclude": []}, "collector together with exclude"),
        ({"collector": ["makedumpfile"], "dump_format": "elf"}, "collector together with dump_format"),
        ({"exclude": ["swap"]}, "kind 'swap': it is none of zero, cache"),
        ({"compression": "lz4"}, "dump_compression 'lz4'"),
        ({"dump_format": "qcow2"}, "dump_format 'qcow2'"),
        ({"dump_format": "elf", "compression": "lzo"}, "holds no compressed pages"),
        ({"dump_format": "raw", "compression": "lzo"}, "copies all memory as it is"),
        ({"dump_format": "raw", "exclude": ["zero"]}, "copies all memory as it is"),
        ({"stream_compression": "xz"}, "none of none, gzip, lz4, zstd"),
        ({"stream_compression": "gzip", "compression": "lzo"}, "compressed twice"),
        ({"stream_compression": "zstd", "collector": ["makedumpfile", "-l"]}, "zstd with -l in collector"),
    ],
)
def test_choices_that_contradict_each_other(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(KdumpError, match=message) as caught:
        levels.saved(**options)
    assert "\n" not in caught.value.message


def test_the_default_is_the_one_of_the_settings() -> None:
    assert levels.saved().collector == save_settings.DEFAULT_COLLECTOR


@given(st.sets(st.sampled_from(sorted(levels.PAGES))))
def test_a_level_leaves_out_what_was_asked_for(names: set[str]) -> None:
    level = levels.dump_level(names)
    assert 0 <= level <= 31
    # makedumpfile's level 4 is all of the page cache.
    assert set(levels.excluded(level)) == names | ({"cache"} if "cache_private" in names else set())


@given(st.integers(0, 31))
def test_every_level_has_names(level: int) -> None:
    assert levels.dump_level(levels.excluded(level)) | (level & 2) == level | (2 if level & 4 else 0)


def test_every_compressor_that_must_be_built_in_has_a_name() -> None:
    assert {levels.COMPRESSIONS[name] for name in ("lzo", "snappy", "zstd")} == set(save_settings.COMPRESSORS)
    assert {save_settings.COMPRESSORS[levels.COMPRESSIONS[name]] for name in ("lzo", "snappy", "zstd")} == {
        "lzo", "snappy", "zstd",
    }  # fmt: skip
