# SPDX-License-Identifier: GPL-2.0
"""scripts/report: a page of what a bench or a trace has left."""
