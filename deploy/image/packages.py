"""The Debian packages of the image: fetched by apt, compared with the lock, and read without being installed."""
import hashlib
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE / "packages.lock"


class ImageError(Exception):
    """Why no image can be made, in words for the one who asked for it."""


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    architecture: str
    sha256: str
    path: Path

    def members(self):
        """The files of the package, with the content of those that have one."""
        archive = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", self.path], stdout=subprocess.PIPE)
        with tarfile.open(fileobj=archive.stdout, mode="r|") as tar:
            for member in tar:
                yield member, tar.extractfile(member).read() if member.isreg() else b""
        if archive.wait() != 0:
            raise ImageError(f"dpkg-deb cannot read {self.path}")


def names():
    lines = (HERE / "packages.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def architecture():
    return output("dpkg", "--print-architecture")


def output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    except FileNotFoundError:
        raise ImageError(f"{command[0]} is missing: images are built on Debian or a relative of it") from None
    except subprocess.CalledProcessError as error:
        raise ImageError(f"{' '.join(map(str, command))}: {error.stderr.strip()}") from None
    return done.stdout.strip()


def newest(name):
    """The version that apt would install."""
    found = re.search(r"Candidate: (\S+)", output("apt-cache", "policy", name))
    if not found or found[1] == "(none)":
        raise ImageError(f"apt knows no package {name}; run `apt-get update` as root first")
    return found[1]


def locked():
    """(name, architecture) -> (version, sha256)"""
    lines = [line.split() for line in LOCK.read_text().splitlines() if line and not line.startswith("#")]
    return {(name, arch): (version, sha256) for name, arch, version, sha256 in lines}


def fetch(cache, is_locked):
    """All packages; those of the lock, or the newest that apt knows."""
    lock, arch = locked() if is_locked else {}, architecture()
    return [fetch_one(name, arch, lock, cache) for name in names()]


def fetch_one(name, arch, lock, cache):
    wanted = lock.get((name, arch))
    if lock and not wanted:
        raise ImageError(f"packages.lock has no {name} for {arch}; run `./dev image --update` and commit the lock")
    version = wanted[0] if wanted else newest(name)
    path = downloaded(name, version, arch, cache)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if wanted and sha256 != wanted[1]:
        raise ImageError(f"{path.name} is not the file that packages.lock names: sha256 {sha256}")
    return Package(name, version, arch, sha256, path)


def downloaded(name, version, arch, cache):
    """apt writes a colon of the version as %3a; an architecture may be `all`."""
    cache.mkdir(parents=True, exist_ok=True)
    pattern = f"{name}_{version.replace(':', '%3a')}_*.deb"
    if not list(cache.glob(pattern)):
        command = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", f"{name}={version}"]
        done = subprocess.run(command, cwd=cache, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise ImageError(
                f"apt has no {name} {version} (any more): {done.stderr.strip()}\n"
                "run `apt-get update` as root; if that does not help, `./dev image --update` takes the newest versions into packages.lock"
            )
    return next(cache.glob(pattern))


def write_lock(packages):
    """Lines of this architecture; those of others stay."""
    arch = architecture()
    others = [[name, other, *it] for (name, other), it in (locked() if LOCK.exists() else {}).items() if other != arch]
    ours = [[it.name, it.architecture, it.version, it.sha256] for it in packages]
    lines = ["# name, architecture, version, sha256 of the file. Written by `./dev image --update`."]
    LOCK.write_text("\n".join(lines + [" ".join(it) for it in sorted(ours + others)]) + "\n")
