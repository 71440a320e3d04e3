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

LEDGER_OPTIONS: Spec = {
    "ledger": {"type": "str"},
    "plan": {"type": "dict"},
    "lock_timeout": {"type": "int", "default": 30},
}


def run_as_action(spec: Spec) -> NoReturn:
    """Say that a task runs on the controller: reached only when somebody starts the module itself."""
    module = AnsibleModule(**spec)
    module.fail_json(
        msg=(
            f"{module._name}: expected the action plugin of the same name, which decides on the controller, but found the"
            " module alone. Run the task with the collection macpool.hyperv installed and its full name, "
            f"such as macpool.hyperv.{module._name.rsplit('.', 1)[-1]}."
        )
    )
    raise SystemExit(1)
