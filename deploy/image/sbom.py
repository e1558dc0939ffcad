"""What is in the image, as CycloneDX 1.5: the packages of Debian and the crates that the program is linked from."""
import json
import subprocess
import uuid

from packages import ImageError

NAMESPACE = uuid.UUID("5c0f9c2e-5c3f-5d0e-9a52-0d6f6a9f3c11")


def bill(packages, root, version, time):
    """The bytes of the document. Its serial number follows from its content, so that it can be made again."""
    components = [of_debian(it) for it in packages] + [of_crate(it) for it in linked_crates(root)]
    components.sort(key=lambda it: it["bom-ref"])
    serial = uuid.uuid5(NAMESPACE, json.dumps([version, components], sort_keys=True))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "container", "bom-ref": "drover", "name": "drover", "version": version},
        },
        "components": components,
    }
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def of_debian(package):
    url = f"pkg:deb/debian/{package.name}@{escaped(package.version)}?arch={package.architecture}"
    return {
        "type": "library",
        "bom-ref": url,
        "name": package.name,
        "version": package.version,
        "purl": url,
        "hashes": [{"alg": "SHA-256", "content": package.sha256}],
    }


def of_crate(crate):
    url = f"pkg:cargo/{crate['name']}@{escaped(crate['version'])}"
    component = {"type": "library", "bom-ref": url, "name": crate["name"], "version": crate["version"], "purl": url}
    if crate.get("license"):
        component["licenses"] = [{"expression": crate["license"].replace("/", " OR ")}]
    return component


def escaped(version):
    return version.replace(":", "%3A").replace("~", "%7E").replace("+", "%2B")


def linked_crates(root):
    """What the program is linked from: neither tools of the build nor of the tests, nor what another system needs."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host(root)]
    metadata = json.loads(run(command, root))
    nodes = {it["id"]: it for it in metadata["resolve"]["nodes"]}
    crates = {it["id"]: it for it in metadata["packages"]}
    found, waiting = set(), [it["id"] for it in metadata["packages"] if it["name"] == "drover"]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            is_linked = lambda edge: any(it["kind"] is None for it in edge["dep_kinds"])
            waiting += [edge["pkg"] for edge in nodes[at]["deps"] if is_linked(edge)]
    return [crates[it] for it in found]


def host(root):
    lines = run(["rustc", "--version", "--verbose"], root).splitlines()
    return next(line.split(": ")[1] for line in lines if line.startswith("host: "))


def run(command, root):
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise ImageError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
