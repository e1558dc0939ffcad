"""Layers as tar files: the same input is the same file, byte for byte, and no privileges are needed."""
import io
import re
import tarfile

from packages import ImageError

USER = 10001
# A file has the user's number, which Kubernetes compares with `runAsNonRoot`, and a name for those who look.
PASSWD = f"root:x:0:0:root:/root:/usr/sbin/nologin\ndrover:x:{USER}:{USER}:drover:/var/lib/drover:/usr/sbin/nologin\n"
GROUP = f"root:x:0:\ndrover:x:{USER}:\n"
NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"

# Directories that packages spell without `usr/`; since Debian 12 they are links.
MERGED = {"bin", "sbin", "lib", "lib64"}
# Not needed to run a program; licences stay.
LEFT_OUT = re.compile(
    r"^usr/share/(man|locale|lintian|info|doc-base|base-files|bug|gcc)(/|$)"
    r"|^usr/share/doc/[^/]+/(?!copyright$)"
    r"|^usr/lib/[^/]+/(gconv|audit)(/|$)"
    r"|^usr/(bin/tini-static|sbin/update-ca-certificates|games|include|src|local)(/|$)"
    r"|^etc/(update-motd\.d|skel|profile\.d|dpkg|default|ca-certificates|issue|issue\.net|motd)(/|$)"
    r"|^(boot|home|media|mnt|opt|root|srv|var)(/|$)"
)


class Layer:
    """A tree that becomes a tar file: sorted, owned by root, with one time for all."""

    def __init__(self):
        self.entries = {}

    def directory(self, path, mode=0o755, owner=0):
        for parent in parents(path):
            self.entries.setdefault(parent, (tarfile.DIRTYPE, 0o755, 0, b""))
        self.entries[path] = (tarfile.DIRTYPE, mode, owner, b"")

    def file(self, path, content, mode=0o644):
        self._put(path, (tarfile.REGTYPE, mode, 0, content))

    def link(self, path, target):
        self._put(path, (tarfile.SYMTYPE, 0o777, 0, target.encode()))

    def _put(self, path, entry):
        for parent in parents(path):
            self.entries.setdefault(parent, (tarfile.DIRTYPE, 0o755, 0, b""))
        self.entries[path] = entry

    def tar(self, time):
        """The bytes of the tar file, all times being `time`."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path, (kind, mode, owner, content) in sorted(self.entries.items()):
                member = tarfile.TarInfo(path)
                member.type, member.mode, member.mtime = kind, mode, time
                member.uid = member.gid = owner
                if kind == tarfile.SYMTYPE:
                    member.linkname = content.decode()
                    tar.addfile(member)
                else:
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
        return buffer.getvalue()


def parents(path):
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def base(packages):
    """What every program needs: the C library, certificates, time zones, an init."""
    layer, certificates = Layer(), []
    for package in packages:
        for member, content in package.members():
            add(layer, member, content)
            if member.name.endswith(".crt"):
                certificates.append((member.name, content))
    if not certificates:
        raise ImageError("the package ca-certificates has no certificates")
    # What its installation would write.
    bundle = b"".join(content.rstrip(b"\n") + b"\n" for _, content in sorted(certificates))
    layer.file("etc/ssl/certs/ca-certificates.crt", bundle)
    for name in MERGED:
        layer.directory(f"usr/{name}")
        layer.link(name, f"usr/{name}")
    for path, text in (("etc/passwd", PASSWD), ("etc/group", GROUP), ("etc/nsswitch.conf", NSSWITCH)):
        layer.file(path, text.encode())
    layer.directory("tmp", 0o1777)
    for path in ("proc", "sys", "dev", "run"):
        layer.directory(path)
    return layer


def add(layer, member, content):
    path = merged(member.name.removeprefix("./").rstrip("/"))
    if not path or LEFT_OUT.search(path) or path in MERGED:
        return
    if member.isdir():
        layer.directory(path, member.mode)
    elif member.issym():
        layer.link(path, member.linkname)
    elif member.isreg():
        # Bits that give other rights are nothing for this image.
        layer.file(path, content, member.mode & 0o755)
    elif member.islnk():
        layer.entries[path] = layer.entries[merged(member.linkname.removeprefix("./"))]
    else:
        raise ImageError(f"{member.name} is neither file nor directory nor link")


def merged(path):
    first = path.split("/", 1)[0]
    return f"usr/{path}" if first in MERGED and "/" in path else path


def program(binary, bill, licence):
    """Drover itself, what it is made of, and the folder that it may write to."""
    layer = Layer()
    layer.file("usr/local/bin/drover", binary, 0o755)
    layer.file("usr/share/doc/drover/copyright", licence)
    layer.file("usr/share/sbom/drover.cdx.json", bill)
    layer.directory("var/lib/drover", 0o750, USER)
    return layer
