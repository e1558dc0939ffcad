"""Runs commands in the root of the image as Kubernetes does: as its user, read-only, with an init, in namespaces of their own."""
import os
import shlex
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

SOCKETS = "/run/postgresql"
# The network stays that of the machine, where the servers are.
SETUP = """
set -eu
mount --make-rprivate /
mount --bind {root} {root}
mount -t proc proc {root}/proc
for it in null zero urandom random; do : >{dev}/$it; mount --bind /dev/$it {dev}/$it; done
mount --rbind {dev} {root}/dev
mount -t tmpfs -o mode=1777 tmpfs {root}/tmp
mount -t tmpfs -o mode=700,uid=10001,gid=10001 tmpfs {root}/var/lib/drover
mount -t tmpfs tmpfs {root}/run
mkdir {root}{sockets}
if [ -n "{server}" ]; then mount --bind "{server}" {root}{sockets}; fi
mount -o remount,bind,ro {root}
exec /usr/sbin/chroot --userspec=10001:10001 {root} {command}
"""


def command_line(image, arguments, server=""):
    """The entry point of the image with these arguments, behind what makes the namespaces."""
    entry = shlex.join([*image.entry_point, *arguments])
    dev = image.root.parent / "dev"
    dev.mkdir(exist_ok=True)
    script = SETUP.format(root=image.root, dev=dev, sockets=SOCKETS, server=server, command=entry)
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]


def run(image, *arguments, env=None, server=""):
    environment = {**image.environment, **(env or {})}
    return subprocess.run(command_line(image, arguments, server), env=environment, capture_output=True, text=True, timeout=120)


class Running:
    def __init__(self, process, log):
        self.process, self.log = process, log

    def init(self):
        """The process that is number 1 inside."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def wait_for(self, answers, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, f"it has ended:\n{self.log.read_text()}"
            if answers():
                return
            time.sleep(0.1)
        raise AssertionError(f"no answer within {seconds} s:\n{self.log.read_text()}")

    def stop(self):
        """SIGTERM to number 1, as a kubelet sends it; the exit code."""
        os.kill(self.init(), signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def started(image, *arguments, env, server, log):
    with log.open("w") as file:
        process = subprocess.Popen(command_line(image, arguments, server), env={**image.environment, **env}, stdout=file, stderr=file)
    try:
        yield Running(process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
