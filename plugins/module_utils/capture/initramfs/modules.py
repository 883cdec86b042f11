# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel modules for the capture kernel: which are needed for those that were asked for, and in which order.

Read from the files that depmod(8) leaves in a module tree, so that the order is the kernel build's own
(virtio_ring before virtio). Soft dependencies count too: ext4 cannot mount without its crc32c driver, which
modules.dep does not name.
"""

from __future__ import annotations

import gzip
import lzma
import os
import re
import typing as t
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...errors import KdumpError
from ...files import read_text

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SUFFIX = re.compile(r"\.ko(\.(?P<packing>gz|xz|zst))?$")


class ModuleError(KdumpError):
    """A kernel module that cannot be put into the image."""


@dataclass(frozen=True)
class KernelModule:
    """A module to load; an ``optional`` one (soft dependency) may fail to load without harm."""

    name: str
    path: str
    optional: bool = False


@dataclass(frozen=True)
class ModuleTree:
    """What depmod knows about a module tree (``/lib/modules/<release>``)."""

    path: str
    files: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    soft: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    builtin: frozenset[str] = frozenset()

    @property
    def release(self) -> str:
        """The kernel release that the tree belongs to."""
        return os.path.basename(os.path.normpath(self.path))


def canonical(name: str) -> str:
    """A module's one name: the kernel takes dashes and underscores for the same."""
    return _SUFFIX.sub("", os.path.basename(name)).replace("-", "_")


def read_tree(path: str) -> ModuleTree:
    """Read a module tree's index files."""
    text = read_text(os.path.join(path, "modules.dep"))
    if text is None:
        raise ModuleError(
            f"Cannot use the module tree {path}: it holds no modules.dep. "
            "Give the folder /lib/modules/<release>, and run depmod for it first."
        )
    files, needs = _dependencies(path, text)
    builtin = (read_text(os.path.join(path, "modules.builtin")) or "").split()
    return ModuleTree(
        path=path,
        files=files,
        needs=needs,
        soft=_soft_dependencies(read_text(os.path.join(path, "modules.softdep")) or ""),
        aliases=_aliases(read_text(os.path.join(path, "modules.alias")) or ""),
        builtin=frozenset(canonical(name) for name in builtin),
    )


def in_order(tree: ModuleTree, wanted: Iterable[str]) -> tuple[KernelModule, ...]:
    """The modules to load for ``wanted``, each after all it depends on; what is built in needs no loading."""
    ordered: dict[str, KernelModule] = {}
    for name in wanted:
        if not _NAME.fullmatch(name):
            raise ModuleError(f"Cannot use the kernel module {name!r}: that is no module's name")
        _visit(tree, canonical(name), frozenset(), ordered)
    return tuple(ordered.values())


def unpacked(module: KernelModule, unzstd: t.Callable[[str], bytes]) -> bytes:
    """A module's content as the kernel loads it: busybox's insmod hands the file over as it is."""
    try:
        return _read(module.path, unzstd)
    except FileNotFoundError as error:
        raise ModuleError(
            f"Cannot use the kernel module {module.name}: {module.path} is in modules.dep but not there. Run depmod."
        ) from error
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ModuleError(f"Cannot use the kernel module {module.name}: cannot read {module.path}: {error}") from error


def _read(path: str, unzstd: t.Callable[[str], bytes]) -> bytes:
    if path.endswith(".zst"):
        return unzstd(path)
    with open(path, "rb") as stream:
        data = stream.read()
    if path.endswith(".xz"):
        return lzma.decompress(data)
    return gzip.decompress(data) if path.endswith(".gz") else data


def _visit(tree: ModuleTree, name: str, above: frozenset[str], ordered: dict[str, KernelModule]) -> None:
    if name in ordered or name in tree.builtin:
        return
    if name not in tree.files:
        raise ModuleError(
            f"Cannot use the kernel module {name}: kernel {tree.release} has no such module, built in or not, "
            f"in {tree.path}. Check its spelling and that the tree is the capture kernel's."
        )
    if name in above:
        raise ModuleError(f"Cannot use the kernel module {name}: its dependencies in {tree.path} go round in a circle")
    own = above | {name}
    wishes = [found for wish in tree.soft.get(name, ()) for found in (wish, *tree.aliases.get(wish, ()))]
    _visit_soft(tree, wishes, own, ordered)
    for need in tree.needs[name]:
        _visit(tree, need, own, ordered)
    ordered[name] = KernelModule(name, tree.files[name])
    _visit_soft(tree, wishes, above, ordered)


def _visit_soft(
    tree: ModuleTree, wishes: Iterable[str], above: frozenset[str], ordered: dict[str, KernelModule]
) -> None:
    """A soft dependency is a module's name or an alias that several drivers answer to; the kernel takes what loads.

    What cannot be loaded without a module that waits for it is left out: crypto_algapi asks for cryptomgr, which needs
    crypto_algapi (seen in 6.1). It is asked for again when the module is there.
    """
    for name in wishes:
        if name not in tree.files or name in ordered or name in above or above.intersection(tree.needs[name]):
            continue
        found: dict[str, KernelModule] = dict(ordered)
        _visit(tree, name, above, found)
        for key, module in found.items():
            ordered.setdefault(key, KernelModule(module.name, module.path, optional=True))


def _dependencies(tree: str, text: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    files: dict[str, str] = {}
    needs: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        path, colon, rest = line.partition(":")
        if colon and _SUFFIX.search(path):
            name = canonical(path)
            files[name] = os.path.join(tree, path)
            # depmod lists the nearest first; loading starts at the far end.
            needs[name] = tuple(canonical(need) for need in reversed(rest.split()))
    return files, needs


def _soft_dependencies(text: str) -> dict[str, tuple[str, ...]]:
    """``softdep NAME pre: A B post: C``: only what comes before is needed for working at all."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 2 and words[0] == "softdep" and "pre:" in words:
            before = words[words.index("pre:") + 1 :]
            if "post:" in before:
                before = before[: before.index("post:")]
            name = canonical(words[1])
            found[name] = (*found.get(name, ()), *(canonical(word) for word in before))
    return found


def _aliases(text: str) -> dict[str, tuple[str, ...]]:
    """Aliases without wildcards: the only ones that a soft dependency can name."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[0] == "alias" and not set("*?[") & set(words[1]):
            alias = canonical(words[1])
            found[alias] = (*found.get(alias, ()), canonical(words[2]))
    return found
