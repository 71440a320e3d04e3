# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An index of hosts means the same hosts as looking at all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._names import HostIndex, find_host, host_key

NAMES = st.sampled_from(["hv1", "HV1", "hv1.a.example", "hv1.b.example", "hv1.a.example.", "hv2", "Hv2.a.example", ""])


@given(st.lists(st.tuples(NAMES, st.booleans())), NAMES)
def test_an_index_finds_what_find_host_finds(steps: list[tuple[str, bool]], wanted: str) -> None:
    index: HostIndex[str] = HostIndex()
    known: dict[str, str] = {}
    for name, keep in steps:
        if keep:
            index.put(name, name)
            known[host_key(name)] = name
        else:
            index.drop(name)
            known.pop(host_key(name), None)
        key = find_host(wanted, known)
        assert index.key(wanted) == key
        assert index.get(wanted) == (None if key is None else known[key])
