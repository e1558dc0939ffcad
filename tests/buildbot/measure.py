"""How the bridge fares with a thousand open builds at a real master: `DROVER=target/debug/drover VENV/bin/python measure.py [N]`.

Prints how fast they are accepted, how long one check of all of them takes, and the memory of the process."""
import pathlib
import subprocess
import sys
import tempfile
import time

from conftest import Drover
from master import Master, wait_for

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


def main():
    with tempfile.TemporaryDirectory(prefix="drover-measure-", dir="/dev/shm", ignore_cleanup_errors=True) as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o711)
        master = Master(folder)
        master.start()
        drover = Drover(folder, master.url)
        try:
            measure(master, drover)
        finally:
            drover.stop()
            master.stop()


def measure(master, drover):
    print(f"memory with no open build: {memory(drover)}")
    wait_for("the master to be up", lambda: drover.collector.of("drover.bridge.master.up", master="main") == 1)
    begun = time.monotonic()
    tasks = [drover.build("waiting") for _ in range(COUNT)]
    created = time.monotonic()
    print(f"{COUNT} tasks created in {created - begun:.1f} s")
    open_now = lambda state: drover.collector.of("drover.bridge.requests.open", master="main", state=state) or 0
    wait_for("all requests", lambda: open_now("created") == COUNT, 600, 0.5)
    print(f"accepted by the master within {time.monotonic() - begun:.1f} s; memory {memory(drover)}")

    checks = lambda: drover.collector.of("drover.bridge.check.duration", master="main")
    connected = lambda: drover.log.read_text().count('connected to the events of the master master="main"')
    # After a new connection for events it checks everything.
    for _ in range(3):
        before, connections = checks(), connected()
        master.kill()
        master.start()
        wait_for("events", lambda: connected() > connections)
        groups = COUNT // 250
        wait_for("a check of all", lambda: checks()[0] - before[0] >= groups, 120, 0.5)
        count, seconds = checks()[0] - before[0], checks()[1] - before[1]
        print(f"check: {count} groups took {seconds / count:.2f} s each, side by side; memory {memory(drover)}")
    assert len(tasks) == COUNT and drover.state(tasks[0]) == "pending"


def memory(drover):
    """Of the process of all roles, without its database: its own, and pages of the program (many in a debug build)."""
    status = pathlib.Path(f"/proc/{drover.process.pid}/status").read_text()
    size = {name: int(rest.split()[0]) // 1024 for name, rest in (
        line.split(":", 1) for line in status.splitlines()) if name in ("RssAnon", "RssFile")}
    return f"{size['RssAnon']} MB and {size['RssFile']} MB of the program"


if __name__ == "__main__":
    main()
