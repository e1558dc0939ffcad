"""The image of the program that was built already, made once for all tests."""
import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
TARGET = Path(os.environ["DROVER_TEST_TARGET"])
DATABASE = os.environ["DROVER_TEST_DATABASE_URL"]
CACHE = TARGET / "image-packages"


def build(folder, *more):
    command = [sys.executable, ROOT / "deploy/image/build.py", "--output", folder, "--cache", CACHE, "--tag", "test", *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="session")
def binary(tmp_path_factory):
    """Without what a debugger needs, which is half of it."""
    built = TARGET / "debug" / "drover"
    small = tmp_path_factory.mktemp("binary") / "drover"
    if shutil.which("strip"):
        subprocess.run(["strip", "-o", small, built], check=True)
    else:
        shutil.copy(built, small)
    return small


@dataclass(frozen=True)
class Image:
    layout: Path
    root: Path
    config: dict
    bill: Path
    digest: str

    @property
    def entry_point(self):
        return self.config["config"]["Entrypoint"]

    @property
    def environment(self):
        return dict(it.split("=", 1) for it in self.config["config"]["Env"])


@pytest.fixture(scope="session")
def image(tmp_path_factory, binary):
    """Built, and unpacked by an independent program."""
    folder = tmp_path_factory.mktemp("image")
    layout = folder / "oci"
    done = build(layout, "--binary", binary, "--unlocked")
    assert done.returncode == 0, done.stderr
    config = subprocess.run(["skopeo", "inspect", "--config", f"oci:{layout}:test"], capture_output=True, text=True, check=True)
    subprocess.run(["umoci", "unpack", "--image", f"{layout}:test", folder / "bundle"], capture_output=True, check=True)
    digest = json.loads(done.stdout)["digest"]
    return Image(layout, folder / "bundle" / "rootfs", json.loads(config.stdout), layout.with_suffix(".cdx.json"), digest)


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture
def psql():
    """Runs a statement as the administrator of the server of the tests."""
    server = {name: values[0] for name, values in parse_qs(urlsplit(DATABASE).query).items()}
    program = shutil.which("psql") or os.path.join(os.environ["DROVER_TEST_PG_BIN"], "psql")
    command = [program, "-q", "-v", "ON_ERROR_STOP=1", "-h", server["host"], "-p", server["port"], "-U", server["user"], "-d", "postgres", "-c"]
    return lambda statement: subprocess.run([*command, statement], check=True, timeout=60)
