# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drop-in for /etc/default/grub.d: the one file through which this collection talks to GRUB's menu generator."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Sequence

#: Sorts after what packages ship there, so that what others set is known when it is read.
NAME: t.Final = "zz-linux-kdump.cfg"

_HEAD = """\
# Written by the Ansible module linux.kdump.crashkernel, which replaces it: changes made here are lost.
# The menu generator reads it last, as shell. It takes out every crashkernel= that the files before it set
"""
_SET = "# and sets it for all entries, recovery ones included. It touches nothing else.\n"
_UNSET = "# and sets none. It touches nothing else.\n"

# GRUB_CMDLINE_LINUX_DEFAULT reaches no recovery entry, GRUB_CMDLINE_LINUX reaches all of them (grub.d/10_linux).
_TAKE_OUT = r"""for __kdump_name in GRUB_CMDLINE_LINUX GRUB_CMDLINE_LINUX_DEFAULT; do
  eval "__kdump_value=\${$__kdump_name-}"
  case "$__kdump_value" in
    *crashkernel=*)
      __kdump_value=$(printf '%s\n' "$__kdump_value" | sed -E 's/(^|[[:space:]])crashkernel=[^[:space:]]*//g')
      eval "$__kdump_name=\$__kdump_value"
      ;;
  esac
done
unset __kdump_name __kdump_value
"""

_MENTION = re.compile(r"^(?![ \t]*#).*\bcrashkernel=", re.MULTILINE)


def drop_in(parameters: Sequence[str]) -> str:
    """The drop-in that gives every entry these parameters and no others of their kind; none of them if empty."""
    if not parameters:
        return _HEAD + _UNSET + _TAKE_OUT
    # Nothing in a value needs quoting: the grammar lets no blank, quote, dollar sign or backslash through.
    value = " ".join(parameters)
    return f'{_HEAD}{_SET}{_TAKE_OUT}GRUB_CMDLINE_LINUX="${{GRUB_CMDLINE_LINUX:+$GRUB_CMDLINE_LINUX }}{value}"\n'


def sets_parameter(text: str) -> bool:
    """Whether a defaults file sets C(crashkernel=) outside of comments."""
    return _MENTION.search(text) is not None
