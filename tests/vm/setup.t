#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that weir-setup on gives weir to every disk that should have it, to those that
# come later by its rule, and to no other kind; that what is written by hand stays; that
# off takes all of that back; and that udev takes the rule. Needs nothing special; 20 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
carry ../../scripts/weir-setup ../../packaging/61-weir.rules
in_machine --smp 2 --drive virtio:64M,num-queues=2 --drive scsi:64M

# scheduler DISK
scheduler()
{
	sed -n 's/.*\[\(.*\)\].*/\1/p' "/sys/block/$1/queue/scheduler"
}

# appear DISK: udev hears of it as when it came.
appear()
{
	udevadm trigger --action=add "/sys/block/$1" && udevadm settle
}

mkdir -p /usr/share/weir /etc/udev/rules.d /etc/modules-load.d
cp /in/61-weir.rules /usr/share/weir/
one=${DRIVE1##*/} two=${DRIVE2##*/}
udevadm settle
if udevadm verify --help >/dev/null 2>&1; then
	try 'udevadm verify has nothing to say' udevadm verify /in/61-weir.rules
else
	skip 'this udev has no verify' 'udevadm verify has nothing to say'
fi
refused 'off: no rule' 'status says off, before' bash /in/weir-setup status
before="$(scheduler "$one") $(scheduler "$two")"
refused "'maybe': want on" 'a word that it does not know' bash /in/weir-setup maybe

# Without the module nothing is done, and it says what to do.
mount -t tmpfs nothing /lib/modules
refused 'install the package weir-dkms' 'on, without the module' bash /in/weir-setup on
[[ ! -e /etc/udev/rules.d/61-weir.rules && ! -e /etc/modules-load.d/weir.conf ]]
ok $? 'left no rule'
umount /lib/modules

# As if this kernel took signed modules only; and as if shim had booted it.
try 'signing: any module' bash /in/weir-setup signing
echo Y >/tmp/enforce
mount --bind /tmp/enforce /sys/module/module/parameters/sig_enforce
refused 'Without shim' 'signing: what to do without shim' bash /in/weir-setup signing
mount -t tmpfs firmware /sys/firmware
mkdir -p /sys/firmware/efi/mok-variables /usr/local/bin
printf '#!/bin/sh\n' >/usr/local/bin/mokutil
chmod +x /usr/local/bin/mokutil
refused 'mokutil --import /var/lib/dkms/mok.pub' 'signing: what to type with it' bash /in/weir-setup signing
umount /sys/firmware /sys/module/module/parameters/sig_enforce

load nr_devices=1 gb=1
try 'on' bash /in/weir-setup on
is "$(scheduler "$one") $(scheduler "$two")" 'weir weir' 'disks have weir'
is "$(scheduler weir0)" none 'a disk of weir-blk has not'
try 'status says on' bash /in/weir-setup status
like "$(bash /in/weir-setup status)" "weir-iosched [0-9.]+ is loaded" 'and which version is loaded'
is "$(tail -n 1 /etc/modules-load.d/weir.conf)" weir-iosched 'the module is loaded at boot'

# What udev does for a disk that comes.
for disk in /sys/block/*; do
	[[ $(scheduler "${disk##*/}") != weir ]] || echo none >"$disk/queue/scheduler"
done
rmmod weir_iosched
appear "$one"
appear "$two"
appear weir0
is "$(scheduler "$one") $(scheduler "$two")" 'weir weir' 'a disk that comes gets weir, and the module is loaded'
is "$(scheduler weir0)" none 'one of weir-blk does not'
echo none >"/sys/block/$one/queue/scheduler"
udevadm trigger --action=change "/sys/block/$one"
udevadm settle
is "$(scheduler "$one")" none 'what is written by hand stays'

try 'off' bash /in/weir-setup off
is "$(scheduler "$one") $(scheduler "$two")" "$before" "disks have the kernel's own default again"
[[ ! -e /sys/module/weir_iosched && ! -e /etc/udev/rules.d/61-weir.rules && ! -e /etc/modules-load.d/weir.conf ]]
ok $? 'nothing is left'
appear "$two"
is "$(scheduler "$two")" "${before##* }" 'a disk that comes does not get weir any more'
unload
done_testing
