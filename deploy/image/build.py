"""Builds the container image of Drover, without Docker and without privileges. Called by `./dev image`."""
import argparse
import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import layers
import oci
import packages
import sbom
from packages import ImageError

ROOT = Path(__file__).parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def arguments():
    parser = argparse.ArgumentParser(prog="./dev image", description="Builds the container image of Drover as an OCI layout.")
    parser.add_argument("--binary", type=Path, default=TARGET / "release/drover", help="the program, built for this architecture [default: a release, built now]")
    parser.add_argument("--output", type=Path, default=TARGET / "image/drover", help="the folder for the image, which is written anew [default: target/image/drover]")
    parser.add_argument("--cache", type=Path, default=TARGET / "image-packages", help="the folder for packages of Debian [default: target/image-packages]")
    parser.add_argument("--tag", help="the name inside of the layout [default: the program's version]")
    parser.add_argument("--update", action="store_true", help="take the newest packages of Debian and write them to packages.lock")
    parser.add_argument("--unlocked", action="store_true", help="take the newest packages of Debian and leave packages.lock as it is")
    return parser.parse_args()


def version_of(binary):
    """What the program says of itself: version and commit."""
    try:
        done = subprocess.run([binary, "version", "-o", "json"], capture_output=True, text=True, check=True, timeout=60)
        return json.loads(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise ImageError(f"{binary} is no program of Drover for this machine: {error}") from None


def time_of_sources():
    """The time of all files: that of the last commit, so that the same sources make the same image."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if not given:
        command = ["git", "log", "-1", "--format=%ct"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        given = done.stdout.strip() or "0"
    return datetime.fromtimestamp(int(given), timezone.utc)


def build(wanted):
    fetched = packages.fetch(wanted.cache, is_locked=not (wanted.update or wanted.unlocked))
    if wanted.update:
        packages.write_lock(fetched)
    version, time = version_of(wanted.binary), time_of_sources()
    bill = sbom.bill(fetched, ROOT, version["version"], time)
    program = layers.program(wanted.binary.read_bytes(), bill, (ROOT / "LICENSE").read_bytes())
    tars = [it.tar(int(time.timestamp())) for it in (layers.base(fetched), program)]
    labels = {
        "org.opencontainers.image.title": "drover",
        "org.opencontainers.image.version": version["version"],
        "org.opencontainers.image.revision": version["commit"],
        "org.opencontainers.image.licenses": "MPL-2.0",
    }
    tag = wanted.tag or version["version"]
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = oci.write(wanted.output, tars, fetched[0].architecture, labels, created, tag)
    wanted.output.with_suffix(".cdx.json").write_bytes(bill)
    print(json.dumps({"image": str(wanted.output), "tag": tag, "digest": digest, "bytes": sum(map(len, tars))}))


if __name__ == "__main__":
    try:
        build(arguments())
    except ImageError as error:
        sys.exit(f"./dev image: {error}")
