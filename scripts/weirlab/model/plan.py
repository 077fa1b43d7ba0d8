# SPDX-License-Identifier: GPL-2.0
"""What scripts/bench-model measures."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable

# speed: so slow that the host's 10 to 15 us a command are below 1 % of the least
# latency. poll: the same for a queue where waiting costs instructions, so no more
# than need be. gc: only the host's rate matters. dist: the host's time must be
# small beside the spread. mib: of the disk; a hard disk seeks over all of it.
Profile = namedtuple("Profile", "mib speed poll gc dist start ios")
PROFILES = {
    "hdd": Profile(3815447, 10, 1, 0, 0, 5, 6000),
    "sata-ssd": Profile(8192, 100, 15, 10, 600, 10, 4000),
    "nvme-tlc": Profile(8192, 200, 25, 20, 1000, 10, 4000),
    "nvme-qlc": Profile(8192, 150, 10, 2, 300, 10, 4000),
    "optane": Profile(8192, 400, 150, 0, 4000, 1, 4000),
    "cloud": Profile(8192, 10, 2, 0, 30, 1, 4000),
}
DIES = {"sata-ssd": 32, "nvme-tlc": 64, "nvme-qlc": 32, "optane": 4}
STRIPE_KIB = {"optane": 4}
OTHER_DISTS = {
    "uniform": "uniform 20%",
    "lognormal": "lognormal 40%",
    "pareto": "pareto 2.5",
    "table": "table 0:800 500000:950 990000:2000 1000000:9000",
}
# Nothing but the read of a flash page takes time.
BARE = "command_ns=0;bus_mbps=0;channel_mbps=0"
DIST_IOS = 8000
GC_MIB = 256


def plan(names: Iterable[str], quick: bool) -> None:
    """The lines of the plan."""
    for name in names:
        p = PROFILES[name]

        def line(kind: str, speed: int, *loads: str, mib: int = p.mib, queue: str = "irq", numbers: str = "",
                 name: str = name) -> None:
            given = f"speed={speed}" + (";" + numbers if numbers else "")
            print(f"{name}/{kind}", name, mib, given, queue, ";".join(loads), sep="\t")

        ios = p.ios // (2 if quick else 1)
        # A disk's reads are slow enough, and virtual seconds are not free either.
        reads = 1 if name == "hdd" else p.speed
        for op in ("read", "write"):
            line(f"qd1/{op}", reads if op == "read" else p.speed, f"rand{op},4,1,{ios},0")
        for depth in (4, 16, 64, 256) if quick else [2 ** i for i in range(9)]:
            line(f"depth/{depth}", reads, f"randread,4,{depth},{max(2 * ios, 32 * depth)},0")
        if name in DIES:
            n, kib = DIES[name], STRIPE_KIB.get(name, 16)
            for depth in (n // 4, n, 4 * n) if quick else (n // 4, n // 2, n, 2 * n, 4 * n):
                line(f"dies/{depth}", 2 * p.speed, f"read,{kib},{depth},{max(ios, 40 * depth)},0",
                     numbers=BARE + ";read_dist=constant")
        line("mixed", reads, f"randread,4,1,{ios // 2 if name == 'hdd' else 2 * ios},{p.start}", "write,128,4,0,0")
        line("cliff", p.speed, "write,128,8,2048,0")
        if p.gc:
            times = 2 if quick else 3
            line("gc", p.gc, f"randwrite,16,32,{times * GC_MIB * 64},0", mib=GC_MIB,
                 # Else the bus is the limit until long after.
                 numbers="bus_mbps=0" if name == "sata-ssd" else "")
        if p.dist:
            line("dist/read", p.dist, f"randread,4,1,{DIST_IOS},0",
                 numbers="cap_iops=0" if name == "cloud" else "")
        if name == "nvme-tlc" and not quick:
            for kind, dist in OTHER_DISTS.items():
                line(f"dist/{kind}", p.dist, f"randread,4,1,{DIST_IOS},0", numbers=f"read_dist={dist}")
        few = 60 if name == "hdd" else 400
        for queue in ("irq", "poll"):
            line(f"{queue}/qd1", p.poll, f"randread,4,1,{few},0", queue=queue)
            line(f"{queue}/qd32", p.poll * (1 if name == "hdd" else 3),
                 f"randread,4,32,{4 * few},0", queue=queue)
