# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time line and where its parts go."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.drill import FAILURES, STAGES
from ansible_collections.linux.kdump.plugins.module_utils.proof.picture import (
    CHARACTER,
    PictureError,
    draw_memory,
    draw_timeline,
    nice_step,
)
from ansible_collections.linux.kdump.plugins.module_utils.proof.reader import Reader
from ansible_collections.linux.kdump.plugins.module_utils.proof.timeline import EVENTS, build_timeline, read_events
from ansible_collections.linux.kdump.tests.unit.proof_samples import captured, gone, save_failed, unseen

Drill = dict[str, t.Any]


def timeline(drill: Drill) -> Drill:
    return build_timeline(read_events(Reader(drill["panic"]["events"])))


def summary(drill: Drill) -> list[tuple[str, str, float]]:
    return [(phase["name"], phase["kind"], phase["seconds"]) for phase in timeline(drill)["phases"]]


def test_a_good_drill_has_every_phase() -> None:
    assert summary(captured()) == [
        ("triggered", "system", 0.14),
        ("panic", "capture", 0.88),
        ("capture_kernel", "capture", 1.19),
        ("save_start", "capture", 2.7),
        ("saved", "capture", 0.17),
        ("reboot", "system", 4.56),
        ("kernel", "system", 7.26),
        ("connection_back", "system", 3.45),
    ]
    assert (timeline(captured())["panic_to_saved"], timeline(captured())["panic_to_back"]) == (4.77, 20.21)


def test_a_failed_save_is_told_from_a_saved_dump() -> None:
    assert ("save_start", "failed", 2.7) in summary(save_failed())
    assert timeline(save_failed())["panic_to_saved"] is None


def test_what_nobody_saw_is_one_phase() -> None:
    assert summary(unseen()) == [
        ("triggered", "system", 0.31),
        ("panic", "unseen", 16.59),
        ("connection_back", "system", 3.45),
    ]
    assert timeline(unseen())["phases"][1]["covers"][0] == "Panic and hand-over"


def test_a_host_that_never_came_back_ends_where_it_was_last_seen() -> None:
    assert summary(gone())[-1] == ("reboot", "failed", 0.0)
    assert timeline(gone())["panic_to_back"] is None


def test_events_without_sense_are_left_out_and_the_rest_is_sorted() -> None:
    events = [
        {"name": "settled", "seconds": 9},
        {"name": "panic", "seconds": "soon"},
        {"name": "panic", "seconds": float("nan")},
        {"name": "panic", "seconds": -1},
        {"name": "", "seconds": 1},
        {"name": "panic", "seconds": 1e8},
        "panic",
        None,
        {"name": "triggered", "seconds": 0},
    ]
    assert [event.name for event in read_events(Reader(events))] == ["triggered", "settled"]
    assert read_events(Reader(None)) == read_events(Reader("panic")) == []


def test_every_tag_has_words() -> None:
    assert set(STAGES) | set(FAILURES) <= set(EVENTS)


@pytest.mark.parametrize(
    ("total", "most", "step"), [(20.35, 9, 5), (20.35, 4, 10), (0.5, 9, 0.1), (400, 9, 60), (0, 9, 1)]
)
def test_nice_step(total: float, most: int, step: float) -> None:
    assert nice_step(total, most) == step


@pytest.mark.parametrize("width", [279, 4001, "960", None, 960.5])
def test_a_width_nobody_can_draw_is_refused(width: t.Any) -> None:
    with pytest.raises(PictureError, match="Cannot lay out the time line: the width is"):
        draw_timeline({}, width=width)


event_names = st.sampled_from([*EVENTS, "something else"])
any_events = st.lists(
    st.fixed_dictionaries({"name": event_names, "seconds": st.floats(0, 2e7), "text": st.text(max_size=5)}), max_size=30
)


@given(any_events, st.integers(280, 1400))
def test_everything_is_inside_and_no_labels_meet(events: list[Drill], width: int) -> None:
    picture: t.Any = draw_timeline(build_timeline(read_events(Reader(events))), width=width)
    edge = 0.2
    for row in picture["rows"]:
        assert picture["left"] - edge <= row["x"] and row["x"] + row["width"] <= picture["right"] + edge
        assert all(picture["left"] <= mark["x"] <= picture["right"] for mark in row["marks"])
        label, duration = len(row["label"]) * CHARACTER, len(row["duration"]) * CHARACTER
        assert label + duration < width if picture["narrow"] else label <= picture["left"]
    heights = [(row["top"], row["y"] + row["height"]) for row in picture["rows"]]
    assert all(bottom <= top for (_top, bottom), (top, _bottom) in zip(heights, heights[1:]))
    assert all(bottom <= picture["height"] for _top, bottom in heights)
    ticks = [tick for tick in picture["ticks"] if tick["label"]]
    for left, right in zip(ticks, ticks[1:]):
        assert left["x"] + len(left["label"]) * CHARACTER <= right["x"]
    assert all(tick["x"] + len(tick["label"]) * CHARACTER <= width for tick in ticks)


@given(any_events)
def test_no_time_is_lost_between_phases(events: list[Drill]) -> None:
    phases: t.Any = build_timeline(read_events(Reader(events)))["phases"]
    assert all(earlier["end"] == later["start"] for earlier, later in zip(phases, phases[1:]))


@pytest.mark.parametrize(
    ("memory", "widths"),
    [
        ({"reserved_bytes": 64, "usable_bytes": 48, "peak_bytes": 16}, [25, 25, 50]),
        ({"reserved_bytes": None, "usable_bytes": 48, "peak_bytes": 12}, [0, 25, 75]),
        ({"reserved_bytes": 10, "usable_bytes": 40, "peak_bytes": 40}, [0, 100, 0]),
        ({"reserved_bytes": 64, "usable_bytes": None, "peak_bytes": 16}, []),
        ({"reserved_bytes": 0, "usable_bytes": 0, "peak_bytes": 0}, []),
        (None, []),
    ],
)
def test_memory_bar(memory: t.Any, widths: list[float]) -> None:
    assert [part["width"] for part in draw_memory(memory)] == widths
