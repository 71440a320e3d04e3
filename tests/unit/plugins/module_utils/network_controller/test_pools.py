# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAC pools: made once, never resized, removed only when nobody has an address of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._network_controller import NetworkControllerError
from ansible_collections.macpool.hyperv.plugins.modules.nc_mac_pool import work

if TYPE_CHECKING:
    from tests.unit.plugins.module_utils.network_controller.site import Site

START, END = "00-1D-D8-07-00-00", "00-1D-D8-07-00-FF"


def options(**changes: Any) -> dict[str, Any]:
    return {
        "name": "pool",
        "state": "present",
        "start": START,
        "end": END,
        "size": None,
        "managed_by": "auto",
        **changes,
    }


def test_check_real_and_again(site: Site) -> None:
    client = site.client()
    predicted = work(client, options(), True)
    assert site.pools() == {}
    real = work(client, options(), False)
    assert site.pools()["pool"]["properties"]["startMacAddress"] == START
    assert (predicted["changed"], predicted["before"], predicted["after"]) == (
        real["changed"],
        real["before"],
        real["after"],
    )
    assert real["changed"] is True
    assert real["mac_pool"]["provisioning_state"] == "Succeeded"
    assert (real["mac_pool"]["size"], real["mac_pool"]["allocated"], real["mac_pool"]["free"]) == (256, 0, 256)
    again = work(client, options(name="POOL", start="001dd8070000", end=None, size=256), False)
    assert again["changed"] is False
    assert len(site.asked("PUT", "macpools")) == 1


def test_a_pool_is_not_resized(site: Site) -> None:
    site.pool()
    for changes in ({"end": "00-1D-D8-07-01-FF"}, {"end": "00-1D-D8-07-00-7F"}, {"start": "00-1D-D8-07-00-10"}):
        for preview in (True, False):
            with pytest.raises(MacPoolError, match="cannot extend, shrink or move") as error:
                work(site.client(), options(**changes), preview)
            assert "second one" in error.value.remedy
            assert f"{START}..{END}" in error.value.found
    assert site.asked("PUT", "macpools") == []


def test_a_pool_on_the_land_of_another(site: Site) -> None:
    site.pool()
    with pytest.raises(MacPoolError, match="overlaps that of pool"):
        work(site.client(), options(name="second", start="00-1D-D8-07-00-FF", end=None, size=2), True)
    made = work(site.client(), options(name="second", start="00-1D-D8-07-01-00", end=None, size=2), False)
    assert made["changed"] is True


@pytest.mark.parametrize("start", ["01-1D-D8-07-00-00", 12345, "00-00-00-00-00-00"])
def test_an_address_that_cannot_be(site: Site, start: object) -> None:
    with pytest.raises(MacPoolError, match="range of the MAC pool"):
        work(site.client(), options(start=start), False)


def test_removal_waits_until_it_is_gone(site: Site) -> None:
    site.pool()
    site.controller.set(settle_polls=3, retry_after=7)
    assert work(site.client(), options(state="absent"), True)["changed"] is True
    assert "pool" in site.pools()
    done = work(site.client(), options(state="absent"), False)
    assert done["changed"] is True
    assert done["mac_pool"] is None
    assert "pool" not in site.pools()
    assert 7 in site.time.slept, "Retry-After is what the server asks for"
    assert work(site.client(), options(state="absent"), False)["changed"] is False


def test_a_pool_in_use_stays(site: Site) -> None:
    site.pool()
    site.interface("web01", "001DD8070010")
    with pytest.raises(MacPoolError, match="web01"):
        work(site.client(), options(state="absent"), True)
    assert "pool" in site.pools()


def test_a_failed_provisioning_is_told_and_mended_by_the_next_run(site: Site) -> None:
    site.lab.faults.add(
        "nc_fail", code="PoolTrouble", message="no such luck", details=[{"code": "D", "message": "why"}]
    )
    with pytest.raises(NetworkControllerError, match="PoolTrouble: no such luck") as error:
        work(site.client(), options(), False)
    assert error.value.code == "PoolTrouble"
    again = work(site.client(), options(), False)
    assert again["changed"] is True
    assert again["mac_pool"]["provisioning_state"] == "Succeeded"


@pytest.mark.parametrize("fault", ["nc_reset_before", "nc_reset_after"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_lost_answer_is_looked_into(site: Site, fault: str, method: str) -> None:
    if method == "DELETE":
        site.pool()
    site.lab.faults.add(fault, method=method)
    done = work(site.client(), options(state="present" if method == "PUT" else "absent"), False)
    assert done["changed"] is True
    assert ("pool" in site.pools()) is (method == "PUT")
    if fault == "nc_reset_after":
        assert len(site.asked(method, "macpools")) == 1, "what the server had done was asked for once more"
