"""Bad values are refused before anything is installed, in words that name the value."""
import pytest

from chart import VALUES, refusal

COLLECTOR = {"collector": {"enabled": True}}

# The schema: values, and what the message names.
BY_SCHEMA = [
    ("a name that does not exist", {"ingres": {}}, ["'ingres' not allowed"]),
    ("a name inside a deployment", {"deployments": {"api": {"replica": 2}}}, ["/deployments/api", "'replica' not allowed"]),
    ("a text for a number", {"deployments": {"api": {"replicas": "two"}}}, ["/deployments/api/replicas", "want integer"]),
    ("a negative number", {"deployments": {"api": {"replicas": -1}}}, ["/deployments/api/replicas", "minimum"]),
    ("half a replica", {"deployments": {"api": {"replicas": 1.5}}}, ["/deployments/api/replicas", "want integer"]),
    ("no roles", {"deployments": {"x": {"roles": [], "replicas": 1}}}, ["/deployments/x/roles", "minItems"]),
    ("neither replicas nor autoscaling", {"deployments": {"x": {"roles": ["index"]}}}, ["/deployments/x", "'replicas'"]),
    ("a deployment's name", {"deployments": {"My_API": {"roles": ["api"], "replicas": 1}}}, ["invalid propertyName 'My_API'"]),
    ("a role's name", {"deployments": {"x": {"roles": ["API"], "replicas": 1}}}, ["/deployments/x/roles/0", "pattern"]),
    ("a setting's name", {"settings": {"CLAIM_TIMEOUT": "1m"}}, ["invalid propertyName 'CLAIM_TIMEOUT'", "DROVER__"]),
    ("a setting without value", {"settings": {"DROVER__QUEUE__BATCH": None}}, ["/settings/DROVER__QUEUE__BATCH", "null"]),
    ("a slash at the end of the URL", {"rootUrl": "https://ci.example.com/"}, ["/rootUrl", "pattern"]),
    ("a URL without scheme", {"rootUrl": "ci.example.com"}, ["/rootUrl", "pattern"]),
    ("a URL as host", {"ingress": {"host": "https://ci.example.com"}}, ["/ingress/host", "pattern"]),
    ("a port of 0", {"service": {"port": 0}}, ["/service/port", "minimum"]),
    ("a port too large", {"service": {"port": 65536}}, ["/service/port", "maximum"]),
    ("a type of service", {"service": {"type": "Clusterip"}}, ["/service/type", "ClusterIP"]),
    ("a pull policy", {"image": {"pullPolicy": "always"}}, ["/image/pullPolicy", "Always"]),
    ("a short digest", {"image": {"digest": "sha256:12"}}, ["/image/digest", "pattern"]),
    ("an access mode", {"artifacts": {"accessModes": ["RWX"]}}, ["/artifacts/accessModes/0", "ReadWriteMany"]),
    ("a size", {"artifacts": {"size": "20 GB"}}, ["/artifacts/size"]),
    ("a quantity of memory", {"defaultResources": {"limits": {"memory": "1 GiB"}}}, ["/defaultResources/limits/memory"]),
    ("a namespace with a slash", {"pulseNamespace": "a/b"}, ["/pulseNamespace", "pattern"]),
    ("a text for true or false", {"publicRead": "no"}, ["/publicRead", "want boolean"]),
    ("a label that is no text", {"podLabels": {"tier": 1}}, ["/podLabels/tier", "want string"]),
    ("a relative mount", {"volumeMounts": [{"name": "ca", "mountPath": "etc"}]}, ["/volumeMounts/0/mountPath"]),
    ("a variable without name", {"extraEnv": [{"value": "x"}]}, ["/extraEnv/0", "'name'"]),
    ("a master without name", {"bridge": {"masters": [{"url": "https://b/"}]}}, ["/bridge/masters/0", "'name'"]),
    ("a deadline of a second", {"migration": {"deadlineSeconds": 1}}, ["/migration/deadlineSeconds", "minimum"]),
    ("an interval", {"monitoring": {"serviceMonitor": {"interval": "often"}}}, ["serviceMonitor/interval"]),
    ("the port of the API", {"monitoring": {"prometheus": {"port": 8080}}}, ["/monitoring/prometheus/port"]),
    ("a surge", {"rollout": {"maxSurge": "half"}}, ["/rollout/maxSurge"]),
    ("autoscaling without maximum", {"deployments": {"api": {"autoscaling": {"minReplicas": 1, "cpuPercent": 70}}}},
     ["/deployments/api/autoscaling", "'maxReplicas'"]),
]

# What does not go together: the message also says what to do.
BY_RULE = [
    ("two replicas on a volume for one node", {"artifacts": {"accessModes": ["ReadWriteOnce"]}},
     ["deployments.api has more than one replica", "artifacts.s3.bucket", "set deployments.api.replicas to 1"]),
    ("autoscaling on a volume for one node",
     {"artifacts": {"accessModes": ["ReadWriteOnce"]},
      "deployments": {"api": {"replicas": 1, "autoscaling": {"minReplicas": 1, "maxReplicas": 2, "cpuPercent": 70}}}},
     ["deployments.api has more than one replica"]),
    ("a minimum above the maximum",
     {"deployments": {"queue": {"autoscaling": {"minReplicas": 3, "maxReplicas": 2, "cpuPercent": 70}}}},
     ["deployments.queue.autoscaling", "minReplicas (3) is more than maxReplicas (2)"]),
    ("an end before Drover has stopped", {"preStopSeconds": 25},
     ["terminationGracePeriodSeconds (30) must be at least 10 more than preStopSeconds (25)"]),
    ("an Ingress without host", {"ingress": {"enabled": True}}, ["ingress.enabled needs ingress.host"]),
    ("a route without host", {"gateway": {"enabled": True, "className": "istio"}}, ["gateway.enabled needs gateway.host"]),
    ("a route without Gateway", {"gateway": {"enabled": True, "host": "ci.example.com"}}, ["needs gateway.parentRefs"]),
    ("a Gateway without certificate", {"gateway": {"enabled": True, "host": "ci.example.com", "className": "istio"}},
     ["gateway.tlsSecretName"]),
    ("a monitor of nothing", {"monitoring": {"serviceMonitor": {"enabled": True}}}, ["needs monitoring.collector.enabled"]),
    ("a monitor of closed ports", {"monitoring": {"podMonitor": {"enabled": True}}}, ["needs monitoring.prometheus.enabled"]),
    ("every series twice",
     {"monitoring": {"podMonitor": {"enabled": True}, "prometheus": {"enabled": True}, "serviceMonitor": {"enabled": True}, **COLLECTOR}},
     ["both enabled", "Keep one"]),
    ("the port as a setting", {"settings": {"DROVER__TELEMETRY__PROMETHEUS_LISTEN": "0.0.0.0:1"}}, ["set the value `monitoring.prometheus`"]),
    ("the root URL as a setting", {"settings": {"DROVER__API__ROOT_URL": "https://ci.example.com"}}, ["set the value `rootUrl`"]),
    ("the namespace as a setting", {"settings": {"DROVER__BUS__PULSE_NAMESPACE": "x"}}, ["set the value `pulseNamespace`"]),
    ("the collector as a setting", {"settings": {"DROVER__TELEMETRY__OTLP_ENDPOINT": "http://c"}, "monitoring": COLLECTOR},
     ["set the value `monitoring.otlpEndpoint`"]),
    ("a name that is too long", {"deployments": {"a" * 61: {"roles": ["index"], "replicas": 1}}}, ["longer than 63 letters"]),
]


def by_name(cases):
    return pytest.mark.parametrize("values, words", [it[1:] for it in cases], ids=[it[0] for it in cases])


@by_name(BY_SCHEMA)
def test_the_schema_refuses(values, words):
    message = refusal(**values)
    assert all(word in message for word in words), message


@by_name(BY_RULE)
def test_the_chart_refuses(values, words):
    message = refusal(**values)
    assert all(word in message for word in words), message


def test_every_set_of_values_becomes_a_refusal_with_one_wrong_name():
    for name, values in VALUES.items():
        assert "'typo' not allowed" in refusal(**values, typo=1), name
