# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images a kernel would refuse, told from what is known of it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.host.trust import Key, Trust
from ansible_collections.linux.kdump.plugins.module_utils.kexec.refusal import (
    Gate,
    find_refusal,
    image_from_document,
    would_refuse,
)
from ansible_collections.linux.kdump.plugins.module_utils.signing.image import ImageSignatures, Signature

OURS, OTHER = "11" * 20, "22" * 20


def signature(*ids: str, form: str = "pe", intact: bool | None = True) -> Signature:
    return Signature(form, "CN=ours", "CN=ours", "ab" * 32, ids, intact)


#: Images, by what is special about them.
UNSIGNED = ImageSignatures(True, ())
NO_STUB = ImageSignatures(False, ())
SIGNED = ImageSignatures(True, (signature(OURS),))
CHANGED = ImageSignatures(True, (signature(OURS, intact=False),))
APPENDED = ImageSignatures(False, (signature(OURS, form="appended", intact=None),))
NAMELESS = ImageSignatures(True, (signature(),))
TWICE = ImageSignatures(True, (signature(OTHER), signature(OURS)))

#: Hosts. Debian's and Fedora's kernels are configured alike where signatures are concerned.
DISTRIBUTION = {"KEXEC_FILE": "y", "KEXEC_SIG": "y", "KEXEC_BZIMAGE_VERIFY_SIG": "y", "SECURITY_LOCKDOWN_LSM": "y"}
CA = Key("Distribution CA", OTHER)
MINE = Key("ours", OURS)


def trust(*keys: Key, **changes: t.Any) -> Trust:
    fields: dict[str, t.Any] = {"secure_boot": True, "config": DISTRIBUTION, "keys": keys, "keyrings": (".platform",)}
    return Trust(**{**fields, **changes})


def gate(found: Trust, lockdown: str | None = "integrity", machine: str = "x86_64") -> Gate:
    return Gate(machine, found, lockdown)


OPEN = gate(trust(CA, secure_boot=False), "none")
SECURE = gate(trust(CA))
ENROLLED = gate(trust(CA, MINE))
BY_COMMAND_LINE = gate(trust(CA, secure_boot=False), "confidentiality")
FORCED = gate(trust(CA, secure_boot=False, config={**DISTRIBUTION, "KEXEC_SIG_FORCE": "y"}), "none")
IMA_POLICY = gate(trust(CA, config={**DISTRIBUTION, "IMA_ARCH_POLICY": "y"}), "none")
IMA_POLICY_OFF = gate(trust(CA, secure_boot=False, config={**DISTRIBUTION, "IMA_ARCH_POLICY": "y"}), "none")
NO_VERIFIER = gate(trust(CA, config={"KEXEC_FILE": "y", "KEXEC_SIG": "y"}))
NO_FILE_LOAD = gate(trust(CA, config={"KEXEC_SIG": "y"}))
NO_FILE_LOAD_OPEN = gate(trust(CA, config={"HZ": "250"}), "none")
NO_CHECK = gate(trust(CA, config={"KEXEC_FILE": "y"}))
NO_CONFIG = gate(trust(CA, config=None))
NO_KEYS = gate(trust(keys=None))
S390X = gate(trust(CA, config={"KEXEC_FILE": "y", "KEXEC_SIG": "y"}), machine="s390x")
S390X_PLAIN = gate(trust(CA, config={"KEXEC_FILE": "y", "KEXEC_SIG": "y"}, secure_boot=False), machine="s390x")
ARM64 = gate(trust(CA, config={"KEXEC_FILE": "y", "KEXEC_SIG": "y", "KEXEC_IMAGE_VERIFY_SIG": "y"}), machine="aarch64")


@pytest.mark.parametrize(
    ("at", "image", "expected"),
    [
        (OPEN, UNSIGNED, None),
        (OPEN, CHANGED, None),
        (SECURE, UNSIGNED, "unsigned"),
        (SECURE, NO_STUB, "unsigned"),
        (SECURE, SIGNED, "untrusted"),
        (SECURE, CHANGED, "changed"),
        (SECURE, TWICE, None),
        (SECURE, APPENDED, "unsigned"),
        (SECURE, NAMELESS, None),
        (SECURE, None, None),
        (ENROLLED, SIGNED, None),
        (ENROLLED, CHANGED, "changed"),
        (BY_COMMAND_LINE, UNSIGNED, "unsigned"),
        (FORCED, UNSIGNED, "unsigned"),
        (FORCED, SIGNED, "untrusted"),
        (IMA_POLICY, UNSIGNED, "unsigned"),
        (IMA_POLICY_OFF, UNSIGNED, None),
        (NO_VERIFIER, SIGNED, "cannot-verify"),
        (NO_VERIFIER, None, "cannot-verify"),
        (NO_CHECK, UNSIGNED, None),
        (NO_FILE_LOAD, SIGNED, "no-file-load"),
        (NO_FILE_LOAD_OPEN, SIGNED, "no-file-load"),
        (NO_CONFIG, UNSIGNED, None),
        (NO_KEYS, SIGNED, None),
        (NO_KEYS, UNSIGNED, "unsigned"),
        (S390X, APPENDED, "untrusted"),
        (S390X, SIGNED, "unsigned"),
        (S390X_PLAIN, UNSIGNED, None),
        (ARM64, UNSIGNED, "unsigned"),
    ],
)
def test_kexec_file_load(at: Gate, image: ImageSignatures | None, expected: str | None) -> None:
    found = would_refuse(at, image)
    assert (found.id if found else None) == expected


@pytest.mark.parametrize(
    ("at", "syscalls", "expected"),
    [
        (SECURE, ("kexec_load",), "kexec-load"),
        (OPEN, ("kexec_load",), None),
        # Signatures concern the other call only.
        (FORCED, ("kexec_file_load", "kexec_load"), None),
        (SECURE, ("kexec_file_load", "kexec_load"), "unsigned"),
        (NO_FILE_LOAD, ("kexec_file_load", "kexec_load"), "no-file-load"),
        (NO_FILE_LOAD_OPEN, ("kexec_file_load", "kexec_load"), None),
    ],
)
def test_one_call_that_works_is_enough(at: Gate, syscalls: tuple[str, ...], expected: str | None) -> None:
    found = would_refuse(at, UNSIGNED, syscalls=syscalls)
    assert (found.id if found else None) == expected


def test_a_key_that_waits_to_be_enrolled_counts_for_the_next_boot() -> None:
    waiting = gate(trust(CA, enrolment_pending=True))
    now, later, unsigned = (
        would_refuse(waiting, SIGNED),
        would_refuse(waiting, SIGNED, later=True),
        would_refuse(waiting, UNSIGNED, later=True),
    )
    assert now and now.id == "untrusted"
    assert later is None
    assert unsigned and unsigned.id == "unsigned"


def test_a_used_up_limit_is_over_with_the_next_boot() -> None:
    used = gate(trust(load_limit=0), "none")
    found = would_refuse(used, SIGNED)
    assert found and found.id == "load-limit"
    assert would_refuse(used, SIGNED, later=True) is None
    assert would_refuse(gate(trust(load_limit=1), "none"), SIGNED) is None


@pytest.mark.parametrize(
    ("at", "image", "words"),
    [
        (SECURE, UNSIGNED, "is not signed, and the running kernel is locked down (integrity, by Secure Boot). Sign it"),
        (SECURE, NO_STUB, "is not signed and cannot be, since it was built without an EFI stub, and the running"),
        (BY_COMMAND_LINE, UNSIGNED, "(confidentiality, by its command line or its configuration)"),
        (FORCED, UNSIGNED, "takes signed images only (CONFIG_KEXEC_SIG_FORCE)"),
        (IMA_POLICY, UNSIGNED, "takes signed images only (Secure Boot and CONFIG_IMA_ARCH_POLICY)"),
        (SECURE, SIGNED, f"is signed by CN=ours, whose key ({OURS}) is in none of .platform, and"),
        (NO_VERIFIER, SIGNED, "built without CONFIG_KEXEC_BZIMAGE_VERIFY_SIG"),
        (NO_FILE_LOAD, SIGNED, "built without CONFIG_KEXEC_FILE, and the running kernel is locked down"),
        (NO_FILE_LOAD_OPEN, SIGNED, "and no other call is to be used. Use syscall=auto"),
    ],
)
def test_the_message_says_what_why_and_what_to_do(at: Gate, image: ImageSignatures, words: str) -> None:
    text = str(would_refuse(at, image))
    assert words in text
    assert text.endswith(".")
    assert "\n" not in text


def test_what_the_controller_has_read_is_taken_as_it_is() -> None:
    assert image_from_document(json.loads(json.dumps(SIGNED.document()))) == SIGNED
    assert image_from_document(None) is None


def test_the_hosts_own_file_is_read_where_nothing_is_offered(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    file = Path(host.path(paths.KERNEL))
    file.parent.mkdir(parents=True)
    syscalls = ("kexec_file_load",)
    assert find_refusal(SECURE, paths.KERNEL, None, host=host, syscalls=syscalls, later=False) is None
    file.write_bytes(b"kernel")
    found = find_refusal(SECURE, paths.KERNEL, None, host=host, syscalls=syscalls, later=False)
    assert found and found.id == "unsigned"
    assert find_refusal(ENROLLED, paths.KERNEL, SIGNED, host=host, syscalls=syscalls, later=False) is None
    file.write_bytes(b"~Module signature appended~\n")
    with pytest.raises(KdumpError, match="Cannot read the signatures of"):
        find_refusal(SECURE, paths.KERNEL, None, host=host, syscalls=syscalls, later=False)
    assert find_refusal(OPEN, paths.KERNEL, None, host=host, syscalls=syscalls, later=False) is None
