"""What the chart makes of its values, object by object."""
import pytest

from chart import VALUES, container, deployments, documents, environment, manifests, pod, render


def of_set(values, release="ci"):
    objects = documents(VALUES[values], release)
    return {(it["kind"], it["metadata"]["name"]): it for it in objects}


def test_the_migration_runs_before_the_pods_and_its_batches_beside_them():
    objects = render()
    hook = objects["Job", "ci-db-upgrade"]
    assert container(hook)["args"] == ["db", "upgrade", "--defer-online"]
    assert hook["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert hook["spec"]["activeDeadlineSeconds"] == 900
    assert pod(hook)["serviceAccountName"] == "default", "the account of the release does not exist yet"
    (online,) = (it for (kind, name), it in objects.items() if kind == "Job" and name.startswith("ci-db-online-"))
    assert container(online)["args"] == ["db", "upgrade"]
    assert "annotations" not in online["metadata"] and "activeDeadlineSeconds" not in online["spec"]


def test_settings_are_checked_before_the_database_is_touched():
    checks = lambda **values: pod(render(**values)["Job", "ci-db-upgrade"]).get("initContainers", [])
    (preflight,) = checks()
    assert preflight["args"] == ["preflight", "--before-upgrade", "--several-processes"]
    (upgrade,) = pod(render()["Job", "ci-db-upgrade"])["containers"]
    assert all(preflight[it] == upgrade[it] for it in ("image", "env", "volumeMounts", "resources", "securityContext"))
    (moved,) = checks(singleProcess={"enabled": True}, preflight={"newRootUrl": True})
    assert moved["args"] == ["preflight", "--before-upgrade", "--new-root-url"]
    assert checks(preflight={"enabled": False}) == []
    (online,) = (it for (kind, name), it in render().items() if kind == "Job" and name.startswith("ci-db-online-"))
    assert "initContainers" not in pod(online)


def test_another_template_of_the_online_job_has_another_name():
    names = set()
    for tag in ("1", "2", "1"):
        (name,) = (name for kind, name in render(image={"tag": tag}) if kind == "Job" and "online" in name)
        names.add(name)
    assert len(names) == 2


def test_the_root_url_is_that_of_the_ingress_or_the_gateway():
    for name, url in [("ingress", "https://ci.example.com"), ("ingress-plain", "http://ci.internal"),
                      ("gateway-own", "https://ci.example.com"), ("second-release", "https://stage.example.com")]:
        env = environment(deployments(of_set(name))["ci-api"])
        assert env["DROVER__API__ROOT_URL"] == url, name
    assert "DROVER__API__ROOT_URL" not in environment(deployments(render())["ci-api"])


def test_ingress_and_gateway_end_tls_and_lead_to_the_service():
    ingress = of_set("ingress")["Ingress", "ci"]["spec"]
    assert ingress["tls"] == [{"hosts": ["ci.example.com"], "secretName": "ci-tls"}]
    (rule,) = ingress["rules"]
    assert rule["http"]["paths"][0]["backend"]["service"] == {"name": "ci", "port": {"name": "http"}}
    assert "tls" not in of_set("ingress-plain")["Ingress", "ci"]["spec"]
    own = of_set("gateway-own")
    https = own["Gateway", "ci"]["spec"]["listeners"][1]
    assert (https["protocol"], https["tls"]["certificateRefs"]) == ("HTTPS", [{"name": "ci-tls"}])
    assert own["HTTPRoute", "ci"]["spec"]["parentRefs"] == [{"name": "ci", "sectionName": "https"}]
    assert own["HTTPRoute", "ci-redirect"]["spec"]["parentRefs"] == [{"name": "ci", "sectionName": "http"}]
    assert ("Gateway", "ci") not in of_set("gateway-shared")


def test_only_the_api_can_be_reached_from_elsewhere():
    objects = of_set("network-policy")
    everything, api = objects["NetworkPolicy", "ci"]["spec"], objects["NetworkPolicy", "ci-api"]["spec"]
    assert everything["ingress"] == [] and "drover/serves" not in everything["podSelector"]["matchLabels"]
    assert api["podSelector"]["matchLabels"]["drover/serves"] == "api"
    (rule,) = api["ingress"]
    assert len(rule["from"]) == 2 and rule["ports"] == [{"port": 8080, "protocol": "TCP"}]
    ports = [port["port"] for rule in everything["egress"] for port in rule.get("ports", [])]
    assert ports == [53, 53, 4318, 8080, 5432, 5671]


def test_the_provisioner_alone_reaches_the_api_server():
    closed = {"networkPolicy": {"enabled": True, "egress": [{"ports": [{"port": 5432, "protocol": "TCP"}]}]}}
    assert ("NetworkPolicy", "ci-provisioner") not in render(**closed)
    assert ("NetworkPolicy", "ci-provisioner") not in render(workerPods={"enabled": True}, networkPolicy={"enabled": True})
    spec = render(workerPods={"enabled": True}, **closed)["NetworkPolicy", "ci-provisioner"]["spec"]
    (component,) = spec["podSelector"]["matchExpressions"]
    assert component["values"] == ["provisioner"] and spec["policyTypes"] == ["Egress"]
    assert spec["egress"] == [{"ports": [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]}]
    api_server = {"cidrs": ["10.0.0.10/32", "fd00::10/128"], "ports": [6443]}
    (rule,) = render(workerPods={"enabled": True, "apiServer": api_server}, **closed)["NetworkPolicy", "ci-provisioner"]["spec"]["egress"]
    assert [it["ipBlock"]["cidr"] for it in rule["to"]] == api_server["cidrs"] and rule["ports"] == [{"port": 6443, "protocol": "TCP"}]
    one = render(workerPods={"enabled": True}, singleProcess={"enabled": True}, **closed)
    (component,) = one["NetworkPolicy", "ci-provisioner"]["spec"]["podSelector"]["matchExpressions"]
    assert component["values"] == ["all"]


def test_only_the_provisioner_may_make_pods_and_only_where_workers_are():
    cloud = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/drover"}
    objects = render(workerPods={"enabled": True, "namespace": "workers"}, serviceAccount={"annotations": cloud})
    assert objects["ServiceAccount", "ci-provisioner"]["metadata"]["annotations"] == cloud
    role, binding = objects["Role", "ci-provisioner"], objects["RoleBinding", "ci-provisioner"]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "get", "list", "delete"]}]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "ci-provisioner", "namespace": "default"}]
    worker = objects["ServiceAccount", "drover-worker"]
    assert {it["metadata"]["namespace"] for it in (role, binding, worker)} == {"workers"}
    for name, deployment in deployments(objects).items():
        makes_pods = name == "ci-provisioner"
        assert pod(deployment)["automountServiceAccountToken"] == makes_pods, name
        assert pod(deployment)["serviceAccountName"] == ("ci-provisioner" if makes_pods else "ci"), name
    without = render()
    assert ("Role", "ci-provisioner") not in without
    assert not any(pod(it)["automountServiceAccountToken"] for it in deployments(without).values())


def test_one_process_of_all_roles_makes_pods_too():
    objects = render(workerPods={"enabled": True}, singleProcess={"enabled": True})
    (single,) = deployments(objects).values()
    assert pod(single)["serviceAccountName"] == "ci-provisioner" and pod(single)["automountServiceAccountToken"]
    assert objects["Role", "ci-provisioner"]["metadata"]["namespace"] == "default"


def test_several_replicas_have_a_budget_and_are_spread():
    objects = render()
    for name, deployment in deployments(objects).items():
        is_several = deployment["spec"]["replicas"] > 1
        assert (("PodDisruptionBudget", name) in objects) == is_several, name
        assert ("topologySpreadConstraints" in pod(deployment)) == is_several, name
        if is_several:
            budget = objects["PodDisruptionBudget", name]["spec"]
            assert budget["maxUnavailable"] == 1
            labels = deployment["spec"]["template"]["metadata"]["labels"]
            assert budget["selector"]["matchLabels"].items() <= labels.items()


def test_autoscaling_takes_the_place_of_replicas():
    objects = of_set("autoscaling")
    assert "replicas" not in objects["Deployment", "ci-api"]["spec"]
    scaler = objects["HorizontalPodAutoscaler", "ci-api"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 8)
    assert scaler["scaleTargetRef"]["name"] == "ci-api"
    assert ("PodDisruptionBudget", "ci-api") in objects
    assert ("PodDisruptionBudget", "ci-queue") not in objects, "it may have one pod only"


def test_scheduling_is_for_all_pods_and_a_deployment_has_its_own():
    objects = of_set("scheduling")
    assert ("Deployment", "ci-scheduler") not in objects
    api, queue = pod(objects["Deployment", "ci-api"]), pod(objects["Deployment", "ci-queue"])
    assert (api["priorityClassName"], queue["priorityClassName"]) == ("ci-front", "ci-servers")
    assert api["topologySpreadConstraints"][0]["topologyKey"] == "topology.kubernetes.io/zone"
    for workload in [it for it in objects.values() if it["kind"] in ("Deployment", "Job")]:
        assert pod(workload)["tolerations"][0]["key"] == "dedicated"
        assert workload["spec"]["template"]["metadata"]["annotations"]["example.com/owner"] == "release-engineering"


def test_files_and_variables_reach_every_pod():
    objects = of_set("ca-files")
    pods = [pod(it) for it in objects.values() if it["kind"] in ("Deployment", "Job")] + [objects["Pod", "ci-test"]["spec"]]
    assert len(pods) == len(deployments(objects)) + 3, "with the two Jobs and the test"
    for spec in pods:
        assert {"name": "ca", "configMap": {"name": "company-ca"}} in spec["volumes"]
        for it in spec["containers"]:
            assert it["envFrom"] == [{"secretRef": {"name": "proxies"}}]
            assert {"name": "SSL_CERT_FILE", "value": "/etc/drover/ca/ca.crt"} in it["env"]
            assert {"name": "ca", "mountPath": "/etc/drover/ca", "readOnly": True} in it["volumeMounts"]


@pytest.mark.parametrize("name", VALUES)
def test_every_pod_is_confined_and_has_bounds(name):
    for it in documents(VALUES[name]):
        spec = it["spec"] if it["kind"] == "Pod" else it.get("spec", {}).get("template", {}).get("spec")
        if not spec:
            continue
        makes_pods = spec.get("serviceAccountName") == "ci-provisioner"
        assert spec["automountServiceAccountToken"] is makes_pods and spec["enableServiceLinks"] is False
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["seccompProfile"]
        for each in spec["containers"]:
            assert each["securityContext"]["readOnlyRootFilesystem"]
            assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert each["resources"]["limits"]["memory"] and each["resources"]["requests"]["cpu"]


def test_the_api_waits_before_it_stops_and_others_do_not():
    objects = of_set("own-account")
    api, queue = container(objects["Deployment", "ci-api"]), container(objects["Deployment", "ci-queue"])
    assert api["lifecycle"] == {"preStop": {"sleep": {"seconds": 20}}} and "lifecycle" not in queue
    assert pod(objects["Deployment", "ci-api"])["terminationGracePeriodSeconds"] == 60


def test_an_existing_account_image_by_digest_and_pull_secret():
    objects = of_set("own-account")
    assert not [name for kind, name in objects if kind == "ServiceAccount"]
    for it in [it for it in objects.values() if it["kind"] in ("Deployment", "Job")]:
        assert pod(it)["serviceAccountName"] == "drover-irsa"
        assert pod(it)["imagePullSecrets"] == [{"name": "registry"}]
        assert container(it)["image"].startswith("registry.example.com/ci/drover@sha256:0123")


def test_two_releases_in_one_namespace_share_no_object_and_select_no_pod_of_each_other():
    first, second = of_set("monitoring", "one"), of_set("monitoring", "two")
    assert not first.keys() & second.keys()
    for it in first.values():
        selector = it.get("spec", {}).get("selector") or it.get("spec", {}).get("podSelector")
        if selector:
            labels = selector.get("matchLabels", selector)
            assert labels["app.kubernetes.io/instance"] == "one", it["metadata"]["name"]
    for release, objects in (("one", first), ("two", second)):
        env = container(objects["Deployment", f"{release}-api"])["env"]
        secrets = {it["valueFrom"]["secretKeyRef"]["name"] for it in env if "secretKeyRef" in it.get("valueFrom", {})}
        assert secrets == {release}, "each has a Secret of its own"
    stage = environment(of_set("second-release", "stage")["Deployment", "stage-relay"])
    assert stage["DROVER__BUS__PULSE_NAMESPACE"] == "stage.taskcluster"


def test_helm_test_asks_database_broker_and_api():
    test = render()["Pod", "ci-test"]
    assert test["metadata"]["annotations"]["helm.sh/hook"] == "test"
    commands = {it["name"]: it["args"] for it in test["spec"]["containers"]}
    assert commands == {"database": ["db", "status"], "broker": ["bus", "lag"], "api": ["ping", "--root-url", "http://ci:80"]}
    single = render(singleProcess={"enabled": True})["Pod", "ci-test"]
    assert "broker" not in [it["name"] for it in single["spec"]["containers"]]


def test_the_notes_say_what_this_release_lacks():
    notes = lambda name: manifests(VALUES[name])["drover/templates/NOTES.txt"]
    assert "TASKCLUSTER_ROOT_URL=https://ci.example.com" in notes("ingress")
    assert "No address is known" in notes("default") and "No metrics are exported" in notes("default")
    assert "No metrics" not in notes("monitoring")
    assert "gone for some seconds at each upgrade" in notes("read-write-once")
