# SPDX-License-Identifier: GPL-2.0
"""scripts/bench-model-report: what a machine has measured beside what the model says."""
