#!/usr/bin/env bash
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The role asks sudo with the password it was given, and says what is missing where sudo does not take it.
set -euo pipefail

# Root becomes nobody, and nobody becomes root: without this the second step would be left out.
export ANSIBLE_BECOME_ALLOW_SAME_USER=1

place=$(mktemp --directory)
trap 'rm -r "$place"' EXIT
chmod 755 "$place"
install --mode=755 sudo "$place/sudo"

ask() {
    python3 -c 'import json, sys; print(json.dumps(dict(zip(sys.argv[1::2], sys.argv[2::2]))))' \
        controller_place "$place" controller_message "$1" "${@:2}" >"$place/vars.json"
    ansible-playbook playbook.yml --extra-vars "@$place/vars.json"
}

refused='not installed: no-such-package-at-all[.] Run this as root, or give the password of sudo with --ask-become-pass'
# Let in: the answer is that of apt.
ask "No package matching 'no-such-package-at-all' is available" ansible_sudo_pass secret
ask "$refused" ansible_sudo_pass wrong
ask "$refused"
