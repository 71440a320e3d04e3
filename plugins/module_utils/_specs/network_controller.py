# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The options of the tasks of the action group network_controller."""

from __future__ import annotations

from .shared import LEDGER_OPTIONS, Spec

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
    "retries": {"type": "int", "default": 7},
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
}

NC_MAC_POOL_INFO: Spec = {
    "argument_spec": {**NETWORK_CONTROLLER_OPTIONS, "names": {"type": "list", "elements": "str"}},
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
                "adopt": {"type": "bool", "default": False},
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
                "change_protected": {"type": "bool", "default": False},
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
        "observations_dir": {"type": "str"},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "parallel": {"type": "int", "default": 4},
        "reserve_for": {"type": "str", "default": "4h"},
    },
    "required_one_of": [("interfaces", "observations")],
    "mutually_exclusive": [("interfaces", "observations"), ("observations", "observations_dir")],
    "required_if": [("state", "absent", ("interfaces",))],
}

NC_NETWORK_INTERFACE_INFO: Spec = {
    "argument_spec": {**NETWORK_CONTROLLER_OPTIONS, "names": {"type": "list", "elements": "str"}},
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
}

_INTERFACE_OPTIONS: Spec = NC_NETWORK_INTERFACE["argument_spec"]["interfaces"]["options"]
_ADAPTER_OPTIONS: Spec = {
    "interface": {"type": "str"},
    "owner": {"type": "str"},
    "keep_address": {"type": "bool", "default": False},
    "profile_data": {"type": "int", "choices": [1, 2, 6]},
    **{
        key: _INTERFACE_OPTIONS[key]
        for key in ("pool", "mac_address", "dynamic", "dns_servers", "ip_configurations", "port_settings")
    },
    "change_protected": {"type": "bool", "default": False},
}

TENANT_VM_PLAN: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        "step": {"type": "str", "required": True, "choices": ["decide", "bind", "release", "show"]},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "start": {"type": "bool", "default": True},
        "stop": {"type": "bool", "default": False},
        "remove": {"type": "bool", "default": False},
        "unread_hosts": {"type": "str", "default": "refuse", "choices": ["refuse", "allow"]},
        "wanted": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "host": {"type": "str", "required": True},
                "adapter_name": {"type": "str"},
                "generation": {"type": "int", "default": 2, "choices": [1, 2]},
                "memory": {"type": "str"},
                "path": {"type": "str"},
                "vhd_path": {"type": "str"},
                "switch": {"type": "str"},
                "clustered": {"type": "bool", "default": True},
                "role_name": {"type": "str"},
                **_ADAPTER_OPTIONS,
                "adapters": {
                    "type": "list",
                    "elements": "dict",
                    "options": {"name": {"type": "str", "required": True}, **_ADAPTER_OPTIONS},
                },
            },
        },
        "host_results": {"type": "dict"},
        "listed": {"type": "list", "elements": "dict"},
        "rows": {"type": "list", "elements": "dict", "default": []},
        "made": {"type": "list", "elements": "dict", "default": []},
        "results": {"type": "list", "elements": "dict", "default": []},
        "claims": {"type": "list", "elements": "dict", "default": []},
    },
    "required_if": [("step", "decide", ["wanted", "host_results", "listed"])],
}
