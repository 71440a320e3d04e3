# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every task refuses before it begins."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import ALLOCATION, AUDIT, HOST_RANGE_LEASE
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import Spec
from ansible_collections.macpool.hyperv.plugins.plugin_utils._action import check_text


@pytest.mark.parametrize(
    ("spec", "arguments", "place"),
    [
        (ALLOCATION, {"claims": [{"owner": "web01/eth0"}, {"owner": ["web02/eth0"]}]}, r"claims\[1\]\.owner"),
        (ALLOCATION, {"claims": [{"owner": {"name": "web01"}}]}, r"claims\[0\]\.owner"),
        (ALLOCATION, {"claims": {"owner": ["web01"]}}, r"claims\.owner"),
        (ALLOCATION, {"claims": [], "pool": ["tenant"]}, "pool"),
        (HOST_RANGE_LEASE, {"hosts": [["hv1", "hv2"]]}, r"hosts\[0\]"),
        (HOST_RANGE_LEASE, {"hosts": [{"name": "hv1"}]}, r"hosts\[0\]"),
        (AUDIT, {"what_if": {"action": "drain", "host": ["hv1"]}}, r"what_if\.host"),
    ],
)
def test_a_list_never_becomes_a_name(spec: Spec, arguments: dict[str, Any], place: str) -> None:
    with pytest.raises(MacPoolError, match=f"^{place}: expected text, but found "):
        check_text(spec["argument_spec"], arguments)


@pytest.mark.parametrize(
    ("spec", "arguments"),
    [
        (ALLOCATION, {"claims": [{"owner": 12, "mac_address": ["left to the one who parses it"], "adopt": False}]}),
        (ALLOCATION, {"claims": None}),
        (ALLOCATION, {"claims": "left to Ansible", "plan": {"pools": {}}}),
        (HOST_RANGE_LEASE, {"hosts": "hv1,hv2"}),
        (HOST_RANGE_LEASE, {"hosts": ["hv1", None]}),
        (AUDIT, {"observations": [{"host": {"name": "hv1"}}], "what_if": {"range": {"start": ["x"]}}}),
    ],
)
def test_what_ansible_or_a_parser_checks_is_left_to_them(spec: Spec, arguments: dict[str, Any]) -> None:
    check_text(spec["argument_spec"], arguments)
