# SPDX-License-Identifier: GPL-2.0
"""scripts/trace: a disk's requests recorded, followed, and shown."""
