# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KD-2xx: the tools, the kernels and the save environment."""

from __future__ import annotations

import re
import typing as t

from ...capture.kernel.fragments.system import REQUIRED
from ...host import paths
from ...host.collector import support
from ..model import Case, Finding, MissingError, Spec, failed, passed, unknown
from ..references import KDUMP
from .common import (
    TARGET,
    capture_words,
    engine_of,
    goes_to_server,
    listed,
    saved_first,
    targets,
    told,
    uses_collection,
    whole,
)

_KERNEL_FILE: t.Final = re.compile(r"(?:vmlinu[xz]|vmlinuz|Image|image|linux)-(.+?)(?:\.efi|\.gz)?$")
#: What distributions of Red Hat's name the kernel of their rescue entry.
_RESCUE: t.Final = "0-rescue"
#: One of these keeps a capture kernel to one CPU, or to a few.
_CPU_LIMITS: t.Final = frozenset({"nr_cpus", "maxcpus", "nosmp"})
#: What takes memory that a capture kernel does not have, or has it reserve for a crash of its own.
_HARMFUL: t.Final = frozenset({"crashkernel", "hugepages", "hugepagesz", "hugetlb_cma", "cma", "mem", "panic_on_warn"})
#: Channel I/O and firmware need no reset there.
_NO_RESET: t.Final = frozenset({"s390x"})
_ARGUMENTS: t.Final = ("KDUMP_CMDLINE", "KDUMP_CMDLINE_APPEND", "KDUMP_COMMANDLINE", "KDUMP_COMMANDLINE_APPEND")


def tools_fit(case: Case) -> Finding:
    """kexec on the host; makedumpfile where it saves, and new enough for this kernel."""
    if case.table("tools").get("kexec") is None:
        return failed("kexec is not installed.")
    version = _makedumpfile(case)
    if version is None:
        if engine_of(case):
            return failed("makedumpfile is not installed, and the distribution's kdump saves with the host's own.")
        return unknown("Which makedumpfile is in the initramfs is told by a drill, and there is none.")
    known = support(version, case.text("release"))
    proven = case.proven.current
    if known.state == "broken":
        return failed(known.message or "")
    if known.state == "ok" or proven:
        how = "" if known.state == "ok" else f", as {proven.named} has shown" if proven else ""
        return passed(f"kexec is there, and makedumpfile {version} saves this kernel's memory{how}.")
    return unknown(known.message or f"Nothing is known of makedumpfile {version} and this kernel.")


def _makedumpfile(case: Case) -> str | None:
    """The version that saves: in the image, as a drill or a dump tells; the host's own for the distribution's kdump."""
    if engine_of(case):
        found = case.table("tools").get("makedumpfile")
        return found if isinstance(found, str) else None
    if case.proven.current and case.proven.current.makedumpfile:
        case.note("proof.makedumpfile", case.proven.current.makedumpfile)
        return case.proven.current.makedumpfile
    told = case.find("estimate.makedumpfile.version")
    return told if isinstance(told, str) else None


def kernel_can(case: Case) -> Finding:
    """The running kernel's configuration."""
    lacking = {str(name) for name in case.items("kernel_lacks")}
    missing = [f"CONFIG_{name}: {why}" for name, why in REQUIRED.items() if name in lacking and name != "KALLSYMS_ALL"]
    if case.text("machine") == "aarch64" and {"KEXEC_FILE", "KALLSYMS_ALL"} <= lacking:
        # Without both, kexec cannot find _text there: the image counts as loaded, and its dump cannot be read.
        missing.append("CONFIG_KEXEC_FILE or CONFIG_KALLSYMS_ALL: kexec describes the kernel's memory by them on arm64")
    if missing:
        return failed(f"The running kernel lacks {listed(missing)}.")
    return passed("The running kernel has what kexec and kdump need.")


def image_for_next_boot(case: Case) -> Finding:
    """Whatever kernel boots next, there is something to load."""
    if engine_of(case):
        return _environments(case)
    files = case.table("files")
    if not uses_collection(case):
        return failed(
            "There is no capture kernel: neither this collection's loader nor a distribution's kdump is set up."
        )
    missing = [path for path in (paths.KERNEL, paths.INITRAMFS, paths.LOADER) if not _bytes(files, path)]
    if missing:
        return failed(f"{listed(missing)} is not there, or empty.")
    return passed("Capture kernel, initramfs and loader are on the host, and serve whatever kernel boots next.")


def _bytes(files: dict[str, t.Any], path: str) -> int:
    facts = files.get(path)
    return int(facts.get("bytes") or 0) if isinstance(facts, dict) else 0


def _environments(case: Case) -> Finding:
    entries = [entry for entry in case.entries("boot.entries") if entry.get("managed")]
    matches = [_KERNEL_FILE.search(str(entry.get("kernel"))) for entry in entries]
    # Nobody expects a dump of a rescue system, and no kdump builds anything for it.
    releases = sorted({match[1] for match in matches if match and not match[1].startswith(_RESCUE)})
    known = {kernel["release"]: kernel["initramfs"] for kernel in case.entries("engine.kernels")}
    case.note("boot.kernels", releases)
    without = [release for release in releases if not known.get(release)]
    if without and _builds_at_boot(case) and known.get(case.text("release")):
        others = f"kdumpctl builds those of others at their boot: {listed(without)}"
        return passed(f"The running kernel has a save environment; {others}.")
    if without:
        return failed(f"These kernels can boot next and have no save environment: {listed(without)}.")
    if not releases:
        return unknown("The boot entries do not tell which kernels can boot next.")
    whole(case, "boot.entries")
    return passed(f"Every kernel that can boot next has a save environment: {listed(releases)}.")


def _builds_at_boot(case: Case) -> bool:
    """Whether the service itself builds what is missing when it starts, as kdumpctl does unless it is told not to."""
    return engine_of(case) == "kdump-utils" and told(case.table("engine.settings"), "force_no_rebuild") != "1"


def fresh(case: Case) -> Finding:
    """What the save environment was made from is as it was then."""
    if engine_of(case):
        return _newer_files(case)
    words = capture_words(case)
    if words is None:
        return unknown("Nothing was loaded by this collection's loader, so nobody knows what it was made for.")
    places = targets(case)
    if not places:
        return failed(f"The capture kernel is not told where to save: its command line has no {TARGET}.")
    if places[0].startswith("UUID="):
        return _same_file_system(case, places[0][len("UUID=") :])
    proof = case.proven.current
    if proof:
        return saved_first(case, proof, f"{proof.opening} saved with these very images and settings.")
    return unknown("Whether its dump target and keys are as they were is shown by a drill, and there is none.")


def _same_file_system(case: Case, uuid: str) -> Finding:
    found, path = case.text("target.uuid"), case.text("target.path")
    if found.lower() != uuid.lower():
        return failed(f"The capture kernel saves to the file system {uuid}; {path} is on {found}.")
    return passed(f"The capture kernel saves to the file system that {path} is on.")


def _newer_files(case: Case) -> Finding:
    files, release = case.table("files"), case.text("release")
    image = next(
        (kernel["initramfs"] for kernel in case.entries("engine.kernels") if kernel["release"] == release), None
    )
    if image is None or image not in files:
        return failed(f"There is no save environment for the running kernel {release}.")
    others = {str(kernel["initramfs"]) for kernel in case.entries("engine.kernels")} | {paths.KERNEL, paths.INITRAMFS}
    made = files[image]["modified"]
    newer = [path for path, facts in files.items() if path not in {*others, paths.LOADER} and facts["modified"] > made]
    if newer:
        return failed(f"{listed(sorted(newer))} changed after {image} was built.")
    return passed(f"{image} is newer than the kernel, its modules, fstab and the configuration.")


def drivers_inside(case: Case) -> Finding:
    """Only a drill over the same drivers shows that they are all there."""
    if goes_to_server(case):
        return _network_drivers_inside(case)
    steps = case.entries("target.path_modules")
    if not steps:
        raise MissingError("target.path_modules")
    proof = case.proven.current
    drivers = listed([str(step.get("module") or step.get("driver")) for step in steps], most=5)
    if proof is None:
        return unknown(f"No drill has shown that the save environment reaches the dump target over {drivers}.")
    same = case.proven.same_path
    if same is None:
        return unknown(f"{proof.opening} does not show that this host's {drivers} are inside.")
    return passed(f"{same.opening} reached its dump target over {drivers}.")


def _network_drivers_inside(case: Case) -> Finding:
    """Dumps that leave the host need nothing of its disks."""
    proof, same = case.proven.current, case.proven.same_card
    if proof is None:
        return unknown("No drill has shown that the save environment has the drivers to reach the server.")
    if same is None:
        return unknown(
            f"{proof.opening} does not show that the drivers of this host's network "
            "interface are inside. Run a drill of this host."
        )
    drill = same.opening
    found = saved_first(case, same, f"{drill} reached the server with the drivers of this host's network interface.")
    return found if found.status == "pass" else unknown(found.message)


def line_sane(case: Case) -> Finding:
    """What the capture kernel is started with."""
    words = capture_words(case)
    if words is None:
        return _arguments(case)
    names = {word.name for word in words}
    found = [f"it has {name}" for name in sorted(names & _HARMFUL) if not _zero(words, name)]
    if not names & _CPU_LIMITS:
        found.append("nothing keeps it to few CPUs")
    if "reset_devices" not in names and case.text("machine") not in _NO_RESET:
        found.append("it lacks reset_devices")
    if found:
        return failed(f"About the capture kernel's command line: {listed(found)}.")
    return passed("The capture kernel is kept to few CPUs, resets devices, and inherits nothing that takes its memory.")


def _zero(words: t.Sequence[t.Any], name: str) -> bool:
    """cma=0 gives memory back."""
    return any(word.name == name and word.text.partition("=")[2] == "0" for word in words)


def _arguments(case: Case) -> Finding:
    if engine_of(case) is None:
        return unknown("Nobody knows the capture kernel's command line: nothing was loaded by a loader that tells.")
    settings = case.table("engine.settings")
    given = " ".join(str(settings.get(name) or "") for name in _ARGUMENTS).split()
    harmful = sorted({word.partition("=")[0] for word in given} & _HARMFUL)
    if harmful:
        return failed(f"The configuration of the distribution's kdump adds {listed(harmful)}.")
    problems = [str(problem) for problem in case.items("engine.problems")]
    if problems:
        return failed(f"The distribution's kdump does not take its configuration: {listed(problems, most=1)}.")
    return passed("The distribution makes the command line, and its configuration adds nothing harmful.")


CONTROLS: t.Final = (
    Spec(
        id="KD-201",
        title="kexec and makedumpfile are there and know the kernel",
        severity="high",
        rationale="Nothing can be loaded without kexec. A makedumpfile that is older than the kernel fails, or keeps "
        "free pages, so that the dump is as large as the memory.",
        evidence=("tools", "estimate.makedumpfile.version", "proof.makedumpfile", "release",
                  "load", "service.enabled", "engine.name"),
        remediation="Install kexec-tools. Build the image with a newer makedumpfile, and run linux.kdump.deploy. Which "
        "one is in the image is told by a drill: linux.kdump.crash_test.",
        judge=tools_fit,
        references=(KDUMP,),
    ),
    Spec(
        id="KD-202",
        title="The kernel can do kexec and kdump",
        severity="high",
        rationale="Kernels are built without parts of it. On arm64, one without KEXEC_FILE and KALLSYMS_ALL counts as "
        "armed and leaves a dump that nobody can read.",
        evidence=("kernel_lacks", "machine"),
        remediation="Boot a kernel of the distribution that has it, or build one: linux.kdump.kernel_build with "
        "kind=system.",
        judge=kernel_can,
        references=(KDUMP,),
    ),
    Spec(
        id="KD-203",
        title="There is a capture kernel for whatever boots next",
        severity="critical",
        rationale="After an update another kernel boots. The distributions' save environments are built for one kernel "
        "each, and one that is missing means that nothing is loaded, except by kdumpctl, which builds it first.",
        evidence=("files", "boot.entries", "boot.kernels", "engine.kernels", "engine.settings", "release",
                  "load", "service.enabled", "engine.name", "omitted.boot.entries"),
        remediation="Run linux.kdump.deploy. For the distribution's kdump, build the save environment anew "
        "(kdumpctl rebuild, kdump-config or mkdumprd).",
        judge=image_for_next_boot,
    ),
    Spec(
        id="KD-204",
        title="The save environment fits what it was made from",
        severity="high",
        rationale="Kernel, modules, configuration, keys and file systems change; the save environment holds what they "
        "were when it was built.",
        evidence=("load.command_line", "target.uuid", "target.path", "files", "release", "engine.kernels",
                  "engine.name", "load", "service.enabled"),
        remediation="Run linux.kdump.deploy, or build the distribution's save environment anew.",
        judge=fresh,
    ),
    Spec(
        id="KD-205",
        title="The save environment has the drivers to reach the dump target",
        severity="medium",
        rationale="One driver that is missing, after new hardware or on a cloned image, and no dump is written. Only a "
        "drill of this host, or of one with the same drivers and images, shows that all are there. Where dumps go to a "
        "server, they are those of the network interface.",
        evidence=("target.path_modules", "load.command_line", "engine.name", "engine.settings", "load",
                  "service.enabled"),
        remediation="Run a drill: linux.kdump.crash_test. linux.kdump.capture_drivers finds what hosts need.",
        judge=drivers_inside,
    ),
    Spec(
        id="KD-206",
        title="The capture kernel's command line is sane",
        severity="medium",
        rationale="Reservations, huge pages and all CPUs of the production kernel do not fit into some megabytes, and "
        "devices that still run have to be reset.",
        evidence=("load.command_line", "machine", "engine.settings", "engine.problems", "engine.name", "load",
                  "service.enabled"),
        remediation="Run linux.kdump.deploy, which derives the line by a table for each architecture; take out of "
        "kdump_append, or of the distribution's configuration, what is named.",
        judge=line_sane,
        references=(KDUMP,),
    ),
)  # fmt: skip
