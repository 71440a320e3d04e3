# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which hosts of the play are still to have their turn."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.ledger import BATCH_INFO
from ..plugin_utils._action import Result, Task
from ..plugin_utils._batches import Division, name_of_run


class ActionModule(Task):
    SPEC = BATCH_INFO
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Look at the play, and refuse it where it was to be undivided."""
        play = self._task.get_play()
        here = list(dict.fromkeys([*options["batch"], self.task_vars["inventory_hostname"]]))
        division = Division(options["hosts"], options["running"], here, str(play.strategy), str(play.order or ""))
        if options["undivided"]:
            division.check_undivided(f"play {self.task_vars['ansible_play_name']!r}")
        # --limit and serial leave the groups of the inventory as they are.
        lookup = self._shared_loader_obj.lookup_loader.get(
            "ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar
        )
        named = lookup.run(list(play.hosts), variables=self.task_vars)
        return {
            "play": str(play._uuid),
            "run": name_of_run(str(play._uuid)),
            "hosts": list(dict.fromkeys([*map(str, named), *options["hosts"]])),
            "done": options["done"],
            "waits_for": division.waits_for(options["done"]),
        }
