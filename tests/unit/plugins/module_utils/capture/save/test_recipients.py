# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the keys that dumps are encrypted to: what age would refuse after a crash is refused before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.save import recipients
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError

AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsqY1ckwSlZAH8UAL5NaoTONtyrm3P/G0aY4LVu7QnG"


def test_keys_are_taken_as_age_takes_them() -> None:
    keys = recipients.recipients([AGE, f"{SSH} somebody@example.org", f" {AGE} "])
    assert keys == (AGE, SSH)
    assert recipients.text(keys) == f"{AGE}\n{SSH}\n"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "not one key"),
        (f"{AGE}\n{AGE}", "not one key"),
        ("age1", "not 62 letters"),
        (AGE[:-1], "not 62 letters"),
        (AGE.upper(), "neither an age public key"),
        (f"{AGE} comment", "neither an age public key"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ", "neither an age public key"),
        ("ssh-ed25519", "neither an age public key"),
        ("ssh-ed25519 %%%", "not a whole ssh-ed25519 key"),
        (SSH[:-4], "not a whole ssh-ed25519 key"),
        # A number that is the y of no point of the curve.
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "not a whole"),
    ],
)
def test_keys_that_are_none(key: str, message: str) -> None:
    with pytest.raises(KdumpError, match=message) as caught:
        recipients.recipients([AGE, key])
    assert "recipient 2" in caught.value.message
    assert "\n" not in caught.value.message


def test_a_secret_key_is_refused_without_being_shown() -> None:
    with pytest.raises(KdumpError, match="secret key") as caught:
        recipients.recipients(["AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"])
    assert "QQQ" not in caught.value.message


@given(st.integers(0, 57), st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l"))
def test_one_wrong_letter_is_found(place: int, letter: str) -> None:
    wrong = AGE[: 4 + place] + letter + AGE[5 + place :]
    if wrong == AGE:
        assert recipients.recipients([wrong])
        return
    with pytest.raises(KdumpError, match="checksum is wrong"):
        recipients.recipients([wrong])


@given(st.text(max_size=100))
def test_any_text_is_a_key_or_one_error(text: str) -> None:
    try:
        assert recipients.recipients([text])
    except KdumpError as error:
        assert "\n" not in error.message


def test_a_list_of_recipients_has_an_end() -> None:
    with pytest.raises(KdumpError, match="at most 64"):
        recipients.recipients([AGE] * 65)
