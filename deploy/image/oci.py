"""An image as the OCI's layout: a folder of blobs named by their hashes. https://github.com/opencontainers/image-spec"""
import gzip
import hashlib
import io
import json
import shutil

from layers import USER

MEDIA = "application/vnd.oci.image"


def config(layers, architecture, labels, created):
    """What a runtime has to know, with the hashes of the layers as they are unpacked."""
    return {
        "architecture": architecture,
        "os": "linux",
        "created": created,
        "config": {
            "User": f"{USER}:{USER}",
            # Takes up processes whose parents have ended, and passes signals on.
            "Entrypoint": ["/usr/bin/tini", "--", "/usr/local/bin/drover"],
            "Cmd": ["serve", "--listen", "0.0.0.0:8080"],
            "Env": ["PATH=/usr/local/bin:/usr/bin", "DROVER__DATA_DIR=/var/lib/drover"],
            "WorkingDir": "/var/lib/drover",
            "ExposedPorts": {"8080/tcp": {}},
            "StopSignal": "SIGTERM",
            "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest(it)}" for it in layers]},
        "history": [{"created": created, "created_by": f"deploy/image: {name}"} for name in ("base", "drover")],
    }


def write(folder, layers, architecture, labels, created, tag):
    """The layout of the image in `folder`, which is written anew; returns the digest of its manifest."""
    shutil.rmtree(folder, ignore_errors=True)
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    compressed = [blob(blobs, f"{MEDIA}.layer.v1.tar+gzip", packed(it)) for it in layers]
    settings = blob(blobs, f"{MEDIA}.config.v1+json", text(config(layers, architecture, labels, created)))
    content = {"schemaVersion": 2, "mediaType": f"{MEDIA}.manifest.v1+json", "config": settings, "layers": compressed, "annotations": labels}
    manifest = blob(blobs, f"{MEDIA}.manifest.v1+json", text(content))
    manifest["annotations"] = {"org.opencontainers.image.ref.name": tag}
    manifest["platform"] = {"architecture": architecture, "os": "linux"}
    (folder / "index.json").write_bytes(text({"schemaVersion": 2, "mediaType": f"{MEDIA}.index.v1+json", "manifests": [manifest]}))
    (folder / "oci-layout").write_bytes(text({"imageLayoutVersion": "1.0.0"}))
    return manifest["digest"]


def blob(blobs, media_type, content):
    name = digest(content)
    (blobs / name).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(content)}


def packed(content):
    """gzip without a time and a name."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0, filename="") as file:
        file.write(content)
    return buffer.getvalue()


def digest(content):
    return hashlib.sha256(content).hexdigest()


def text(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
