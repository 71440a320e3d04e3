# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The options of every task. For internal use by this collection only.

An action validates its arguments by the same spec that its module documents, so that the two cannot drift apart.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

Spec = dict[str, Any]

LEDGER_OPTIONS: Spec = {
    "ledger": {"type": "str"},
    "plan": {"type": "dict"},
    "lock_timeout": {"type": "int", "default": 30},
}

LEDGER: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        "state": {
            "type": "str",
            "default": "present",
            "choices": ["present", "verified", "exported", "imported", "backed_up", "restored"],
        },
        "path": {"type": "path"},
        "accept_plan": {"type": "bool", "default": False},
        "accept_rollback": {"type": "bool", "default": False},
        "forget_hosts": {"type": "list", "elements": "str", "default": []},
    },
    "required_if": [
        ("state", "exported", ["path"]),
        ("state", "imported", ["path"]),
        ("state", "backed_up", ["path"]),
        ("state", "restored", ["path"]),
    ],
    "supports_check_mode": True,
}

ALLOCATION: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        "claims": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "owner": {"type": "str"},
                "pool": {"type": "str"},
                "mac_address": {"type": "raw"},
                "note": {"type": "str", "default": ""},
                "cluster": {"type": "str", "default": ""},
                "vm_id": {"type": "str"},
                "adapter_id": {"type": "str"},
                "adopt": {"type": "bool", "default": False},
            },
            "required_together": [("vm_id", "adapter_id")],
        },
        "state": {
            "type": "str",
            "default": "present",
            "choices": ["present", "confirmed", "released", "held", "unheld", "rebound"],
        },
        "pool": {"type": "str"},
        "reserve_for": {"type": "str", "default": "4h"},
        "gone": {"type": "bool", "default": False},
    },
    "supports_check_mode": True,
}

ALLOCATION_INFO: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        "owners": {"type": "list", "elements": "str"},
        "mac_addresses": {"type": "list", "elements": "raw"},
        "pools": {"type": "list", "elements": "str"},
        "states": {
            "type": "list",
            "elements": "str",
            "choices": ["reserved", "applied", "releasing", "quarantined", "held"],
        },
        "at": {"type": "str"},
        "history": {"type": "bool", "default": False},
    },
    "supports_check_mode": True,
}

PLAN_INFO: Spec = {
    "argument_spec": {**LEDGER_OPTIONS, "with_ledger": {"type": "bool", "default": True}},
    "supports_check_mode": True,
}

HOST_RANGE_LEASE: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        "state": {"type": "str", "default": "present", "choices": ["present", "retired"]},
        "hosts": {"type": "list", "elements": "str"},
    },
    "required_if": [("state", "retired", ["hosts"])],
    "supports_check_mode": True,
}

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
    "supports_check_mode": True,
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
    "supports_check_mode": True,
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
    "supports_check_mode": True,
}

NETWORK_CONTROLLER_OPTIONS: Spec = {
    "url": {"type": "str", "required": True},
    "auth": {"type": "str", "choices": ["none", "basic", "certificate", "kerberos"]},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "use_proxy": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 30},
    "retries": {"type": "int", "default": 5},
    "managed_by": {"type": "str", "default": "auto", "choices": ["auto", "administrator", "azure_arc"]},
    "wait_timeout": {"type": "int", "default": 300},
}

NC_MAC_POOL: Spec = {
    "argument_spec": {
        **NETWORK_CONTROLLER_OPTIONS,
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "start": {"type": "raw"},
        "end": {"type": "raw"},
        "size": {"type": "int"},
    },
    "required_if": [("state", "present", ["start"])],
    "mutually_exclusive": [("end", "size")],
    "supports_check_mode": True,
}

NC_MAC_POOL_INFO: Spec = {
    "argument_spec": {**NETWORK_CONTROLLER_OPTIONS, "names": {"type": "list", "elements": "str"}},
    "supports_check_mode": True,
}

NC_NETWORK_INTERFACE: Spec = {
    "argument_spec": {
        **NETWORK_CONTROLLER_OPTIONS,
        **LEDGER_OPTIONS,
        "interfaces": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str"},
                "instance_id": {"type": "str"},
                "mac_address": {"type": "raw"},
                "pool": {"type": "str"},
                "dynamic": {"type": "bool", "default": False},
                "owner": {"type": "str"},
                "primary": {"type": "bool"},
                "dns_servers": {"type": "list", "elements": "str"},
                "ip_configurations": {
                    "type": "list",
                    "elements": "dict",
                    "options": {
                        "name": {"type": "str", "required": True},
                        "ip_address": {"type": "str"},
                        "allocation": {"type": "str", "choices": ["static", "dynamic", "unmanaged"]},
                        "subnet": {"type": "str"},
                        "access_control_list": {"type": "str"},
                    },
                },
                "purge_ip_configurations": {"type": "bool", "default": False},
                "port_settings": {
                    "type": "dict",
                    "options": {
                        "mac_spoofing": {"type": "bool"},
                        "arp_guard": {"type": "bool"},
                        "dhcp_guard": {"type": "bool"},
                        "storm_limit": {"type": "int"},
                        "port_flow_limit": {"type": "int"},
                        "vmq_weight": {"type": "int"},
                        "iov_weight": {"type": "int"},
                        "iov_interrupt_moderation": {"type": "str"},
                        "iov_queue_pairs": {"type": "int"},
                    },
                },
            },
        },
        "observations": {"type": "list", "elements": "dict"},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "parallel": {"type": "int", "default": 4},
        "reserve_for": {"type": "str", "default": "4h"},
    },
    "required_one_of": [("interfaces", "observations")],
    "mutually_exclusive": [("interfaces", "observations")],
    "required_if": [("state", "absent", ("interfaces",))],
    "supports_check_mode": True,
}

NC_NETWORK_INTERFACE_INFO: Spec = {
    "argument_spec": {**NETWORK_CONTROLLER_OPTIONS, "names": {"type": "list", "elements": "str"}},
    "supports_check_mode": True,
}

NC_INFO: Spec = {
    "argument_spec": {
        **NETWORK_CONTROLLER_OPTIONS,
        **LEDGER_OPTIONS,
        "name": {"type": "str", "default": "network_controller"},
        "save_dir": {"type": "str"},
        "record": {"type": "bool", "default": False},
        "return_observation": {"type": "bool", "default": True},
    },
    "supports_check_mode": True,
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
    "supports_check_mode": True,
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
            },
        },
        "when_missing": {"type": "str", "default": "fail", "choices": ["fail", "skip"]},
        "rebind": {"type": "bool", "default": False},
    },
    "supports_check_mode": True,
}

EXPECTED_HOSTS: Spec = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {"name": {"type": "str", "required": True}, "reason": {"type": "str", "default": ""}},
}

OBSERVED: Spec = {
    "observations_dir": {"type": "str"},
    "observations": {"type": "list", "elements": "dict"},
    "host_results": {"type": "dict"},
    "controller_results": {"type": "list", "elements": "dict", "default": []},
    "expected_hosts": EXPECTED_HOSTS,
}
OBSERVED_SOMEHOW = ("observations_dir", "observations", "host_results")

BATCH_INFO: Spec = {
    "argument_spec": {
        "hosts": {"type": "list", "elements": "str", "required": True},
        "running": {"type": "list", "elements": "str", "required": True},
        "batch": {"type": "list", "elements": "str", "required": True},
        "done": {"type": "list", "elements": "str", "default": []},
        "undivided": {"type": "bool", "default": False},
    },
    "supports_check_mode": True,
}

AUDIT: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        **OBSERVED,
        "report_dir": {"type": "str"},
        "fail_at": {
            "type": "str",
            "default": "critical",
            "choices": ["critical", "high", "medium", "low", "never"],
        },
        "show": {"type": "int", "default": 10},
        "with_ledger": {"type": "bool"},
        "trend": {"type": "bool", "default": True},
        "what_if": {
            "type": "dict",
            "options": {
                "action": {"type": "str", "required": True, "choices": ["drain", "fail", "set_range", "add_host"]},
                "host": {"type": "str", "required": True},
                "range": {"type": "dict"},
                "ipv4": {"type": "str"},
                "cluster": {"type": "str"},
            },
        },
        "return_report": {"type": "bool", "default": False},
    },
    "required_one_of": [OBSERVED_SOMEHOW],
    "supports_check_mode": True,
}

ADOPT: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        **OBSERVED,
        "missing": {"type": "str", "default": "fail", "choices": ["fail", "report"]},
        "claim": {"type": "bool"},
        "plan_file": {"type": "str"},
        "scope": {"type": "str", "default": ""},
    },
    "required_one_of": [OBSERVED_SOMEHOW],
    "supports_check_mode": True,
}


def run_as_action(spec: Spec) -> NoReturn:
    """Say that a task runs on the controller: reached only when somebody starts the module itself."""
    module = AnsibleModule(**spec)
    module.fail_json(
        msg=(
            f"{module._name}: wanted the action plugin of the same name, which decides on the controller; found the"
            " module alone. Run the task with the collection macpool.hyperv installed and its full name, "
            f"such as macpool.hyperv.{module._name.rsplit('.', 1)[-1]}."
        )
    )
    raise SystemExit(1)
