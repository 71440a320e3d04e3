# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The options of the tasks of the action group host."""

from __future__ import annotations

from .shared import LEDGER_OPTIONS, Spec

GATHER = [
    "range",
    "cluster",
    "cluster_groups",
    "vms",
    "checkpoints",
    "port_profiles",
    "host_adapters",
    "physical_adapters",
    "switches",
    "container_networks",
]

HOST_INFO: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        "gather": {"type": "list", "elements": "str", "choices": GATHER, "default": GATHER},
        "vms": {"type": "list", "elements": "str"},
        "save_dir": {"type": "str"},
        "record": {"type": "bool", "default": False},
        "return_observation": {"type": "bool", "default": True},
    },
}

HOST_RANGE: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "start": {"type": "raw"},
        "end": {"type": "raw"},
        "host": {"type": "str"},
        "stranded": {"type": "str", "default": "fail", "choices": ["fail", "allow"]},
        "method": {"type": "str", "default": "auto", "choices": ["auto", "cmdlet", "registry"]},
    },
    "required_together": [("start", "end")],
}

VM_NETWORK_ADAPTER: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        "adapters": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "vm": {"type": "str", "required": True},
                "name": {"type": "str"},
                "mac_address": {"type": "raw"},
                "pool": {"type": "str"},
                "pin": {"type": "bool", "default": False},
                "dynamic": {"type": "bool", "default": False},
                "owner": {"type": "str"},
            },
        },
        "when_running": {"type": "str", "default": "fail", "choices": ["fail", "pending", "restart"]},
        "when_missing": {"type": "str", "default": "fail", "choices": ["fail", "skip"]},
        "bound": {"type": "str", "default": "fail", "choices": ["fail", "change"]},
        "reserve_for": {"type": "str", "default": "4h"},
        "shutdown_timeout": {"type": "int", "default": 300},
        "force_off": {"type": "bool", "default": False},
    },
}

VM: Spec = {
    "argument_spec": {
        "vms": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "host": {"type": "str"},
                "generation": {"type": "int", "default": 2, "choices": [1, 2]},
                "memory": {"type": "str"},
                "path": {"type": "str"},
                "vhd_path": {"type": "str"},
                "switch": {"type": "str"},
                "adapter_name": {"type": "str", "default": "Network Adapter"},
                "clustered": {"type": "bool", "default": False},
                "role_name": {"type": "str"},
            },
        },
        "state": {"type": "str", "default": "present", "choices": ["present", "started", "stopped", "absent"]},
        "when_missing": {"type": "str", "default": "create", "choices": ["create", "skip"]},
        "stop": {"type": "bool", "default": False},
        "shutdown_timeout": {"type": "int", "default": 300},
        "force_off": {"type": "bool", "default": False},
    },
}

VM_PORT_PROFILE: Spec = {
    "argument_spec": {
        "profiles": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "vm": {"type": "str", "required": True},
                "name": {"type": "str"},
                "interface_id": {"type": "str"},
                "null_profile": {"type": "bool", "default": False},
                "absent": {"type": "bool", "default": False},
                "profile_data": {"type": "int", "choices": [1, 2, 6]},
                "mac_address": {"type": "raw"},
                "allow_dynamic": {"type": "bool", "default": False},
                "replaces": {"type": "str"},
            },
        },
        "when_missing": {"type": "str", "default": "fail", "choices": ["fail", "skip"]},
        "rebind": {"type": "bool", "default": False},
    },
}
