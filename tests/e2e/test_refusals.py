# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that cannot be honoured: each names the subject, what was wanted, what was found, what to do; nothing is touched."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from tests.e2e.site import PLAN, Site, adapters, wanted

Json = dict[str, Any]


def verdicts(table: list[tuple[Json, str]], results: Any) -> dict[str, str]:
    """For each expected text: what the task said, where it did not fail with that text."""
    answers = zip([text for _task, text in table], results, strict=True)
    return {
        text: result.get("msg", "no message")
        for text, result in answers
        if not result.get("failed") or result.get("changed") or not re.search(text, result["msg"], re.DOTALL)
    }


def test_bad_requests(site: Site) -> None:
    site.vm("web01")
    site.vm("running01", running=True)
    saved = site.vm("saved01", running=True)
    site.world.save(saved)
    site.vm("double01")
    site.world.add_adapter("double01", "eth0")
    site.vm("twin")
    site.world.create_vm("hv1", "twin")
    site.vm("db01", "hv2", mac="221DD8000001")
    site.world.replicate("db01", "hv1")
    setup = [
        {"macpool.hyperv.allocation": {"claims": [{"owner": "mail01/eth0", "mac_address": "22-1D-D8-00-77-77"}]}},
        {"macpool.hyperv.allocation": {"claims": [{"owner": "other/eth0", "pool": "tiny"}]}},
    ]
    table: list[tuple[Json, str]] = [
        (
            adapters(wanted("nowhere")),
            r'VM "nowhere": expected a VM of that name or id on host "hv1", but found none\. Fix the name',
        ),
        (
            adapters(wanted("web01", "eth9")),
            r'VM "web01" on host "hv1": expected an adapter of name or id "eth9", but found "eth0" \(id Microsoft:',
        ),
        (
            adapters(wanted("double01")),
            r'VM "double01" on host "hv1": expected one adapter of name "eth0", but found .*Give the adapter\'s id as name',
        ),
        (adapters(wanted("double01", None)), r"expected the name of an adapter, but found"),
        (adapters(wanted("twin")), r'VM "twin": expected one VM on host "hv1", but found 2: .*Give the id as vm'),
        (
            adapters(wanted("running01")),
            r'adapter "eth0" of VM "running01" on host "hv1": expected the static address 22-1D-D8-.*, but found a VM that is Running.*pending',
        ),
        (adapters(wanted("saved01"), when_running="restart"), r"a VM that is Saved.*a saved state is never discarded"),
        (adapters(wanted("db01")), r"a replica, whose settings its primary owns"),
        (
            adapters(wanted("web01", mac_address="22-1D-D8-00-77-77")),
            r'expected .*, but found 22-1D-D8-00-77-77 reserved by "mail01/eth0"',
        ),
        (
            adapters(wanted("web01", mac_address="22-1D-D8-00-88-88")),
            r'expected 22-1D-D8-00-88-88, promised to owner "web01/eth0" by the ledger, but found no claim on it',
        ),
        # The limits of numbers, of an action and of a module.
        (
            adapters(wanted("web01"), shutdown_timeout=86401),
            r"^shutdown_timeout: expected a whole number from 0 to 86400, but found 86401\. Give such a number",
        ),
        (
            {"macpool.hyperv.nc_network_interface": {"url": "https://nc.example.com", "interfaces": [], "parallel": 0}},
            r"^parallel: expected a whole number from 1 to 100, but found 0\.",
        ),
        (
            {
                "macpool.hyperv.nc_mac_pool": {
                    "url": "https://nc.example.com",
                    "name": "x",
                    "state": "absent",
                    "timeout": 0,
                },
                "delegate_to": "localhost",
            },
            r"^timeout: expected a whole number from 1 to 3600, but found 0\.",
        ),
        (
            {"macpool.hyperv.ledger": {"forget_hosts": ["hv9"]}},
            r'^host "hv9": expected a host that the ledger knows, but found',
        ),
        (
            {"macpool.hyperv.allocation": {"claims": [{"owner": "web01/", "pool": "tenant"}]}},
            r'owner "web01/": expected a name on both sides of the slash, such as web01/eth0, but found nothing on one side',
        ),
        # What YAML makes of 001550000000 and of 12:34:56:12:34:56 without quotes.
        (
            adapters(wanted("web01", mac_address=228589568)),
            r"adapters\[0\].*mac_address: expected a MAC address .*, but found 228589568\. Quote it",
        ),
        (adapters(wanted("web01", mac_address=9783981296)), r"found 9783981296\. Quote it"),
        (adapters(wanted("web01", mac_address="22-1D-D8")), r"found '22-1D-D8'"),
        (adapters(wanted("web01", mac_address="01-00-5E-00-00-01")), r"multicast"),
        (
            adapters(wanted("web01", pool="tiny")),
            r'pool "tiny": expected a free address, but found none among 1 \(1 reserved\)',
        ),
        (
            adapters(wanted("web01", pool="nowhere")),
            r'pool "nowhere": expected a pool of the plan .*found a plan that has: random, tenant, tiny',
        ),
        (
            adapters(wanted("web01", pool="tenant", pin=True)),
            r"expected exactly one of mac_address, pool, pin and dynamic, but found pool and pin",
        ),
        (adapters(wanted("web01", pin=False)), r"exactly one of .*found none of them"),
        (adapters(wanted("web01"), wanted("WEB01", None)), r"two entries that mean this one"),
        # Every mistake of one request is told at once.
        (adapters(wanted("nowhere"), wanted("web01", "eth9"), wanted("twin")), r"nowhere.*eth9.*twin"),
        (
            adapters(
                wanted("web01"), plan={**PLAN, "pools": {"a": {"ranges": [{"start": "00-15-5D-E0-00-10", "size": 4}]}}}
            ),
            r"macpool_plan\.host_ranges\.ranges\[0\]|macpool_plan\.pools\.a",
        ),
        ({"macpool.hyperv.host_range": {"host": "hv9"}}, r'host "hv9": expected an active lease in the ledger'),
        (
            {"macpool.hyperv.host_range": {"start": "22-1D-D8-00-00-00", "end": "22-1D-D8-00-00-FF"}},
            r'pool "tenant" has',
        ),
    ]
    before = site.world.to_dict()
    done = site.tasks(*setup, *(task for task, _text in table))
    results = done.on("hv1")
    assert [result.get("failed", False) for result in results[:2]] == [False, False]
    assert verdicts(table, results[2:]) == {}
    assert site.world.to_dict() == before
    assert site.calls("host_apply") == []
    assert set(site.claims()) == {"mail01/eth0", "other/eth0"}


def test_ledgers_that_cannot_be_used(site: Site) -> None:
    """Missing, damaged, of another scope, locked: each is told apart, and no host is touched."""
    site.vm("web01")
    damaged, foreign = site.directory / "damaged.sqlite3", site.directory / "foreign.sqlite3"
    damaged.write_bytes(b"this is no ledger" * 100)
    locked = site.directory / "locked.sqlite3"
    scope = {**PLAN, "scope": "elsewhere"}
    made = site.tasks(
        {"macpool.hyperv.ledger": {"ledger": str(foreign), "plan": scope}},
        {"macpool.hyperv.ledger": {"ledger": str(locked)}},
    )
    assert [result["changed"] for result in made.on("hv1")] == [True, True]
    table = [
        (
            adapters(wanted("web01"), ledger=str(site.directory / "none.sqlite3")),
            r"none\.sqlite3.*expected a ledger, but found no such file",
        ),
        (adapters(wanted("web01"), ledger=str(damaged)), r"damaged\.sqlite3.*: expected .*, but found "),
        (
            adapters(wanted("web01"), ledger=str(foreign)),
            r"foreign\.sqlite3.*e2e.*elsewhere|foreign\.sqlite3.*elsewhere.*e2e",
        ),
        (adapters(wanted("web01"), ledger=str(locked), lock_timeout=1), r"locked\.sqlite3.*lock"),
    ]
    before = site.world.to_dict()
    holder = sqlite3.connect(locked, isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        done = site.tasks(*(task for task, _text in table))
    finally:
        holder.close()
    assert verdicts(table, done.on("hv1")) == {}
    assert site.world.to_dict() == before
    assert site.calls("host_apply", check_mode=False) == []
