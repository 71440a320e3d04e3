# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is at work, for the history of the ledger."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Callable
from typing import Any

from ._ledger.model import Job


def current_job(variable: Callable[[str], Any]) -> Job:
    """Return the AWX job and user where they exist, and the process and login otherwise.

    :param variable: returns the value of a variable of the task, or None
    """
    awx_job = variable("awx_job_id") or variable("tower_job_id")
    awx_user = variable("awx_user_name") or variable("tower_user_name")
    # The parent of the worker process is the ansible-playbook that all tasks of a play share.
    name = f"awx/{awx_job}" if awx_job else f"{platform.node()}/{os.getppid()}"
    return Job(name=name, user=str(awx_user or _login()))


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())  # a container's user may have no name
