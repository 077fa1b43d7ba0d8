# SPDX-License-Identifier: GPL-2.0
"""What the commands in scripts/ share, one idea a file."""
