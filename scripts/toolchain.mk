# SPDX-License-Identifier: GPL-2.0
# What a kernel has to be built with, by its own configuration (CONFIG_*, included
# before this). Included by Makefile. Makes
#   toolchain  the arguments that its kbuild wants
#   refused    why nothing can be built for it, in a line; else empty
#   differs    a compiler that is not the kernel's, in a line; else empty

toolchain :=
refused :=
differs :=

# $(call there,PROGRAM): its path, or nothing
there = $(shell command -v $(1) 2>/dev/null)
# $(call release,130201): 13.2.1
release = $(shell echo $$(($(1) / 10000)).$$(($(1) / 100 % 100)).$$(($(1) % 100)))
major = $(firstword $(subst ., ,$(1)))

ifneq ($(CONFIG_CC_VERSION_TEXT),)
ifneq ($(CONFIG_64BIT),y)
refused := weir is for 64-bit kernels, and $(KDIR) is configured for 32 bits
endif
endif

# Another machine's kernel. Whoever names a compiler knows better.
ifeq ($(CONFIG_ARM64),y)
ifneq ($(filter aarch64 arm64,$(shell uname -m)),)
else ifeq ($(CROSS_COMPILE)$(LLVM),)
CROSS_COMPILE := aarch64-linux-gnu-
export CROSS_COMPILE
toolchain += ARCH=arm64 CROSS_COMPILE=$(CROSS_COMPILE)
endif
endif

ifeq ($(CONFIG_CC_IS_CLANG),y)
ifeq ($(origin LLVM)$(filter command,$(origin CC)),undefined)
kernel-clang := $(call release,$(CONFIG_CLANG_VERSION))
# Debian has clang-17 beside clang: the kernel's own if it is there.
clang-suffix := $(addprefix -,$(call major,$(kernel-clang)))
ifeq ($(and $(call there,clang$(clang-suffix)),$(call there,ld.lld$(clang-suffix)),$(call there,llvm-nm$(clang-suffix))),)
clang-suffix :=
endif
ifeq ($(call there,clang$(clang-suffix)),)
refused := this kernel is built by clang $(kernel-clang), and there is no clang (Debian packages: clang lld llvm)
else ifeq ($(and $(CONFIG_LD_IS_LLD),$(if $(call there,ld.lld$(clang-suffix)),,none)),none)
refused := this kernel is linked by ld.lld, and there is none (Debian package: lld)
else
# A kernel that only compiles with clang has the binutils of gcc.
toolchain += $(if $(CONFIG_LD_IS_LLD),LLVM=$(or $(clang-suffix),1),CC=clang$(clang-suffix))
this-clang := $(shell clang$(clang-suffix) -dumpversion)
ifneq ($(call major,$(this-clang)),$(call major,$(kernel-clang)))
differs := this kernel is built by clang $(kernel-clang), and here is $(this-clang): it may refuse the modules
endif
endif
endif
else ifeq ($(CONFIG_CC_IS_GCC),y)
# kbuild takes CC from nowhere else.
ifeq ($(filter command,$(origin CC)),)
# Debian's headers name a compiler, which need not be installed.
kernel-gcc := $(shell sed -n 's/^CC = .*\(gcc-[0-9]*\)$$/\1/p' $(KDIR)/.kernelvariables 2>/dev/null)
ifneq ($(kernel-gcc),)
ifeq ($(call there,$(CROSS_COMPILE)$(kernel-gcc)),)
refused := this kernel is built by $(CROSS_COMPILE)$(kernel-gcc), which is not installed (CC=gcc tries another)
endif
endif
endif
endif
