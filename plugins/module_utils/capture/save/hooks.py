# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's optional part that runs a user's own programs before and after saving.

Nothing that a hook does can stop the save: each has a time limit and is among the first that the kernel kills when
memory is short. What failed is on the console and in the record. The record is written before the hooks that run
after saving, and once more after them, so that it is there even where a hook takes the machine down.

What a hook finds in its environment::

    KDUMP_STAGE     before or after
    KDUMP_KERNEL    the capture kernel's release
    KDUMP_VMCORE    /proc/vmcore
    KDUMP_ID        the dump's id; empty before
    KDUMP_STATUS    saved or failed; empty before
    KDUMP_FAILURE   the tag of the first failure, or empty
    KDUMP_FOLDER    the dump's folder where its file system is mounted, else empty; empty before
"""

from __future__ import annotations

import typing as t

#: Where hooks lie in the image, by stage.
HOOKS_PATH: t.Final = "etc/kdump/hooks"
STAGES: t.Final = ("before", "after")
DEFAULT_LIMIT: t.Final = 30
#: All of them run one after the other, and nobody waits for ever.
MOST_HOOKS: t.Final = 32

_HOOKS: t.Final = r"""
# --- hooks -------------------------------------------------------------------------------------------------------

hooks_time={total} hook_limit={limit} hook_results='' hooks_ended=''

run_hooks() {{
    KDUMP_STAGE=$1 KDUMP_VMCORE=$proc/vmcore
    KDUMP_KERNEL=$(uname -r)
    export KDUMP_STAGE KDUMP_KERNEL KDUMP_VMCORE KDUMP_ID KDUMP_STATUS KDUMP_FAILURE KDUMP_FOLDER
    for hook in "$etc/hooks/$1"/*; do
        [ -f "$hook" ] || continue
        now
        began_hook=$uptime
        limited "$hook_limit" "$hook" </dev/null
        rc=$?
        now
        result="{{\"name\":\"${{hook##*/}}\",\"stage\":\"$1\",\"rc\":$rc,\"started\":$began_hook,\"ended\":$uptime}}"
        hook_results="$hook_results${{hook_results:+,}}$result"
        [ "$rc" -eq 0 ] || say "note-hook ${{hook##*/}} ($1): status $rc: $(last_words)"
    done
    more="$more_before,\"hooks\":[$hook_results]"
}}

before_saving() {{
    more_before=$more
    KDUMP_ID='' KDUMP_STATUS='' KDUMP_FAILURE='' KDUMP_FOLDER=''
    run_hooks before
}}

after_saving() {{
    [ -z "$hooks_ended" ] || return 0
    hooks_ended=1
    [ "$(echo "$etc/hooks/after"/*)" != "$etc/hooks/after/*" ] || return 0
    KDUMP_ID=$id KDUMP_FAILURE=${{failure:-$earlier}} KDUMP_STATUS=failed KDUMP_FOLDER=''
    [ -z "$core_saved" ] || KDUMP_STATUS=saved
    [ -z "$mounted" ] || KDUMP_FOLDER=$folder
    run_hooks after
    # A folder whose file system is no longer mounted is not the target's.
    [ -z "$folder" ] || {{ [ -z "$mounted" ] && [ "$record_saver" = write_record ]; }} || save_record
}}
"""


def part(*, count: int, limit: int) -> str:
    """The part for an image with so many hooks, each with a limit in seconds."""
    return _HOOKS.format(total=count * (limit + 5), limit=limit)
