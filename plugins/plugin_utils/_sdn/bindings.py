# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What saved observations tell of the adapters that are bound to interfaces, for a task that asks no host. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import format_mac, is_mac, parse_mac
from .._observation.model import Adapter
from .._text import listed, quoted
from .tenant_world import Hosts

UNKNOWN = "Not checked: without observations_dir it is not known which adapters are bound to these interfaces."
IN_SYNC = "Known: each interface follows the adapter that is bound to it in the given observations."

Row = Mapping[str, Any]


class Bindings:
    """Which adapters are bound to which interfaces, as hosts were last seen."""

    def __init__(self, documents: Sequence[Mapping[str, Any]], planned: Iterable[str] = ()) -> None:
        """Read saved documents.

        :param planned: the hosts of the plan
        """
        results = {f"document {number}": {"observation": document} for number, document in enumerate(documents)}
        self.hosts = Hosts(results, planned)

    @property
    def words(self) -> str:
        """Return in one sentence what is known."""
        seen = self.hosts.observation.hosts.values()
        times = [host.observed_at for host in seen if host.observed_at]
        oldest = f", the oldest of {min(times):%Y-%m-%dT%H:%M:%SZ}" if times else ""
        checked = (
            f"Checked with saved observations of {listed(sorted(host.name for host in seen)) or 'no host'}{oldest}"
        )
        unread = self.hosts.unread
        return f"{checked}; not known of {listed(sorted(unread))}." if unread else f"{checked}."

    def check_change(self, rows: Iterable[Row]) -> None:
        """Refuse another address for an interface whose adapter keeps the one that it has.

        :param rows: what nc_network_interface would do
        :raises MacPoolError: for every such interface
        """

        def check(row: Row) -> None:
            before, after = row["before"].get("mac_address"), row["after"].get("mac_address")
            if row["status"] != "changed" or before == after or not is_mac(after):
                return
            for adapter in self._bound(row):
                if adapter.address != parse_mac(after):
                    raise MacPoolError(
                        _label(row),
                        f"the address {format_mac(parse_mac(after), 'dash')}",
                        f"that {adapter.label} is bound to it and has {adapter.shown}",
                        "Change both together with role macpool.hyperv.mac_interfaces. If the adapter has changed since, observe its"
                        " host again.",
                    )

        collected("interfaces of the Network Controller: nothing was changed", rows, check)

    def check_removal(self, rows: Iterable[Row]) -> None:
        """Refuse to remove an interface to which an adapter is bound.

        :param rows: what nc_network_interface would do
        :raises MacPoolError: for every such interface
        """

        def check(row: Row) -> None:
            adapters = self._bound(row) if row["status"] == "removed" else ()
            if adapters:
                raise MacPoolError(
                    _label(row),
                    "an interface to which no adapter is bound",
                    f"that {adapters[0].label} is bound to it",
                    "Unbind the adapter first (macpool.hyperv.vm_port_profile with absent: true), then observe its host again.",
                )

        collected("interfaces of the Network Controller: nothing was removed", rows, check)

    def _bound(self, row: Row) -> Sequence[Adapter]:
        return self.hosts.bound_to(row["instance_id"]) if row["instance_id"] else ()


def _label(row: Row) -> str:
    return f"interface {quoted(str(row['name']))} of the Network Controller"
