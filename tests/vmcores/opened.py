# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump opened by our readers, for tests that compare more than its verdict."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t
from dataclasses import dataclass

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.aids import Aids
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.container import Container
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.detect import open_dump
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.source import FileSource
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.log import read_log
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.records import Walk
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.translate.memory import open_memory
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.translate.paged import PagedMemory
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.vmcoreinfo import VmcoreInfo


@dataclass(frozen=True)
class Opened:
    """All that our readers make of a dump."""

    container: Container
    info: VmcoreInfo
    memory: PagedMemory
    log: Walk


@contextlib.contextmanager
def opened(path: pathlib.Path) -> t.Iterator[Opened]:
    """The dump, as long as its file is open."""
    with contextlib.ExitStack() as stack:
        container = open_dump(stack.enter_context(FileSource(str(path))), Aids(), str(path), stack).container
        if container is None or container.vmcoreinfo is None:
            raise RuntimeError(f"{path} is no dump of a kernel")
        memory = open_memory(container, container.vmcoreinfo)
        yield Opened(container, container.vmcoreinfo, memory, read_log(memory, container.vmcoreinfo))
