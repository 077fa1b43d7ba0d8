# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Of scripts/vm: what a machine finds on its drives, or with --memory-root in memory: those
# of --drive, the command and its files, the lab's own. Sourced, never run.

# shellcheck disable=SC2034,SC2154,SC2164 # shared with scripts/vm, which ends where one fails
readonly DRIVES_MAX=16

# drive_spec SPEC: its $type, $what (a size, or file=PATH) and $properties, which begin
# with a comma. As QEMU has it, two commas are one of the path.
drive_spec()
{
	local rest=${1#*:}

	type=${1%%:*} what='' properties=''
	while [[ $rest == *,* ]]; do
		what+=${rest%%,*} rest=${rest#*,}
		if [[ $rest != ,* ]]; then
			properties=,$rest
			return
		fi
		what+=, rest=${rest#,}
	done
	what+=$rest
}

check_drives()
{
	local spec type what properties

	((${#drives[@]} <= DRIVES_MAX)) ||
		die "$STATUS_USAGE" "${#drives[@]} times --drive: want at most $DRIVES_MAX"
	for spec in "${drives[@]}"; do
		[[ $spec =~ ^(nvme|virtio|scsi): ]] || die "$STATUS_USAGE" \
			"--drive is '$spec': want nvme:, virtio: or scsi:, then a size or file=PATH"
		drive_spec "$spec"
		if [[ $what == file=* ]]; then
			[[ -f ${what#file=} && -r ${what#file=} ]] ||
				die "$STATUS_USAGE" "--drive is '$spec': no readable file '${what#file=}'"
		elif ! [[ $what =~ ^[1-9][0-9]{0,5}[KMGT]$ ]]; then
			die "$STATUS_USAGE" "--drive is '$spec': the size is '$what':" \
				'want a number up to 999999 and K, M, G or T'
		fi
	done
}

# user_drives: QEMU's arguments for every --drive, the modules they need.
drive_modules=''
user_drives()
{
	local spec type what properties file snapshot id number=0

	for spec in "${drives[@]}"; do
		number=$((number + 1))
		id=drive$number
		drive_spec "$spec"
		if [[ $what == file=* ]]; then
			file=$(realpath -- "${what#file=}") snapshot=on
		else
			file=$tmp/$id snapshot=off
			truncate -s "$what" "$file" ||
				die "$STATUS_USAGE" "--drive is '$spec': the file system of $TMPDIR cannot have it"
		fi
		qemu_args+=(-drive "if=none,id=$id,format=raw,cache=unsafe,discard=unmap,file=${file//,/,,},snapshot=$snapshot")
		case $type in
		nvme)
			qemu_args+=(-device "nvme,drive=$id,serial=$id$properties")
			;;
		virtio)
			qemu_args+=(-device "virtio-blk-pci,drive=$id,serial=$id$properties")
			drive_modules+=' virtio_blk'
			;;
		scsi)
			[[ $drive_modules == *scsi* ]] || qemu_args+=(-device "virtio-scsi-pci,id=scsi")
			qemu_args+=(-device "scsi-hd,bus=scsi.0,drive=$id,serial=$id$properties")
			drive_modules+=' virtio_scsi sd_mod'
			;;
		esac
	done
}

# lab_drive: the command and its files; the machine's init has the other side.
lab_drive()
{
	local path lab=$tmp/lab

	mkdir -p -- "$lab/in" "$lab/run/dev/pts" "$lab/run/dev/shm"
	cp -- "$repo/scripts/guest/init" "$repo/scripts/guest/init-common" "$lab"
	for path in "${in[@]}"; do
		run cp -aH -- "$path" "$lab/in/$(in_name "$path")"
	done
	[[ -z $modules ]] || cp -r -- "$modules" "$lab/modules"
	declare -p command >"$lab/run/command"
	printf '%s\n' "drives=${#drives[@]}" "drive_modules='$drive_modules'" \
		"has_modules='${modules_image:+1}'" >"$lab/run/settings"
	ln -s /proc/self/fd "$lab/run/dev/fd"
	ln -s fd/0 "$lab/run/dev/stdin"
	ln -s fd/1 "$lab/run/dev/stdout"
	ln -s fd/2 "$lab/run/dev/stderr"
	cat >"$lab/run/fstab" <<-'EOT'
		devpts /dev/pts devpts gid=5,mode=620,ptmxmode=666 0 0
		tmpfs /dev/shm tmpfs mode=1777 0 0
		tmpfs /run tmpfs mode=755 0 0
		tmpfs /tmp tmpfs mode=1777 0 0
		debugfs /sys/kernel/debug debugfs nofail 0 0
		tracefs /sys/kernel/tracing tracefs nofail 0 0
		cgroup2 /sys/fs/cgroup cgroup2 nofail 0 0
		/lab/in /in none bind 0 0
	EOT
	file_system "$lab" "$tmp/lab.img"
	rm -rf -- "$lab"
}

# memory_archive: the same for --memory-root, behind the root: what the kernel
# unpacks into memory.
memory_archive()
{
	local path lab=$tmp/lab

	mkdir -p -- "$lab/in" "$lab/lab/run" "$lab/usr/lib/modules"
	cp -- "$repo/scripts/guest/memory-init" "$lab/init"
	cp -- "$repo/scripts/guest/init-common" "$lab/lab"
	for path in "${in[@]}"; do
		run cp -aH -- "$path" "$lab/in/$(in_name "$path")"
	done
	[[ -z $modules ]] || cp -r -- "$modules" "$lab/usr/lib/modules/$KVER"
	declare -p command >"$lab/lab/run/command"
	# The same bytes for the same files, whenever they were made.
	find "$lab" -exec touch -h -d @0 -- {} +
	(
		cat -- "$root_image"
		cd -- "$lab"
		find . -print0 | LC_ALL=C sort -z | cpio --quiet -0 -o -H newc -R 0:0 --reproducible
	) >"$tmp/archive"
	rm -rf -- "$lab"
}

# namespace NSID FILE SNAPSHOT: one of the lab's own drives.
namespace()
{
	qemu_args+=(
		-drive "if=none,id=lab$1,format=raw,cache=unsafe,file=${2//,/,,},snapshot=$3"
		-device "nvme-ns,bus=lab,nsid=$1,drive=lab$1"
	)
}
