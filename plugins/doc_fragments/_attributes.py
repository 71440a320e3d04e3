# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks can do, in the words that all of them share. For internal use by this collection only."""

from __future__ import annotations


class ModuleDocFragment:
    """A task names the standard fragment, then CONTROLLER or HOST, INFO or CHANGE, and its action group."""

    DOCUMENTATION = r"""
author:
  - the macpool.hyperv contributors (@macpool)
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and predicts what the real run would return, without changing anything.
  diff_mode:
    description: In diff mode, returns the managed settings before and after the change (or the predicted change).
  idempotent:
    description:
      - If it runs twice in a row outside check mode, with the same arguments, the second run reports no change.
      - This assumes that nothing else was changed in between.
  platform:
    description: The kind of host that the task works on.
  action:
    description: Has an action plugin of the same name, which decides everything on the controller.
  async:
    description: Supports the C(async) keyword.
  become:
    description: Supports the C(become) keywords.
  connection:
    description: Uses the connection of the host.
  delegation:
    description: Supports C(delegate_to) and related keywords.
"""

    # The task runs on the controller alone: the host is only a name.
    CONTROLLER = r"""
options: {}
attributes:
  platform:
    support: full
    details: The task runs on the controller. The host of the play may be of any kind and does not have to be reachable.
    platforms: posix
  action:
    support: full
  async:
    support: none
  become:
    support: N/A
    details: No host is contacted. The task runs as the user who runs Ansible.
  connection:
    support: none
    details: No host is contacted. Set C(run_once) if the play has several hosts and one answer is enough.
  delegation:
    support: full
    details: The task always runs on the controller, whatever host it is delegated to.
"""

    # The action decides on the controller and calls modules on the host.
    HOST = r"""
options: {}
attributes:
  platform:
    support: full
    platforms: windows
  action:
    support: full
  async:
    support: none
  become:
    support: full
    details: C(become) or CredSSP is needed if the task must ask the failover cluster. See R(guide_operations,
      ansible_collections.macpool.hyperv.docsite.guide_operations.rights).
  connection:
    support: full
  delegation:
    support: full
"""

    # Of a task that only reads.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: This task does not change anything.
  diff_mode:
    support: N/A
    details: This task does not change anything.
  idempotent:
    support: full
    details: This task does not change anything.
"""

    # Of a task that changes something and has no exceptions; details are added where the task has some.
    CHANGE = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

    ACTIONGROUP_LEDGER = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/macpool.hyperv.ledger) in C(module_defaults) to set defaults for all tasks of the group.
    support: full
    membership:
      - macpool.hyperv.ledger
"""
    ACTIONGROUP_HOST = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/macpool.hyperv.host) in C(module_defaults) to set defaults for all tasks of the group.
    support: full
    membership:
      - macpool.hyperv.host
"""
    ACTIONGROUP_NETWORK_CONTROLLER = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/macpool.hyperv.network_controller) in C(module_defaults) to set defaults for all tasks of the group.
    support: full
    membership:
      - macpool.hyperv.network_controller
"""
