# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's hosts and how to reach its Network Controller as an Ansible inventory: a plan belongs to whoever uses it."""

from __future__ import annotations

import json
from typing import Any


def inventory(hosts: list[dict[str, Any]], controller: dict[str, Any]) -> str:
    """YAML, with every value quoted as JSON so that a password cannot become anything else."""
    lines = [
        "# Simulated Hyper-V hosts of the macpool.hyperv lab. Gone when the lab stops.",
        "---",
        "hyperv:",
        "  vars:",
        "    ansible_connection: winrm",
        "    ansible_winrm_transport: basic",
        "    ansible_winrm_scheme: http",
        "    macpool_network_controller:",
        *(f"      {name}: {json.dumps(value)}" for name, value in controller.items()),
        "  hosts:",
    ]
    for host in hosts:
        lines += [
            f"    {json.dumps(host['name'])}:",
            f"      ansible_host: {json.dumps(host['address'])}",
            f"      ansible_port: {json.dumps(host['port'])}",
            f"      ansible_user: {json.dumps(host['user'])}",
            f"      ansible_password: {json.dumps(host['password'])}",
        ]
    return "\n".join(lines) + "\n"
