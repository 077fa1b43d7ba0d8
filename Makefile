# SPDX-License-Identifier: GPL-2.0
# weir: `make help` says what there is.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
MODULES ?= weir-blk weir-iosched
VMLINUX ?=
OUT ?= out

.DEFAULT_GOAL := modules

help:
	@echo 'make                 build the modules for the running kernel'
	@echo 'make KDIR=TREE       build them for a prepared kernel tree'
	@echo '  VMLINUX=FILE       ... whose type information (BTF) is there'
	@echo '  MODULES=weir-blk   ... only the driver, which needs no BTF'
	@echo 'make install         install them for the kernel built for (as root)'
	@echo 'make demo            see it work, in a virtual machine'
	@echo 'make check           all tests; make check-quick: the short ones'
	@echo 'make check-long      the elevator under stress, for an hour'
	@echo 'make check-matrix    both modules on every kernel there is support for'
	@echo 'make bench-path      instructions and locks per I/O beside brd, null_blk, other schedulers'
	@echo 'make bench-model     the profiles: what is measured beside what the model says'
	@echo 'make bench-quick     schedulers side by side on simulated drives, and a report: 15 min'
	@echo 'make bench           all scenarios, sweeps and seeds: hours; goes on where it was'
	@echo 'make clean           remove what was built here'

modules:
	@test -f "$(KDIR)/Makefile" || { \
	  echo "make: no kernel tree at KDIR=$(KDIR)" >&2; \
	  echo "  on Debian: apt-get install linux-headers-$(KVER)" >&2; \
	  echo "  or name one: make KDIR=/path/to/prepared/tree" >&2; \
	  echo "  or try without any: make demo" >&2; exit 2; }
ifneq ($(filter weir-iosched,$(MODULES)),)
	@scripts/elevator header --kdir $(KDIR) --kver $(KVER) \
		--btf '$(VMLINUX)' --out generated
endif
	$(MAKE) -C $(KDIR) M=$(CURDIR) WEIR_MODULES='$(MODULES)' modules
ifneq ($(filter weir-iosched,$(MODULES)),)
	@scripts/elevator gate --out generated --verbose weir-iosched.ko
endif

install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) WEIR_MODULES='$(MODULES)' modules_install

# Not through kbuild: it must work where there is no kernel tree.
clean:
	find src \( -name '*.o' -o -name '.*.cmd' -o -name '*.o.d' \) -delete
	rm -rf .tmp_versions .module-common.o generated tests/unit/build
	rm -f *.ko *.o *.mod *.mod.c .*.cmd modules.order Module.symvers

demo:
	scripts/setup lab build demo
	scripts/demo --out $(OUT)/demo

check:
	scripts/setup build lab check demo trace
	scripts/check --out $(OUT)/check

check-quick:
	scripts/setup build lab check
	scripts/check --quick --out $(OUT)/check

check-long:
	scripts/setup build lab
	scripts/check --long --out $(OUT)/check-long

check-matrix:
	scripts/setup build lab
	scripts/check-matrix --out $(OUT)/check-matrix

unit:
	scripts/setup check
	tests/unit/run

model:
	scripts/setup check
	tests/model/run

style:
	scripts/setup build check
	tests/style/run

bench-path:
	scripts/setup build lab
	scripts/bench-path --out $(OUT)
	scripts/bench-locks --out $(OUT)

bench-model:
	scripts/setup lab build check
	scripts/bench-model --out $(OUT)

bench bench-quick:
	scripts/setup lab build demo
	scripts/bench $(if $(filter bench-quick,$@),--quick) --out $(OUT)/$@
	scripts/report $(OUT)/$@

.PHONY: help modules install clean demo check check-quick check-long check-matrix unit model style bench-path bench-model bench bench-quick
