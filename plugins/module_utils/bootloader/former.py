# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What files were before the parameter came into them, for those that taking it out does not make the same again.

A file that was made for it, or in which a default had to be written out, would stay behind otherwise.
"""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..files import write_atomic
from .changes import named, read
from .model import BootLoaderError, FileState

#: Beside the copies, each of which is below the name of its own first folder.
NOTE: t.Final = "former.json"


@dataclass(frozen=True)
class Former:
    """A file's text before, None where there was none, and each text that was written over it since."""

    before: t.Optional[str]
    after: tuple[str, ...]

    def is_still(self, content: t.Optional[str]) -> bool:
        """Whether nobody else has written into the file since."""
        return content in self.after


Notes = Mapping[str, Former]


def read_notes(folder: str) -> Notes:
    """What was noted; nothing where nothing was."""
    path = os.path.join(folder, NOTE)
    text = read(path)
    if text is None:
        return {}
    try:
        return {str(name): Former(one["before"], tuple(one["after"])) for name, one in json.loads(text).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BootLoaderError(
            f"Cannot read {path}: it is not what was written there. Move it away, which forgets what boot loaders'"
            " files were before"
        ) from error


def write_notes(changed: Sequence[tuple[FileState, FileState]], folder: str) -> None:
    """Note what the files were, before they are changed; whoever is cut short in between knows both texts."""
    notes = dict(read_notes(folder))
    for now, coming in changed:
        known = notes.get(now.path)
        chained = known is not None and known.is_still(now.content)
        before = known.before if known and chained else now.content
        texts = (now.content if chained else None, coming.content)
        notes[now.path] = Former(before, tuple(text for text in texts if text is not None))
    document = {path: {"before": one.before, "after": one.after} for path, one in notes.items()}
    with named("write", folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        write_atomic(os.path.join(folder, NOTE), json.dumps(document) + "\n", mode=0o600)
