# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What the specifications of all tasks share. For internal use by this collection only.

An action validates its arguments by the same spec that its module documents, so that the two cannot drift apart.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

Spec = dict[str, Any]
"""What a task passes to AnsibleModule, besides that every task supports check mode."""

LEDGER_OPTIONS: Spec = {
    "ledger": {"type": "str"},
    "plan": {"type": "dict"},
    "lock_timeout": {"type": "int", "default": 30},
}


def run_as_action(spec: Spec) -> NoReturn:
    """Fail with the message that a task runs on the controller: reached only if the module itself is started."""
    module = AnsibleModule(**spec, supports_check_mode=True)
    module.fail_json(
        msg=(
            f"macpool.hyperv.{module._name.rsplit('.', 1)[-1]} must run through its action plugin. Call it by its full"
            " name, with the collection installed on the controller."
        )
    )
    raise SystemExit(1)
