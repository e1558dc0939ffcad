"""What the API server of the tests says of itself: its version, its kinds, and that it checks fields."""

VERSION = "1.34"
RESOURCES = [  # group and version, plural, kind
    ("v1", "namespaces", "Namespace"), ("v1", "secrets", "Secret"), ("v1", "services", "Service"), ("v1", "pods", "Pod"),
    ("v1", "configmaps", "ConfigMap"), ("v1", "serviceaccounts", "ServiceAccount"),
    ("v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    ("apps/v1", "deployments", "Deployment"), ("batch/v1", "jobs", "Job"), ("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    ("autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "ingresses", "Ingress"), ("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"),
    ("rbac.authorization.k8s.io/v1", "roles", "Role"), ("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding"),
    ("gateway.networking.k8s.io/v1", "httproutes", "HTTPRoute"), ("gateway.networking.k8s.io/v1", "gateways", "Gateway"),
    ("monitoring.coreos.com/v1", "servicemonitors", "ServiceMonitor"), ("monitoring.coreos.com/v1", "prometheusrules", "PrometheusRule"),
    ("monitoring.coreos.com/v1", "podmonitors", "PodMonitor"),
]


def discovered(path):
    """The answer of a path that says what the server has; None for a path of objects."""
    if path == "/version":
        return {"major": "1", "minor": VERSION.split(".")[1], "gitVersion": f"v{VERSION}.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    groups = sorted({version for version, *_ in RESOURCES if "/" in version})
    if path == "/apis":
        versions = lambda it: [{"groupVersion": it, "version": it.split("/")[1]}]
        listed = [{"name": it.split("/")[0], "versions": versions(it), "preferredVersion": versions(it)[0]} for it in groups]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    if path.startswith("/openapi/v3"):
        return openapi(path.removeprefix("/openapi/v3").strip("/"))
    version = path.removeprefix("/apis/").removeprefix("/api/")
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    listed = [{"name": plural, "singularName": kind.lower(), "namespaced": plural != "namespaces", "kind": kind, "verbs": verbs}
              for it, plural, kind in RESOURCES if it == version]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": listed} if listed and path.count("/") <= 3 else None


def openapi(path):
    """As much as makes clients leave the check of fields to this server."""
    versions = {("apis/" if "/" in version else "api/") + version: version for version, *_ in RESOURCES}
    if not path:
        return {"paths": {it: {"serverRelativeURL": f"/openapi/v3/{it}"} for it in versions}}
    check = [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}]
    paths = {}
    for version, plural, kind in RESOURCES:
        if version == versions.get(path):
            group, _, number = version.rpartition("/")
            of = {"group": group, "version": number, "kind": kind}
            patch = {"parameters": check, "responses": {}, "x-kubernetes-group-version-kind": of}
            paths[f"/{path}/namespaces/{{namespace}}/{plural}/{{name}}"] = {"patch": patch}
    return {"openapi": "3.0.0", "info": {"title": "", "version": ""}, "paths": paths}
