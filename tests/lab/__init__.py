# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster on a laptop: Hyper-V hosts by the facts, behind a WinRM listener that the real connection talks to.

It knows operations, not rules: nothing of the collection's own decisions is imported here.
"""
