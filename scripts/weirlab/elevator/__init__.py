# SPDX-License-Identifier: GPL-2.0
"""scripts/elevator: the kernel's private declarations from its BTF, and the gate.

Modules are built with these, on any machine: they need nothing but Python's own library,
and whatever copies the sources copies them (packaging/dkms-source, scripts/vm-modules.sh)."""
