# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the world says when something cannot happen."""

from __future__ import annotations


class WorldError(Exception):
    """A verb that Hyper-V or the cluster would refuse."""


class PoolExhausted(WorldError):
    """No dynamic address is left on the host, so the VM does not start (fact 16)."""
