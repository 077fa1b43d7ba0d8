# SPDX-License-Identifier: GPL-2.0
"""What scripts/bench has left in a folder, as figures: scripts/bench-figures, bench-gate."""
