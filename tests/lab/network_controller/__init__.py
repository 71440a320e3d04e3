# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Network Controller of the lab: REST over TLS, by the facts (55-89) and not by any client of it."""

from .controller import NetworkController

__all__ = ["NetworkController"]
