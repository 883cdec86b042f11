# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The capture kernel's initramfs: its members, its compressed image, its manifest.

Generic: nothing in it belongs to one host. Same inputs, same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import stat
import tempfile
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ... import files
from ...command import CommandRunner, which
from ...errors import KdumpError
from ..save import hooks as save_hooks
from ..save import levels
from ..save import recipients as save_recipients
from ..save import script as save_script
from ..save import settings as save_settings
from . import content, extras, filters, modules, newc, targets, tools

SCHEMA: t.Final = {"name": "linux.kdump/manifest", "version": 1}
#: The first is the default. Counted in instructions, gzip and zstd unpack equally fast (0.29 s of emulated time for
#: 6 MB, most of it beside the kernel's own start), but zstd's window is memory that the smallest reservations lack.
COMPRESSIONS: t.Final = ("gzip", "zstd", "none")
#: Above it zstd wants still larger windows.
_ZSTD_LEVEL = 19
_ZSTD_TIMEOUT = 120
#: glibc opens it by name when a thread is cancelled, which makedumpfile's threads are; without it the dump aborts.
_THREADS_LIBRARY = "libgcc_s.so.1"
_THREADS_OPTION = "--num-threads"
_CONSOLE = (5, 1)
_NULL = (1, 3)


class InitramfsError(KdumpError):
    """An image that cannot be made or written."""


@dataclass(frozen=True)
class Request:
    """What to build."""

    path: str
    busybox: str = "/bin/busybox"
    makedumpfile: str = "/usr/bin/makedumpfile"
    settings: save_settings.Settings = field(default_factory=save_settings.Settings)
    modules: tuple[str, ...] = ()
    module_tree: str | None = None
    compression: str = "gzip"
    #: The tree of another machine that its tools are in; empty where they are this machine's.
    root: str = ""
    additions: tuple[content.Addition, ...] = ()

    @property
    def applets(self) -> tuple[str, ...]:
        """The busybox applets that the script calls."""
        more = {applet for addition in self.additions for applet in addition.applets}
        return (*save_script.APPLETS, *sorted(more - set(save_script.APPLETS)))

    @property
    def script(self) -> str:
        """The save script, with the parts that options add."""
        streaming = any(addition.streams for addition in self.additions)
        parts = [part for addition in self.additions for part in addition.parts]
        return save_script.compose(dict.fromkeys((*self.settings.parts(streaming=streaming), *parts)))

    @property
    def mode(self) -> int:
        """The permissions of the image's file."""
        return 0o600 if any(addition.secret for addition in self.additions) else 0o644


@dataclass(frozen=True)
class Image:
    """A finished image and what is known of it."""

    data: bytes
    manifest: Mapping[str, t.Any]
    mode: int = 0o644

    @property
    def sha256(self) -> str:
        """The image's digest."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class State:
    """The digest of the image on disk, the text of its manifest, its permissions; None where there is none."""

    sha256: str | None
    manifest: str | None
    mode: int | None = None


def request(options: Mapping[str, t.Any]) -> Request:
    """The request that a module's options make."""
    saved = levels.saved(
        collector=options["collector"],
        exclude=options.get("exclude"),
        compression=options.get("dump_compression"),
        dump_format=options.get("dump_format"),
        stream_compression=options.get("stream_compression") or "none",
    )
    keys = save_recipients.recipients(options.get("age_recipients") or ())
    root = (options.get("root") or "").rstrip("/")
    return Request(
        path=options["path"],
        busybox=root + options["busybox"],
        makedumpfile=root + options["makedumpfile"],
        root=root,
        settings=save_settings.settings(
            collector=saved.collector,
            final_action=options["final_action"],
            on_failure=options.get("on_failure"),
            limits=options["limits"],
            raw=saved.raw,
            pack=saved.pack,
            seal=save_recipients.SEAL if keys else None,
        ),
        modules=tuple(options["modules"]),
        module_tree=options["module_tree"],
        compression=options["compression"],
        additions=(
            filters.packing(saved.pack, program=options.get("stream_compressor")),
            filters.sealing(keys, program=options.get("age") or filters.AGE),
            extras.hooks(
                options.get("hooks_before") or (),
                options.get("hooks_after") or (),
                limit=save_hooks.DEFAULT_LIMIT if options.get("hook_limit") is None else options["hook_limit"],
            ),
            extras.files(options.get("extra_files") or ()),
            targets.kinds(
                options.get("targets") or (),
                key=options.get("ssh_key"),
                known_hosts=options.get("ssh_known_hosts"),
                client=options.get("ssh_client") or targets.SSH_CLIENT,
            ),
        ),
    )


def desired(request: Request, runner: CommandRunner) -> Image:
    """Build the image in memory: it is small, and only its bytes tell whether anything changed."""
    settings = request.settings
    busybox = tools.busybox(request.busybox, request.applets)
    collector = tools.makedumpfile(request.makedumpfile, save_settings.compressor(settings.arguments))
    if not busybox.binary.runs_with(collector.binary):
        raise InitramfsError(
            f"Cannot make the initramfs: {request.busybox} is for {busybox.binary.machine_name} and "
            f"{request.makedumpfile} for {collector.binary.machine_name}"
        )
    chosen = _modules(request)
    everything = content.merged(
        (
            _skeleton(request, collector.version, chosen),
            _busybox(request, busybox.data),
            _makedumpfile(request, collector.data),
            _module_files(chosen, runner),
            content.added(request.additions, beside=collector.binary, root=request.root),
        )
    )
    members = newc.complete(everything.members)
    extras.check_interpreters(members)
    unpacked = newc.archive(members, last=save_script.LAST_PATH)
    data = compress(unpacked, request.compression, runner)
    facts = {
        "architecture": collector.binary.machine_name,
        "compression": request.compression,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "unpacked_bytes": len(unpacked),
        "collector": " ".join(settings.collector),
        "final_action": settings.final_action,
        **({"on_failure": settings.on_failure} if settings.on_failure else {}),
        "files": dict(zip(("vmcore", "log"), settings.files)),
        "limits": dict(settings.limits),
        "modules": [module.name for module in chosen],
        "module_release": modules.read_tree(request.module_tree).release if request.module_tree else None,
        "tools": {"busybox": busybox.version, "makedumpfile": collector.version},
        "members": [_described(member, everything.sources) for member in members],
    }
    for addition in request.additions:
        facts.update(addition.facts)
    return Image(data, {"schema": SCHEMA, "kind": "initramfs", **facts}, request.mode)


def current(path: str) -> State:
    """What is on disk."""
    try:
        try:
            found = State(files.sha256_file(path), None, stat.S_IMODE(os.stat(path).st_mode))
        except FileNotFoundError:
            found = State(None, None)
        return replace(found, manifest=files.read_text(manifest_path(path)))
    except OSError as error:
        raise InitramfsError(
            f"Cannot read {error.filename or path}: {error.strerror or error}. Remove it or choose another path."
        ) from error


def plan(image: Image, found: State) -> bool:
    """True where the disk does not hold exactly this image and manifest, or lets others read its secrets."""
    if found.mode is not None and found.mode & 0o077 & ~image.mode:
        return True
    return (found.sha256, found.manifest) != (image.sha256, files.canonical_json(image.manifest))


def apply(path: str, image: Image) -> None:
    """Write image and manifest; the old manifest goes first, so that none ever stands beside a foreign image."""
    try:
        if os.path.lexists(manifest_path(path)):
            os.unlink(manifest_path(path))
        files.write_atomic(path, image.data, mode=image.mode)
        files.write_atomic(manifest_path(path), files.canonical_json(image.manifest))
    except OSError as error:
        raise InitramfsError(f"Cannot write the initramfs {path}: {error.strerror or error}") from error


def manifest_path(path: str) -> str:
    """Where an image's manifest lies: beside it."""
    return f"{path}.json"


def summary(document: str | None) -> dict[str, t.Any]:
    """The part of a manifest that a person compares in a diff: digests per member instead of everything."""
    try:
        manifest = json.loads(document or "{}")
        members = {member["path"]: member.get("sha256") for member in manifest.get("members", [])}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
    facts = {key: value for key, value in manifest.items() if key not in ("members", "schema")}
    return {**facts, "members": {path: digest for path, digest in members.items() if digest}}


def build(request: Request, runner: CommandRunner, *, check_mode: bool) -> dict[str, t.Any]:
    """The module's whole work."""
    image = desired(request, runner)
    found = current(request.path)
    changed = plan(image, found)
    if changed and not check_mode:
        apply(request.path, image)
    text = files.canonical_json(image.manifest)
    return {
        "changed": changed,
        "path": request.path,
        "sha256": image.sha256,
        "bytes": len(image.data),
        "unpacked_bytes": image.manifest["unpacked_bytes"],
        "manifest": dict(image.manifest),
        "diff": {
            "before_header": request.path,
            "after_header": request.path,
            "before": files.canonical_json(summary(found.manifest) if found.sha256 else {}),
            "after": files.canonical_json(summary(text)),
        },
    }


def compress(data: bytes, compression: str, runner: CommandRunner) -> bytes:
    """The compressed archive, without any time or name in its header."""
    if compression == "none":
        return data
    if compression == "gzip":
        out = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as stream:
            stream.write(data)
        return out.getvalue()
    return _zstd(runner, data, f"-{_ZSTD_LEVEL}", what="compress the initramfs")


def _zstd(runner: CommandRunner, data: bytes, option: str, *, what: str) -> bytes:
    """Run zstd over ``data``; by way of files, since commands speak text."""
    if which("zstd") is None:
        raise InitramfsError(f"Cannot {what}: zstd is not installed. Install it (package zstd on Debian).")
    with tempfile.TemporaryDirectory(prefix="linux-kdump-") as folder:
        source, result = os.path.join(folder, "in"), os.path.join(folder, "out")
        with open(source, "wb") as stream:
            stream.write(data)
        argv = ["zstd", "--quiet", "--no-progress", "--single-thread", option, "-o", result, source]
        runner.run(argv, what=what, timeout=_ZSTD_TIMEOUT)
        with open(result, "rb") as stream:
            return stream.read()


def _modules(request: Request) -> tuple[modules.KernelModule, ...]:
    if not request.modules:
        return ()
    if request.module_tree is None:
        raise InitramfsError("Cannot put kernel modules into the initramfs: modules is given without module_tree")
    return modules.in_order(modules.read_tree(request.module_tree), request.modules)


def _skeleton(request: Request, version: str, chosen: Sequence[modules.KernelModule]) -> content.Content:
    lines = "".join(f"{'optional' if module.optional else 'needed'} {module.name}\n" for module in chosen)
    collector = "".join(f"{word}\n" for word in request.settings.arguments)
    words = "".join(f"{word}\n" for addition in request.additions for word in addition.settings)
    return content.Content(
        (
            newc.regular(save_script.SCRIPT_PATH, request.script.encode(), permissions=0o755),
            newc.regular(save_script.SETTINGS_PATH, (request.settings.text(version) + words).encode()),
            newc.regular(save_script.COLLECTOR_PATH, collector.encode()),
            newc.regular(save_script.MODULES_PATH, lines.encode()),
            *(newc.directory(path) for path in ("proc", "sys", "dev", save_script.TARGET_PATH)),
            newc.directory(save_script.LAST_PATH, permissions=0o700),
            # The kernel opens it for /init's output before anything is mounted.
            newc.character("dev/console", _CONSOLE),
            newc.character("dev/null", _NULL, permissions=0o666),
        )
    )


def _busybox(request: Request, data: bytes) -> content.Content:
    links = tuple(newc.symlink(f"bin/{applet}", "busybox") for applet in request.applets)
    members = (newc.regular("bin/busybox", data, permissions=0o755), *links)
    return content.Content(members, {"bin/busybox": request.busybox})


def _makedumpfile(request: Request, data: bytes) -> content.Content:
    threads = any(word.startswith(_THREADS_OPTION) for word in request.settings.arguments)
    libraries = (_THREADS_LIBRARY,) if threads else ()
    wanted = content.Program(save_script.MAKEDUMPFILE_PATH, request.makedumpfile, libraries)
    return content.program(wanted, data=data, root=request.root)


def _module_files(chosen: Sequence[modules.KernelModule], runner: CommandRunner) -> content.Content:
    def unzstd(path: str) -> bytes:
        return _zstd(runner, content.contents(path), "--decompress", what=f"unpack the kernel module {path}")

    folder = save_script.MODULES_FOLDER
    members = tuple(newc.regular(f"{folder}/{module.name}.ko", modules.unpacked(module, unzstd)) for module in chosen)
    return content.Content(members, {f"{folder}/{module.name}.ko": module.path for module in chosen})


def _described(member: newc.Member, sources: Mapping[str, str]) -> dict[str, t.Any]:
    """A member's line in the manifest."""
    facts: dict[str, t.Any] = {"path": member.path, "kind": member.kind, "mode": f"{member.mode & 0o7777:04o}"}
    if member.kind == "file":
        facts.update(bytes=len(member.data), sha256=hashlib.sha256(member.data).hexdigest())
    elif member.kind == "symlink":
        facts["target"] = member.data.decode("utf-8", "surrogateescape")
    elif member.kind == "device":
        facts["device"] = list(member.device)
    if member.path in sources:
        facts["source"] = sources[member.path]
    return facts
