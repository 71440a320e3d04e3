# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every numeric option has limits: the tasks keep them, and the documentation says them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from ansible_collections.macpool.hyperv.plugins.doc_fragments import _ledger, _network_controller
from ansible_collections.macpool.hyperv.plugins.lookup import mac as lookup
from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._specs import host, ledger, network_controller
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.limits import LIMITS, check_limit, check_limits
from ansible_collections.macpool.hyperv.plugins.modules import (
    audit,
    nc_mac_pool,
    nc_network_interface,
    vm,
    vm_network_adapter,
)
from tests.conftest import ROOT

SPECS = {
    f"{module.__name__.rsplit('.', 1)[-1]}.{name}": spec["argument_spec"]
    for module in (host, ledger, network_controller)
    for name, spec in vars(module).items()
    if isinstance(spec, dict) and "argument_spec" in spec
}
DOCUMENTED = {
    **{
        module.__name__.rsplit(".", 1)[-1]: yaml.safe_load(module.DOCUMENTATION)
        for module in (audit, nc_mac_pool, nc_network_interface, vm, vm_network_adapter)
    },
    "lookup": yaml.safe_load(lookup.DOCUMENTATION),
    "_ledger": yaml.safe_load(_ledger.ModuleDocFragment.DOCUMENTATION),
    "_network_controller": yaml.safe_load(_network_controller.ModuleDocFragment.DOCUMENTATION),
    **{
        path.parts[-3]: yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]
        for path in ROOT.glob("roles/*/meta/argument_specs.yml")
    },
}


def numbers(options: Mapping[str, Any], inner: str, place: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the place, the name and the rule of each numeric option that has no choices."""
    for name, rule in options.items():
        if rule.get("type") in {"int", "float"} and "choices" not in rule:
            yield f"{place}{name}", name, rule
        yield from numbers(rule.get(inner) or {}, inner, f"{place}{name}.")


IN_SPECS = {
    f"{where} {place}": (name, rule) for where, spec in SPECS.items() for place, name, rule in numbers(spec, "options")
}
IN_DOCUMENTS = {
    f"{where} {place}": (name.removeprefix(f"{where}_"), rule)
    for where, document in DOCUMENTED.items()
    for inner in ("suboptions", "options")
    for place, name, rule in numbers(document["options"], inner)
}


@pytest.mark.parametrize(("name", "rule"), IN_SPECS.values(), ids=IN_SPECS)
def test_a_numeric_option_has_limits_and_a_default_within_them(name: str, rule: dict[str, Any]) -> None:
    least, most = LIMITS[name]
    assert least <= rule.get("default", least) <= most


def test_no_limit_is_of_an_option_that_does_not_exist() -> None:
    assert {name for name, _rule in IN_SPECS.values()} == set(LIMITS)


@pytest.mark.parametrize(("name", "rule"), IN_DOCUMENTS.values(), ids=IN_DOCUMENTS)
def test_the_documentation_says_the_limits(name: str, rule: dict[str, Any]) -> None:
    least, most = LIMITS[name]
    said = rule["description"] if isinstance(rule["description"], list) else [rule["description"]]
    assert re.search(rf"\bfrom {least} to {most}\b", " ".join(said), re.IGNORECASE)


def test_every_limit_is_documented() -> None:
    assert {name for name, _rule in IN_DOCUMENTS.values()} == set(LIMITS)


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_themselves_are_allowed_and_what_is_beyond_is_refused(name: str) -> None:
    least, most = LIMITS[name]
    for value in (least, most):
        check_limit(name, value)
    for value in (least - 1, most + 1, 10**300, True):
        with pytest.raises(MacPoolError) as error:
            check_limit(name, value)
        assert error.value.subject == name
        assert error.value.wanted == f"a whole number from {least} to {most}"
        assert str(value)[:9] in error.value.found


@pytest.mark.parametrize(
    ("spec", "options", "place"),
    [
        ("network_controller.NC_NETWORK_INTERFACE", {"parallel": 0}, "parallel"),
        (
            "network_controller.NC_NETWORK_INTERFACE",
            {"interfaces": [{"port_settings": None}, {"port_settings": {"vmq_weight": 101}}]},
            "interfaces[1].port_settings.vmq_weight",
        ),
        ("network_controller.NC_INFO", {"name": "x", "retries": -1}, "retries"),
        ("ledger.AUDIT", {"lock_timeout": -5, "show": 3}, "lock_timeout"),
    ],
)
def test_the_error_names_the_place_of_the_option(spec: str, options: dict[str, Any], place: str) -> None:
    with pytest.raises(MacPoolError) as error:
        check_limits(SPECS[spec], options)
    assert error.value.subject == place


def test_options_within_their_limits_are_left_alone() -> None:
    check_limits(SPECS["network_controller.NC_NETWORK_INTERFACE"], {"parallel": 1, "interfaces": None, "timeout": 3600})
