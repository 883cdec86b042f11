# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a lab's disk image, or find it in the cache: whole or not at all."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import shutil
import tarfile
import tempfile
import typing as t
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..command import CommandError, CommandRunner, which
from ..errors import KdumpError
from ..files import canonical_json, digest_of, read_text, write_atomic
from . import boots, disks, recipe
from .sources import host_sources
from .waiting import Clock, SystemClock, locked

IMAGE_FILE: t.Final = "image.qcow2"
MANIFEST_FILE: t.Final = "manifest.json"
SCHEMA: t.Final = {"name": "linux.kdump/image", "version": 1}

#: Bytes that a build needs beside the finished image.
ROOM_NEEDED: t.Final = 3 << 30
#: Seconds that each step may take.
BOOTSTRAP_LIMIT: t.Final = 1800
STEP_LIMIT: t.Final = 300
FINISH_LIMIT: t.Final = 900
#: Seconds to wait for another process that builds the same image.
LOCK_LIMIT: t.Final = 1800

ARCHITECTURE: t.Final = "amd64"
QEMU: t.Final = "qemu-system-x86_64"
_NAMESPACE = uuid.UUID("6b1f7f2e-3c55-5c43-9d0e-7a3f0f2d9c11")

TOOLS: t.Final = ("mmdebstrap", "tar", "mke2fs", "qemu-img", QEMU)
TOOLS_OF_A_USER: t.Final = ("fakeroot", "unshare", "newuidmap")

#: What mmdebstrap and apt say when no mirror answers.
_NO_NETWORK = (
    "Could not resolve",
    "Temporary failure resolving",
    "Could not connect",
    "Unable to connect",
    "Failed to fetch",
)

_DISK_FULL: t.Final = "No space left on device"
_PRINTED: t.Final = ("stdout", "stderr")
#: Lines of what was printed that a failed task shows.
_SHOWN_LINES: t.Final = 20

Report = Callable[[str], None]


@dataclass(frozen=True)
class ImageSpec:
    """Everything that decides what an image holds."""

    suite: str
    size: int
    packages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    boot: str = boots.BIOS_GRUB

    @property
    def loader(self) -> boots.Boot | None:
        """The boot loader, None for GRUB on a BIOS."""
        return boots.BOOTS.get(self.boot)

    @property
    def inputs(self) -> dict[str, t.Any]:
        """The inputs by name; a host's own package sources are no input, since mirrors come and go."""
        common = {
            "version": recipe.VERSION,
            "architecture": ARCHITECTURE,
            "suite": self.suite,
            "size": self.size,
            "packages": sorted({*(boots.packages(self.loader) if self.loader else recipe.PACKAGES), *self.packages}),
            "sources": list(self.sources),
            "debconf": recipe.DEBCONF,
            "files": {path: list(entry) for path, entry in {**recipe.EARLY_FILES, **self.files}.items()},
            "script": self.script(uuid="-", esp="-"),
        }
        return {**common, "boot": self.boot, "features": self.loader.features} if self.loader else common

    @property
    def files(self) -> Mapping[str, tuple[str, int]]:
        """Files in place after the packages."""
        return boots.files(self.loader) if self.loader else recipe.FILES

    def script(self, *, uuid: str, esp: str) -> str:
        """What is done in the new root then."""
        if self.loader:
            return boots.customize_script(self.loader, uuid=uuid, esp=esp)
        return recipe.customize_script(uuid=uuid)

    @property
    def digest(self) -> str:
        """The name of this image."""
        return digest_of(self.inputs)

    @property
    def uuid(self) -> str:
        """The root file system's UUID: the same for the same inputs."""
        return str(uuid.uuid5(_NAMESPACE, self.digest))


@dataclass(frozen=True)
class Builder:
    """What building needs from the machine it runs on."""

    cache: str
    runner: CommandRunner
    report: Report
    root: bool
    which: Callable[[str], str | None] = which
    clock: Clock = field(default_factory=SystemClock)

    @property
    def images(self) -> str:
        """The folder of all images."""
        return os.path.join(self.cache, "images")

    def folder(self, spec: ImageSpec) -> str:
        """The folder of one image."""
        return os.path.join(self.images, spec.digest[:16])


def cached(folder: str) -> dict[str, t.Any] | None:
    """The manifest of a finished image, or None."""
    text = read_text(os.path.join(folder, MANIFEST_FILE))
    if text is None or not os.path.isfile(os.path.join(folder, IMAGE_FILE)):
        return None
    with contextlib.suppress(ValueError):
        document = json.loads(text)
        if isinstance(document, dict) and document.get("schema") == SCHEMA:
            return document
    return None


def ensure(spec: ImageSpec, builder: Builder, *, force: bool) -> tuple[dict[str, t.Any], bool]:
    """The manifest of the image, and whether it had to be built."""
    folder = builder.folder(spec)
    found = cached(folder)
    if found and not force:
        return found, False
    make_room(builder)
    check_tools(builder)
    builder.report("waiting for its turn")
    with locked(f"{folder}.lock", what="build the image", seconds=LOCK_LIMIT, clock=builder.clock):
        found = cached(folder)
        if found and not force:
            return found, False
        with workplace(folder) as work:
            try:
                manifest = build(spec, builder, work)
            except KdumpError as error:
                raise in_short(error, builder) from error
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(work, folder)
    return manifest, True


def check_tools(builder: Builder) -> None:
    """Refuse to start what cannot end."""
    needed = TOOLS if builder.root else (*TOOLS, *TOOLS_OF_A_USER)
    missing = [tool for tool in needed if builder.which(tool) is None]
    if missing:
        raise KdumpError(
            f"Cannot build the image: not installed: {', '.join(missing)}. Run the role linux.kdump.controller.",
            missing=missing,
        )
    if builder.root:
        return
    probe = builder.runner.run(["unshare", "--user", "true"], what="make a user namespace", timeout=10, check=False)
    if probe.rc != 0:
        raise KdumpError(
            "Cannot build the image as an ordinary user: this machine allows no user namespaces."
            " Allow them or build as root.",
            stderr=probe.err,
        )


def make_room(builder: Builder) -> None:
    """Make the cache folder and check that the disk under it can take a build."""
    try:
        os.makedirs(builder.images, exist_ok=True)
    except OSError as error:
        raise KdumpError(f"Cannot make {builder.images}: {error.strerror}. Choose another cache_dir.") from error
    free = shutil.disk_usage(builder.images).free
    if free < ROOM_NEEDED:
        raise KdumpError(
            f"Cannot build the image: {builder.images} has {free >> 20} MiB free and a build takes {ROOM_NEEDED >> 20}."
            " Free some or choose another cache_dir."
        )


@contextlib.contextmanager
def workplace(folder: str) -> Iterator[str]:
    """A folder beside the final one; gone afterwards unless it was renamed. Leftovers of killed builds go first."""
    parent, name = os.path.split(folder)
    for entry in os.listdir(parent):
        if entry.startswith(f".{name}."):
            shutil.rmtree(os.path.join(parent, entry), ignore_errors=True)
    work = tempfile.mkdtemp(dir=parent, prefix=f".{name}.")
    os.chmod(work, 0o755)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def build(spec: ImageSpec, builder: Builder, work: str) -> dict[str, t.Any]:
    """Make the image in ``work`` and leave nothing else there but its manifest and its console log."""
    builder.report("installing packages")
    bootstrap(spec, builder, work)
    builder.report("making the disk")
    make_disk(spec, builder, work)
    builder.report("finishing boot")
    finish(spec, builder, work)
    builder.report("converting")
    convert = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "disk.raw", IMAGE_FILE]
    builder.runner.run(convert, what="convert the image", timeout=STEP_LIMIT, cwd=work)
    for name in ("early.tar", "late.tar", "root.tar", "disk.raw"):
        os.unlink(os.path.join(work, name))
    shutil.rmtree(os.path.join(work, "tree"))
    manifest = {"schema": SCHEMA, "digest": spec.digest, "inputs": spec.inputs, "uuid": spec.uuid}
    write_atomic(os.path.join(work, MANIFEST_FILE), canonical_json(manifest))
    return manifest


def write_tar(path: str, files: Mapping[str, tuple[str, int]]) -> None:
    """A tar file of root's files."""
    with tarfile.open(path, "w") as archive:
        for name, (text, mode) in sorted(files.items()):
            data = text.encode()
            member = tarfile.TarInfo(name.lstrip("/"))
            member.size, member.mode = len(data), mode
            archive.addfile(member, io.BytesIO(data))


def bootstrap(spec: ImageSpec, builder: Builder, work: str) -> None:
    """All packages and files, as root.tar."""
    scripts = "/usr/local/lib/linux-kdump-lab"
    early = {**recipe.EARLY_FILES, f"{scripts}/debconf": (recipe.DEBCONF, 0o644)}
    script = spec.script(uuid=spec.uuid, esp=boots.esp_serial(spec.digest))
    late = {**spec.files, f"{scripts}/customize": (script, 0o755)}
    write_tar(os.path.join(work, "early.tar"), early)
    write_tar(os.path.join(work, "late.tar"), late)
    place = shlex.quote(work)  # mmdebstrap splits this kind of hook as a shell does
    sources = spec.sources or host_sources(builder.runner, suite=spec.suite, architecture=ARCHITECTURE)
    argv = [
        "mmdebstrap", f"--mode={'root' if builder.root else 'unshare'}", "--variant=minbase",
        f"--architectures={ARCHITECTURE}", f"--include={','.join(spec.inputs['packages'])}",
        "--aptopt=Acquire::Retries \"3\"",
        f"--essential-hook=tar-in {place}/early.tar /",
        f'--essential-hook=chroot "$1" debconf-set-selections {scripts}/debconf',
        f"--customize-hook=tar-in {place}/late.tar /",
        f'--customize-hook=chroot "$1" sh {scripts}/customize',
        '--customize-hook=: >"$1/etc/machine-id"',
        spec.suite, f"{work}/root.tar", *sources,
    ]  # fmt: skip
    try:
        builder.runner.run(argv, what="install the image's packages", timeout=BOOTSTRAP_LIMIT)
    except CommandError as error:
        raise explained(error) from error


def explained(error: CommandError) -> KdumpError:
    """The same error with the line that tells the cause; mmdebstrap's last line never does."""
    printed = f"{error.facts.get('stdout', '')}\n{error.facts.get('stderr', '')}".splitlines()
    lines = [line for line in printed if line.startswith(("E:", "Err:"))]
    network = [line for line in lines if any(words in line for words in _NO_NETWORK)]
    if network:
        return KdumpError(
            f"Cannot install the image's packages: no mirror answered: {network[0].partition(': ')[2].rstrip('.')}."
            " Check the network and the package sources.",
            **error.facts,
        )
    if lines:
        return KdumpError(f"Cannot install the image's packages: {lines[0]}", **error.facts)
    return error


def in_short(error: KdumpError, builder: Builder) -> KdumpError:
    """The same error with the end of what was printed in place of all of it; a full disk is named as the cause."""
    lines = [line for name in _PRINTED for line in str(error.facts.get(name, "")).splitlines()]
    facts = {name: fact for name, fact in error.facts.items() if name not in _PRINTED}
    if lines:
        facts["log"] = lines[-_SHOWN_LINES:]
    full = next((line.strip() for line in lines if _DISK_FULL in line), None)
    if full is None:
        return KdumpError(error.message, **facts)
    return KdumpError(
        f"Cannot build the image: the disk is full: {full[:300]}. Make room in {builder.images} and in"
        f" {tempfile.gettempdir()}, or choose another cache_dir.",
        **facts,
    )


def make_disk(spec: ImageSpec, builder: Builder, work: str) -> None:
    """The partitioned disk, as disk.raw; under fakeroot the tree keeps its owners for an ordinary user too."""
    place = disks.root_partition(spec.size, spec.loader)
    features = f"^orphan_file,^metadata_csum_seed{spec.loader.features if spec.loader else ''}"
    script = (
        "set -e; mkdir tree; tar -C tree -xf root.tar; "
        f'mke2fs -q -F -t ext4 -b 4096 -U {spec.uuid} -L lab -O "{features}" '
        f"-E offset={place.offset} -d tree disk.raw {place.size // 4096}"
    )
    disk = os.path.join(work, "disk.raw")
    with open(disk, "wb") as stream:
        stream.truncate(spec.size)
    wrapper = [] if builder.root else ["fakeroot"]
    path = {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    what = "make the image's file system"
    builder.runner.run([*wrapper, "sh", "-c", script], what=what, timeout=STEP_LIMIT, cwd=work, env=path)
    disks.write_tables(disk, tree=os.path.join(work, "tree"), digest=spec.digest, loader=spec.loader)


def finish(spec: ImageSpec, builder: Builder, work: str) -> None:
    """Boot the disk once: through its own GRUB, so that its own generator writes its menu, or to install another."""
    argv = [
        QEMU, "-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "tcg,thread=multi", "-m", "1024",
        "-smp", "2", "-display", "none", "-no-reboot", "-serial", "file:finish.log",
        "-drive", "file=disk.raw,format=raw,if=virtio,cache=unsafe,discard=unmap,werror=report",
        *(boots.finish_argv(spec.uuid) if spec.loader else ()),
    ]  # fmt: skip
    log = os.path.join(work, "finish.log")
    try:
        builder.runner.run(argv, what="boot the new image", timeout=FINISH_LIMIT, cwd=work)
    except KdumpError as error:
        raise KdumpError(error.message, **error.facts, console=last_lines(log)) from error
    text = read_text(log) or ""
    if recipe.FINISHED in text:
        return
    failure = next((line.strip() for line in text.splitlines() if recipe.FAILED in line), "the guest never said so")
    raise KdumpError(f"Cannot finish the new image: {failure}", console=last_lines(log))


def last_lines(path: str, count: int = 20) -> list[str]:
    """The end of a console log."""
    text = read_text(path) or ""
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]
