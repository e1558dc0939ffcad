use serde_json::json;

use super::*;
use crate::{exchanges::ExchangeNames, schema, scope::ScopeExpression};

fn queue() -> &'static Service {
    service("queue").unwrap()
}

fn scope(text: &str) -> ScopeExpression {
    ScopeExpression::Scope(text.to_owned())
}

#[test]
fn every_service_declares_each_name_and_each_route_once() {
    for service in services() {
        let mut names: Vec<_> = service.entries.iter().map(|it| it.name.as_str()).collect();
        let mut routes: Vec<_> = service.entries.iter().map(|it| (it.method.as_str(), it.route.as_str())).collect();
        let declared = service.entries.len();
        names.sort_unstable();
        names.dedup();
        routes.sort_unstable();
        routes.dedup();
        assert_eq!((names.len(), routes.len()), (declared, declared), "{}", service.service_name);
    }
}

#[test]
fn no_parameter_goes_unchecked() {
    for endpoint in services().iter().flat_map(|service| &service.entries) {
        for param in endpoint.params() {
            assert_ne!(param.pattern, Pattern::Any, "{} {}", endpoint.name, param.name);
        }
    }
}

#[test]
fn what_stands_in_rest_is_a_parameter_of_the_route() {
    let claim = queue().endpoint("claimWork").unwrap();
    let (name, suffix) = ("taskQueueId".to_owned(), String::new());
    let param = Param { name, rest: true, pattern: Pattern::TaskQueueId, max_bytes: None, suffix };
    assert_eq!(claim.segments, [Segment::Literal("claim-work".to_owned()), Segment::Param(param)]);
    assert!(!queue().endpoint("getTaskQueue").unwrap().params().next().unwrap().rest);
}

#[test]
fn a_template_is_filled_with_the_values_of_the_request() {
    let create = queue().endpoint("createTask").unwrap().scopes.as_ref().unwrap();
    let params = ScopeParams::new()
        .list("scopes", ["a:b"])
        .list("routes", ["x.y"])
        .list("priorities", ["high", "highest"])
        .text("projectId", "p")
        .text("schedulerId", "-")
        .text("provisionerId", "prov")
        .text("workerType", "wt");
    let priorities = vec![scope("queue:create-task:high:prov/wt"), scope("queue:create-task:highest:prov/wt")];
    let expected = ScopeExpression::AllOf(vec![
        scope("a:b"),
        scope("queue:route:x.y"),
        scope("queue:create-task:project:p"),
        scope("queue:scheduler-id:-"),
        ScopeExpression::AnyOf(priorities),
    ]);
    assert_eq!(create.render(&params), Ok(Some(expected)));
}

#[test]
fn a_value_that_is_wanting_is_a_fault_and_never_a_public_request() {
    let status = queue().endpoint("status").unwrap().scopes.as_ref().unwrap();
    assert_eq!(status.render(&ScopeParams::new()), Err(MissingParam("taskId".to_owned())));
    let as_list = ScopeParams::new().list("taskId", ["x"]);
    assert_eq!(status.render(&as_list), Err(MissingParam("taskId".to_owned())));
}

#[test]
fn a_condition_without_else_demands_nothing_when_false() {
    let template: ScopeTemplate = serde_json::from_value(json!({ "if": "private", "then": "a:<b>" })).unwrap();
    assert_eq!(template.params(), ["b", "private"]);
    assert_eq!(template.render(&ScopeParams::new().flag("private", false)), Ok(None));
    let params = ScopeParams::new().flag("private", true).text("b", "c");
    assert_eq!(template.render(&params), Ok(Some(scope("a:c"))));
    assert_eq!(template.render(&ScopeParams::new()), Err(MissingParam("private".to_owned())));
}

#[test]
fn a_loop_hides_the_parameter_of_its_own_name() {
    let get = queue().endpoint("getArtifact").unwrap();
    assert_eq!(get.scopes.as_ref().unwrap().params(), ["names"]);
    assert!(!get.scopes_follow_from_path());
    assert!(queue().endpoint("status").unwrap().scopes_follow_from_path());
    assert!(!queue().endpoint("claimWork").unwrap().scopes_follow_from_path());
    assert!(!queue().endpoint("ping").unwrap().scopes_follow_from_path());
}

#[test]
fn the_document_of_an_endpoint_has_the_public_fields() {
    let document = queue().endpoint("listArtifacts").unwrap().document("v1");
    assert_eq!(document["args"], json!(["taskId", "runId"]));
    assert_eq!(document["query"], json!(["continuationToken", "limit"]));
    assert_eq!(document["scopes"], json!("queue:list-artifacts:<taskId>:<runId>"));
    assert_eq!(document["output"], json!("v1/list-artifacts-response.json#"));
    assert_eq!(document.get("input"), None);
}

#[test]
fn patterns_tell_good_from_bad() {
    let cases = [
        (Pattern::Slugid, "fN1SbArXTPSVFNUvaOlinQ", "fN1SbArXAPSVFNUvaOlinQ"),
        (Pattern::RunId, "0", "x"),
        (Pattern::GenericId, "a-B_9", "a/b"),
        (Pattern::TaskQueueId, "proj/wt-1", "proj/Wt"),
        (Pattern::TaskQueueId, "proj/w", "proj/w-"),
        (Pattern::Printable, "public/a b", "\u{e9}"),
        (Pattern::NotEmpty, "x", ""),
        (Pattern::Digits, "10", "-1"),
        (Pattern::Flag, "true", "yes"),
        (Pattern::Time, "2026-08-21T19:24:27.123Z", "today"),
        (Pattern::ClientId, "github/1|a@b:c+d!_-.", "a b"),
        (Pattern::EntityType, "worker-pool", "task"),
        (Pattern::IndexPath, "a.b-c.(d)", "a..b"),
        (Pattern::IndexPath, "a", "a/b"),
        (Pattern::Level, "read-only", "read"),
        (Pattern::Bucket, "a-b", "-ab"),
        (Pattern::Bucket, "abc", "ab"),
        (Pattern::BucketPrefix, "", "/a"),
        (Pattern::IamRoleCompat, "iam-role-compat", "json"),
        (Pattern::AzureAccount, "abc1", "a-bc"),
        (Pattern::SentryProject, "my_project", "my.project"),
        (Pattern::HookGroupId, "a-B_9", "a/b"),
        (Pattern::HookId, "in-tree/action-1/", "a%2Fb"),
        (Pattern::WstAudience, "aud-1", "aud/1"),
        (Pattern::WstClient, "group.worker%2F~1", "group/worker"),
    ];
    for (pattern, good, bad) in cases {
        assert!(pattern.matches(good) && !pattern.matches(bad), "{pattern:?} {good} {bad}");
    }
}

#[test]
fn every_document_is_as_the_schema_it_names_says() {
    let served = documents(&ExchangeNames::default())
        .into_iter()
        .map(|document| (document.filename.clone(), document.served_under("http://x")));
    for (filename, content) in served {
        let named = content["$schema"].as_str().unwrap().trim_end_matches(".json#");
        let name = named.strip_prefix("http://x/schemas/common/").filter(|name| !name.ends_with("metaschema"));
        let Some(name) = name else { continue };
        assert_eq!(schema::check("common", name, &content), Ok(()), "{filename}");
    }
}

#[test]
fn the_bundle_holds_references_schemas_and_manifest() {
    let names: Vec<_> = documents(&ExchangeNames::default()).into_iter().map(|document| document.filename).collect();
    let wanted = [
        "references/manifest.json",
        "references/object/v1/api.json",
        "references/queue/v1/api.json",
        "references/queue/v1/exchanges.json",
        "schemas/common/api-reference-v0.json",
        "schemas/queue/v1/task.json",
    ];
    for name in wanted {
        assert!(names.iter().any(|it| it == name), "{name}");
    }
    assert!(names.is_sorted());
}

#[test]
fn the_manifest_lists_every_reference_under_the_root_url() {
    let expected = [
        "auth/v1/api",
        "auth/v1/exchanges",
        "drover/v1/api",
        "github/v1/api",
        "github/v1/exchanges",
        "hooks/v1/api",
        "hooks/v1/exchanges",
        "index/v1/api",
        "notify/v1/api",
        "notify/v1/exchanges",
        "object/v1/api",
        "purge-cache/v1/api",
        "queue/v1/api",
        "queue/v1/exchanges",
        "secrets/v1/api",
        "worker-manager/v1/api",
        "worker-manager/v1/exchanges",
    ];
    let expected = expected.map(|path| format!("http://x/references/{path}.json"));
    assert_eq!(manifest("http://x")["references"], json!(expected));
}
