# SPDX-License-Identifier: GPL-2.0
# weir: `make help` says what there is.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
VMLINUX ?=
OUT ?= out
# What to build: nothing said is all that the kernel allows.
MODULES ?=

.DEFAULT_GOAL := modules

# quoted,TEXT: as one word of a shell.
quoted = '$(subst ','\'',$(1))'
# kbuild takes paths apart at blanks, commas and the like.
odd := $(shell case $(call quoted,$(CURDIR)$(KDIR)$(VMLINUX)) in \
	(*[!A-Za-z0-9/._+@=~-]*) echo odd ;; esac)

help:
	@echo 'make                 build the modules for the running kernel'
	@echo 'make KDIR=TREE       build them for a prepared kernel tree'
	@echo '  VMLINUX=FILE       ... whose type information (BTF) is there'
	@echo '  MODULES=weir-blk   ... only the driver, which needs no BTF'
	@echo 'make install         install them for the kernel built for (as root)'
	@echo 'make install-tools   install trace, report, weirstat, weir-setup, man pages (PREFIX, DESTDIR)'
	@echo 'make dkms            have DKMS build the modules, for every kernel to come, too (as root)'
	@echo 'make deb             Debian packages: weir-dkms and weir-tools, in out/deb'
	@echo 'make demo            see it work, in a virtual machine'
	@echo 'make check           all tests; make check-quick: the short ones'
	@echo 'make check-long      the elevator under stress, for an hour'
	@echo 'make fuzz            inputs that break the pure files are looked for, MINUTES=10 in all'
	@echo 'make mutants         which mistakes put into the pure files do the unit tests notice?'
	@echo 'make coverage        lines and branches of the pure files that the unit tests reach'
	@echo 'make check-debug     some tests under kernels with KASAN, kmemleak, lockdep'
	@echo 'make check-matrix    both modules on every kernel there is support for'
	@echo 'make bench-path      instructions and locks per I/O beside brd, null_blk, other schedulers'
	@echo 'make bench-model     the profiles: what is measured beside what the model says'
	@echo 'make bench-quick     schedulers side by side on simulated drives, and a report: 15 min'
	@echo 'make bench           all scenarios, sweeps and seeds: hours; goes on where it was'
	@echo 'make clean           remove what was built here'

ifneq ($(odd),)
modules install:
	+@scripts/build-apart '$(MAKE)' $(call quoted,$(KDIR)) $(call quoted,$(VMLINUX)) $@
else
# The kernel's own configuration says what it is built with.
-include $(KDIR)/include/config/auto.conf
include scripts/toolchain.mk

tree:
	@test -f "$(KDIR)/Makefile" || { \
	  echo "make: no kernel tree at KDIR=$(KDIR)" >&2; \
	  echo "  on Debian: apt-get install linux-headers-$(KVER)" >&2; \
	  echo "  or name one: make KDIR=/path/to/prepared/tree" >&2; \
	  echo "  or try without any: make demo" >&2; exit 2; }
	@$(if $(refused),echo 'make: $(refused)' >&2; exit 2,:)
	@$(if $(differs),echo 'make: $(differs)' >&2,:)

# What is built: what was asked for, or what scripts/elevator has not left out.
chosen = $(or $(MODULES),$$(test -e generated/left-out || echo weir-iosched) weir-blk)
kbuild = $(MAKE) -C "$(KDIR)" M="$(CURDIR)" $(toolchain) WEIR_MODULES="$(chosen)"

modules: tree
ifneq ($(filter weir-iosched,$(or $(MODULES),weir-iosched)),)
	@scripts/elevator header $(if $(MODULES),,--if-possible) --kdir "$(KDIR)" --kver "$(KVER)" \
		--btf '$(VMLINUX)' --out generated || { rm -f weir-iosched.ko; exit 1; }
	@test ! -e generated/left-out || rm -f weir-iosched.ko
endif
	+$(kbuild) modules
ifneq ($(filter weir-iosched,$(or $(MODULES),weir-iosched)),)
	@test -e generated/left-out || scripts/elevator gate --out generated --verbose weir-iosched.ko
endif

install: modules
	+$(kbuild) modules_install
	@scripts/index-modules "$(KDIR)" "$(INSTALL_MOD_PATH)" $(chosen)

endif

dkms:
	packaging/dkms-install

# For packages: PREFIX=/usr, DESTDIR, and SBINDIR where sbin is bin.
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
install-tools:
	packaging/install-tools $(call quoted,$(DESTDIR)) $(call quoted,$(PREFIX)) $(call quoted,$(SBINDIR))

deb:
	scripts/setup deb
	packaging/deb $(call quoted,$(OUT)/deb)

man:
	scripts/man $(call quoted,$(OUT)/man)

version:
	@sed -n 's/^WEIR_VERSION := //p' Kbuild

# Not through kbuild: it must work where there is no kernel tree.
clean:
	find src \( -name '*.o' -o -name '.*.cmd' -o -name '*.o.d' \) -delete
	rm -rf .tmp_versions .module-common.o generated tests/unit/build
	rm -f *.ko *.o *.mod *.mod.c .*.cmd modules.order Module.symvers

demo:
	scripts/setup lab build demo
	scripts/demo --out $(call quoted,$(OUT)/demo)

check:
	scripts/setup build lab check demo trace
	scripts/check --out $(call quoted,$(OUT)/check)

check-quick:
	scripts/setup build lab check
	scripts/check --quick --out $(call quoted,$(OUT)/check)

check-long:
	scripts/setup build lab
	scripts/check --long --out $(call quoted,$(OUT)/check-long)

check-debug:
	scripts/setup build lab kernel
	scripts/check-debug --out $(OUT)/check-debug

check-matrix:
	scripts/setup build lab
	scripts/check-matrix --out $(call quoted,$(OUT)/check-matrix)

unit:
	scripts/setup check
	tests/unit/run
	tests/python/run

MINUTES ?= 10
fuzz:
	scripts/setup check fuzz
	tests/fuzz/run --minutes $(MINUTES)

mutants:
	scripts/setup check
	tests/mutants/run --out $(call quoted,$(OUT)/mutants)

coverage:
	scripts/setup check
	tests/coverage/run

model:
	scripts/setup check
	tests/model/run

style:
	scripts/setup build check
	tests/style/run

bench-path:
	scripts/setup build lab
	scripts/bench-path --out $(call quoted,$(OUT))
	scripts/bench-locks --out $(call quoted,$(OUT))

bench-model:
	scripts/setup lab build check
	scripts/bench-model --out $(call quoted,$(OUT))

bench bench-quick:
	scripts/setup lab build demo
	scripts/bench $(if $(filter bench-quick,$@),--quick) --out $(call quoted,$(OUT)/$@)
	scripts/report $(call quoted,$(OUT)/$@)

.PHONY: help tree modules install dkms install-tools deb man version clean demo check check-quick check-long check-debug check-matrix unit fuzz mutants coverage model style bench-path bench-model bench bench-quick
