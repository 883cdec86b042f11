# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive that kernel_build packs a production kernel into, as something to install: read with suspicion."""

from __future__ import annotations

import os
import re
import tarfile
import typing as t
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from ..capture.initramfs.modules import canonical
from ..errors import KdumpError
from ..files import sha256_file

#: A kernel's release becomes part of file names.
RELEASE: t.Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}", re.ASCII)
#: Kernels of this name save dumps and are never installed to be booted.
_CAPTURE: t.Final = "-kdump"

_BOOT = re.compile(r"boot/(?:vmlinuz|config|System\.map)-(?P<release>[^/]+)")
_MODULE = re.compile(r"lib/modules/(?P<release>[^/]+)/(?P<rest>.+)")
#: Lists what would be modules but is built in. Debian's kernel has 30 KB of it.
_BUILTIN: t.Final = "modules.builtin"
_MOST_BUILTIN: t.Final = 1 << 20
_LOADABLE = re.compile(r"\.ko(\.\w+)?$")
#: More members or bytes than any kernel has.
_MOST_MEMBERS: t.Final = 50_000
_MOST_BYTES: t.Final = 16 << 30


#: What a member of the archive holds, for as long as it is the current one.
Content = t.Callable[[], "t.IO[bytes] | None"]


class PackageError(KdumpError):
    """The file is no archive of a production kernel."""


@dataclass(frozen=True)
class Package:
    """One kernel to install."""

    path: str
    sha256: str
    release: str
    #: Bytes that go into /boot and below /lib/modules.
    boot_bytes: int
    module_bytes: int
    #: What it has as modules or built in.
    modules: frozenset[str] = frozenset()


def check_release(release: str) -> str:
    """The release, if a kernel of that name may be installed."""
    if not RELEASE.fullmatch(release):
        raise PackageError(
            f"Cannot install the kernel {release[:80]!r}: that is no kernel's release. Name what uname -r would say"
        )
    if release.endswith(_CAPTURE):
        raise PackageError(
            f"Cannot install the kernel {release}: it is a capture kernel, which is loaded beside the running one "
            "and never booted. Use linux.kdump.kexec_crash for it"
        )
    return release


def inspect(path: str) -> Package:
    """Read the table of contents and make sure that there is nothing else in it than one kernel."""
    if not os.path.isfile(path):
        raise PackageError(f"Cannot install the kernel {path}: there is no such file")
    releases, sizes = set(), {"boot": 0, "lib": 0}
    modules: set[str] = set()
    for number, (member, content) in enumerate(_members(path), start=1):
        releases.add(_release_of(path, member))
        sizes[member.name.partition("/")[0]] += member.size
        modules.update(_modules(member, content))
        if number > _MOST_MEMBERS or sum(sizes.values()) > _MOST_BYTES:
            raise PackageError(f"Cannot install the kernel {path}: it holds more than any kernel does")
    if len(releases) != 1 or not sizes["boot"]:
        raise PackageError(f"Cannot install the kernel {path}: it holds {len(releases)} kernels instead of one")
    release = check_release(releases.pop())
    return Package(path, sha256_file(path), release, sizes["boot"], sizes["lib"], frozenset(modules))


def files(path: str) -> Iterator[tuple[str, t.IO[bytes]]]:
    """(place below /, content) of each file."""
    for member, content in _members(path):
        _release_of(path, member)
        stream = content()
        if stream:
            yield member.name, stream


def _modules(member: tarfile.TarInfo, content: Content) -> Iterator[str]:
    """The names of modules that one file stands for."""
    if _LOADABLE.search(member.name):
        yield canonical(member.name)
    elif os.path.basename(member.name) == _BUILTIN:
        stream = content()
        text = stream.read(_MOST_BUILTIN).decode("utf-8", "replace") if stream else ""
        yield from (canonical(name) for name in text.split())


def _members(path: str) -> Iterator[tuple[tarfile.TarInfo, Content]]:
    with _opened(path) as tar:
        for member in tar:
            yield member, partial(tar.extractfile, member)


@contextmanager
def _opened(path: str) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:gz") as tar:
            yield tar
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise PackageError(
            f"Cannot install the kernel {path}: it is no archive that could be read ({error})"
        ) from error
    except OSError as error:
        if error.errno is None:  # gzip's own errors
            raise PackageError(
                f"Cannot install the kernel {path}: it is no archive that could be read ({error})"
            ) from error
        raise


def _release_of(path: str, member: tarfile.TarInfo) -> str:
    match = _BOOT.fullmatch(member.name) or _MODULE.fullmatch(member.name)
    parts = member.name.split("/")
    if not match or not member.isreg() or "" in parts or ".." in parts or "." in parts:
        raise PackageError(
            f"Cannot install the kernel {path}: {member.name[:80]!r} in it is no file of a kernel. "
            "Give it the archive that linux.kdump.kernel_build returns"
        )
    return match["release"]
