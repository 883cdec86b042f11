# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading anew when CPUs or memory have come or gone: the image holds a list of both, made when it was loaded.

Since Linux 6.6 a kernel may keep that list up to date by itself and says so in crash_hotplug. Where it does not, a rule
of udev leaves a mark and no more, since a machine that gains memory sends an event for each of its blocks. A path unit
starts the service for the mark, again where one came while it ran, and the service waits before it looks: a storm of
events is one load every few seconds.
"""

from __future__ import annotations

import typing as t

from ..host import paths

#: Seconds in which events are gathered.
_GATHER: t.Final = 3

#: Every boot has udevadm ask for the events of what is there already, which the kernel marks with SYNTH_UUID.
RULE: t.Final = f"""# Written by linux.kdump.kexec_crash, which undoes any change.
ACTION!="add|remove|online|offline", GOTO="linux_kdump_end"
SUBSYSTEM!="cpu|memory", GOTO="linux_kdump_end"
ENV{{SYNTH_UUID}}=="?*", GOTO="linux_kdump_end"
ATTRS{{crash_hotplug}}=="1", GOTO="linux_kdump_end"
RUN+="/bin/touch {paths.HOTPLUG_MARK}"
LABEL="linux_kdump_end"
"""

PATH_UNIT: t.Final = f"""# Written by linux.kdump.kexec_crash, which undoes any change.
[Unit]
Description=CPUs or memory that came or went since the crash kernel was loaded (linux.kdump)

[Path]
PathExists={paths.HOTPLUG_MARK}
"""

#: The mark goes before the load: what happens during that is for the next one.
SERVICE_UNIT: t.Final = f"""# Written by linux.kdump.kexec_crash, which undoes any change.
[Unit]
Description=Load the crash kernel for the CPUs and the memory that there are now (linux.kdump)

[Service]
Type=oneshot
ExecStartPre=/bin/sleep {_GATHER}
ExecStartPre=/bin/rm -f {paths.HOTPLUG_MARK}
ExecStart=/bin/systemctl try-reload-or-restart {paths.UNIT_NAME}
TimeoutStartSec=7min
"""
