# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The options of the tasks of the action group ledger."""

from __future__ import annotations

from .shared import LEDGER_OPTIONS, Spec

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
        "correct_times": {"type": "bool", "default": False},
        "forget_hosts": {"type": "list", "elements": "str", "default": []},
    },
    "required_if": [("state", state, ["path"]) for state in ("exported", "imported", "backed_up", "restored")],
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
}

PLAN_INFO: Spec = {
    "argument_spec": {**LEDGER_OPTIONS, "with_ledger": {"type": "bool", "default": True}},
}

HOST_RANGE_LEASE: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        "state": {"type": "str", "default": "present", "choices": ["present", "retired"]},
        "hosts": {"type": "list", "elements": "str"},
    },
    "required_if": [("state", "retired", ["hosts"])],
}

OBSERVED: Spec = {
    "observations_dir": {"type": "str"},
    "observations": {"type": "list", "elements": "dict"},
    "host_results": {"type": "dict"},
    "controller_results": {"type": "list", "elements": "dict", "default": []},
    "expected_hosts": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"name": {"type": "str", "required": True}, "reason": {"type": "str", "default": ""}},
    },
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
}

AUDIT: Spec = {
    "argument_spec": {
        **LEDGER_OPTIONS,
        **OBSERVED,
        "report_dir": {"type": "str"},
        "fail_at": {"type": "str", "default": "critical", "choices": ["critical", "high", "medium", "low", "never"]},
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
}
