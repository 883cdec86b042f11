# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module that builds images does with its options."""

from __future__ import annotations

import contextlib
import os
import typing as t
from collections.abc import Mapping

from ..command import CommandRunner
from ..errors import KdumpError
from ..progress import Progress, minutes
from .image import IMAGE_FILE, Builder, ImageSpec, cached, ensure
from .sizes import parse_size
from .waiting import AttendedClock, Clock
from .watched import WatchedRunner


class StopWatch:
    """Which step it is at, and how long each took."""

    def __init__(self, clock: Clock, progress: Progress) -> None:
        self._clock = clock
        self._progress = progress
        self._last: tuple[str, float] | None = None
        self.seconds: dict[str, float] = {}

    def step(self, name: str | None) -> None:
        """A step begins, or with None the last one ends."""
        now = self._clock.monotonic()
        if self._last:
            self.seconds[self._last[0]] = round(now - self._last[1], 1)
        self._last = (name, now) if name else None
        self._progress.say(self.news())

    def news(self) -> str:
        """The step and how long it has taken, as one line."""
        if not self._last:
            return ""
        return f"lab image: {self._last[0]}, {minutes(self._clock.monotonic() - self._last[1])}"


def image_spec(options: Mapping[str, t.Any]) -> ImageSpec:
    """The image that a task's options ask for."""
    return ImageSpec(
        suite=options["suite"],
        size=parse_size(options["size"], name="size"),
        packages=tuple(options["packages"]),
        sources=tuple(options["sources"]),
        boot=options["boot"],
    )


def produce(
    options: Mapping[str, t.Any], *, runner: CommandRunner, progress: Progress, root: bool, check: bool
) -> dict[str, t.Any]:
    """The whole work of the module."""
    spec, clock = image_spec(options), AttendedClock(progress.abandoned)
    watch = StopWatch(clock, progress)
    cache = os.path.abspath(options["cache_dir"])
    log = os.path.join(cache, "images", f"{spec.digest[:16]}.log")
    watched = WatchedRunner(runner, log=log, progress=progress, news=watch.news)
    builder = Builder(cache=cache, runner=watched, report=watch.step, root=root, clock=clock)
    folder = builder.folder(spec)
    result = {"path": os.path.join(folder, IMAGE_FILE), "digest": spec.digest}
    found = cached(folder)
    if check or (found and not options["force"]):
        changed = found is None or options["force"]
        return {**result, "changed": changed, "manifest": found or {}, "seconds": {}}
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(log)
        manifest, changed = ensure(spec, builder, force=options["force"])
    except OSError as error:
        raise KdumpError(f"Cannot build the image: {error}.") from error
    watch.step(None)
    return {**result, "changed": changed, "manifest": manifest, "seconds": watch.seconds}
