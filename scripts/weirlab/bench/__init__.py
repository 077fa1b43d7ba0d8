# SPDX-License-Identifier: GPL-2.0
"""scripts/bench: scenarios, what is run of them, and the runs."""
