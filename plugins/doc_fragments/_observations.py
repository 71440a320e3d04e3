# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task reads of hosts and Network Controllers. For internal use by this collection only."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of tasks that read observations."""

    DOCUMENTATION = r"""
options:
  observations_dir:
    description:
      - A directory on the controller with observations as files, for example saved by the playbook C(macpool.hyperv.observe).
      - A file that cannot be understood is listed in RV(misread) with the reason. The other files are audited, and the
        observation counts as incomplete.
      - One of O(observations_dir), O(observations) and O(host_results) is required.
    type: str
  observations:
    description: The observations, as M(macpool.hyperv.host_info) returns them.
    type: list
    elements: dict
  host_results:
    description:
      - What M(macpool.hyperv.host_info) returned for each host of a run, by the name of the host, with C(path) or C(observation).
      - The document of each host that was observed must be there, or the task fails and names it. A host whose result has no
        C(summary) was not observed, and is expected as one of O(expected_hosts). Give C({}) for a host that has no result.
    type: dict
  controller_results:
    description: What M(macpool.hyperv.nc_info) returned for each Network Controller of a run. One that did not answer makes the
      observation incomplete; one that was skipped does not.
    type: list
    elements: dict
    default: []
  expected_hosts:
    description:
      - Hosts that should have been observed. The result names those that were not, and is then incomplete.
      - The hosts of the plan, of leases and of observed clusters are always expected. You need not list them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the host. A short name and the full name that begins with it are the same host.
        type: str
        required: true
      reason:
        description: Why it has no observation, such as the error of the connection.
        type: str
        default: ""
"""
