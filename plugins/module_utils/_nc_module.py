# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What the modules for the Network Controller share: they read options, do their work and return a result or an error.
For internal use by this collection only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ._errors import MacPoolError, failure
from ._network_controller import Client, Connection, secrets_in
from ._specs.limits import check_limits
from ._specs.shared import Spec

Result = dict[str, Any]


def run(spec: Spec, work: Callable[[Client, Mapping[str, Any], bool], Result]) -> None:
    """Run a module.

    :param work: takes a client, the options and whether check mode is on; returns the result, with ``before`` and
        ``after`` (the managed keys) if it changes something
    """
    module = AnsibleModule(**spec, supports_check_mode=True)
    # Such an address is refused, but Ansible shows the options of a task all the same.
    module.no_log_values.update(secrets_in(module.params["url"]))
    try:
        check_limits(spec["argument_spec"], module.params)
        client = Client(Connection.of(module.params))
        result = {"changed": False, **work(client, module.params, module.check_mode)}
    except MacPoolError as error:
        module.fail_json(**failure(error))
    before, after = result.pop("before", None), result.pop("after", None)
    if module._diff and before is not None:
        result["diff"] = {"before": before, "after": after}
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
