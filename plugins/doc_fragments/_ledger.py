# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a task finds the plan and the ledger. For internal use by this collection only."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that every task with a plan and a ledger has."""

    DOCUMENTATION = r"""
options:
  ledger:
    description:
      - The ledger, as a URL V(sqlite:///path) or as the path of its file. The file is on the controller.
      - The default is the variable C(macpool_ledger), then the environment variable
        E(MACPOOL_LEDGER) of the controller, then V(~/.local/state/macpool/<scope>.sqlite3) with the scope of the plan.
      - If the ledger does not exist, the task fails. Only M(macpool.hyperv.ledger) creates one, so that a wrong path never
        becomes an empty ledger.
    type: str
  plan:
    description:
      - The plan, which defines who may hand out which addresses. See
        R(guide_plan, ansible_collections.macpool.hyperv.docsite.guide_plan).
      - The default is the variable C(macpool_plan), then the YAML file in the environment variable
        E(MACPOOL_PLAN) of the controller. Without any of them the task fails.
      - A plan with an error is refused completely. Every error is reported with its place and a remedy.
    type: dict
  lock_timeout:
    description: How many seconds to wait while other tasks write to the ledger, from 0 to 3600. After this time the task fails.
    type: int
    default: 30
"""

    # Of tasks that make claims.
    RESERVE = r"""
options:
  reserve_for:
    description:
      - How long a new claim is reserved until the owner is seen with the address, as a number and one of V(s), V(m), V(h), V(d) or
        V(w), or as seconds.
      - A reservation past this time is suspect, not free. It goes to quarantine only when a complete and newer observation
        proves that the address is not in use.
    type: str
    default: 4h
"""
