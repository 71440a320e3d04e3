# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Many interfaces of the Network Controller at once. For internal use by this collection only.

All interfaces are listed once. All wishes are checked before anything is written, so that a request with an error
changes nothing. Only differences are written, a limited number at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from . import _nc_interface as rules
from ._errors import MacPoolError, collected, failed
from ._mac import all_formats, parse_mac
from ._nc_arc import check_writable
from ._nc_change import ResourceGoal, bring, remove
from ._nc_interface import COLLECTION, InterfaceWish
from ._network_controller import Client, Resource, name_of, path_of

UNCHANGED, CREATED, CHANGED, REMOVED, FAILED = "unchanged", "created", "changed", "removed", "failed"


@dataclass
class Item:
    """One interface: its state before, and the result."""

    wish: InterfaceWish
    found: Resource | None
    status: str
    resource: Resource | None = None
    touched: bool = False
    error: MacPoolError | None = None
    predicted: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The resource id."""
        return name_of(self.found) if self.found is not None else self.wish.name

    @property
    def before(self) -> dict[str, Any]:
        """The managed keys as they were."""
        return rules.managed(self.wish, self.found)

    @property
    def after(self) -> dict[str, Any]:
        """The managed keys as they were read back, or would be."""
        return self.predicted or rules.managed(self.wish, self.resource or self.found)

    def as_result(self) -> dict[str, Any]:
        """Return what the task shows."""
        details = rules.interface_as_result(self.resource or self.found or {})
        row = {**details, "name": self.name, "status": self.status, "before": self.before, "after": self.after}
        if address := self.predicted.get("mac_address"):
            row.update(mac_address=address, formats=all_formats(parse_mac(address)))
        if self.error is not None:
            row["reason"] = str(self.error)
        return row


def ensure(
    client: Client, wishes: Sequence[InterfaceWish], managed_by: str, parallel: int, preview: bool
) -> list[Item]:
    """Create or change interfaces.

    :param parallel: how many are written at the same time
    :raises MacPoolError: if a wish cannot be fulfilled, before anything is written; later errors are in the items
    """
    interfaces = client.all_of(COLLECTION)
    items = _decide(wishes, interfaces)
    todo = [item for item in items if item.status != UNCHANGED]
    if todo:
        check_writable(client, managed_by, interfaces)
    if preview:
        for item in todo:
            item.predicted = {**item.before, **rules.wanted(item.wish, item.found)}
        return items
    # An interface that is still being provisioned as wanted only needs a wait.
    todo += [item for item in items if item.status == UNCHANGED and not rules.is_settled(item.found or {})]

    def write(item: Item) -> None:
        goal = ResourceGoal(
            decide=lambda found: rules.wanted_body(item.wish, found),
            managed=lambda found: rules.managed(item.wish, found),
            ready=rules.has_outcome,
        )
        item.resource, item.touched = bring(client, path_of(COLLECTION, item.name), item.found, goal)
        if not item.touched:
            item.status = UNCHANGED  # another client made the same change in the meantime
        elif item.status == UNCHANGED:
            item.status = CHANGED

    _each(todo, write, parallel)
    return items


def _decide(wishes: Sequence[InterfaceWish], interfaces: Sequence[Resource]) -> list[Item]:
    find = rules.finder(interfaces)
    carriers: dict[int, list[Resource]] = defaultdict(list)
    for interface in interfaces:
        if (address := rules.address_of(interface)) is not None:
            carriers[address].append(interface)
    rules.check_together(wishes)

    def decide(wish: InterfaceWish) -> Item:
        found = find(wish)
        rules.check(wish, found, carriers)
        as_wanted = rules.wanted_body(wish, found) is None
        if not as_wanted:
            rules.check_protected(wish, found)
        return Item(wish, found, UNCHANGED if as_wanted else CREATED if found is None else CHANGED)

    return collected("interfaces of the Network Controller: nothing was changed", wishes, decide)


def absent(
    client: Client, wishes: Sequence[InterfaceWish], managed_by: str, parallel: int, preview: bool
) -> list[Item]:
    """Remove interfaces; one that does not exist is as wanted."""
    interfaces = client.all_of(COLLECTION)
    find = rules.finder(interfaces)

    def decide(wish: InterfaceWish) -> Item:
        found = find(wish)
        rules.check_protected(wish, found)
        # The address ends with the interface, so it is managed.
        whole = InterfaceWish(wish.name, wish.instance_id, dynamic=True)
        return Item(whole, found, UNCHANGED if found is None else REMOVED)

    items = collected("interfaces of the Network Controller: nothing was removed", wishes, decide)
    todo = [item for item in items if item.status != UNCHANGED]
    if todo:
        check_writable(client, managed_by, interfaces)

    def take_away(item: Item) -> None:
        remove(client, path_of(COLLECTION, item.name), item.found)

    if not preview:
        _each(todo, take_away, parallel)
    return items


def _each(items: Sequence[Item], work: Callable[[Item], None], parallel: int) -> None:
    """Do the work for each item; an error stays with its item, and the others go on."""

    def guarded(item: Item) -> None:
        try:
            work(item)
        except MacPoolError as error:
            item.error, item.status = error, FAILED
            item.touched = getattr(error, "touched", False)

    with ThreadPoolExecutor(max_workers=min(parallel, len(items) or 1)) as pool:
        list(pool.map(guarded, items))


def report(items: Sequence[Item]) -> dict[str, Any]:
    """Return the result of the task."""
    errors = [item.error for item in items if item.error is not None]
    done = [item for item in items if item.status in (CREATED, CHANGED, REMOVED)]
    return {
        "changed": bool(done) or any(item.touched for item in items),
        "interfaces": [item.as_result() for item in items],
        "before": {item.name: item.before for item in done},
        "after": {item.name: {} if item.status == REMOVED else item.after for item in done},
        **failed(errors),
    }


def read(options: Mapping[str, Any]) -> list[InterfaceWish]:
    """Return the wishes of the option interfaces.

    :raises MacPoolError: for options that only the action plugin can fulfil, and for entries with errors
    """
    entries = options.get("interfaces") or []
    observed = options.get("observations") is not None or options.get("observations_dir") is not None
    if observed or any(entry.get("pool") or entry.get("owner") for entry in entries):
        wanted = "the action plugin of the same name for pool, owner and observations"
        remedy = "Call it as macpool.hyperv.nc_network_interface, with the collection installed on the controller."
        problem = "macpool.hyperv.nc_network_interface must run through its action plugin if pool, owner or observations is set"
        raise MacPoolError("nc_network_interface", wanted, "the module without it", remedy, problem)
    return rules.read_wishes(entries)
