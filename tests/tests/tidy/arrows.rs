//! Which crate may depend on which.

use crate::metadata::crates;

/// Each crate with all crates of the workspace that it may depend on. Nothing here may form a cycle.
const ARROWS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("protocol", &[]),
    ("jsone", &[]),
    ("db", &["base", "protocol"]),
    ("bus", &["base", "protocol"]),
    ("web", &["base"]),
    ("sandbox", &[]),
    ("worker", &["base", "protocol", "sandbox"]),
    ("actors", &["base", "protocol", "jsone", "db", "bus"]),
    ("api", &["base", "protocol", "actors"]),
    ("bridge", &["base", "protocol", "db", "bus", "actors"]),
    ("integrations", &["base", "protocol", "db", "bus", "actors"]),
    ("provisioner", &["base", "protocol", "db", "bus", "actors"]),
    (
        "drover",
        &["base", "protocol", "db", "bus", "web", "worker", "actors", "api", "bridge", "integrations", "provisioner"],
    ),
    (
        "tests",
        &[
            "base",
            "protocol",
            "db",
            "bus",
            "worker",
            "actors",
            "api",
            "bridge",
            "integrations",
            "provisioner",
            "drover",
        ],
    ),
];

/// Libraries that few crates use, so that they can be replaced there.
const KEPT_APART: &[(&str, &[&str])] = &[
    ("sqlx", &["db"]),
    ("lapin", &["bus"]),
    ("ractor", &["actors", "bridge", "provisioner"]),
    ("tower-http", &["api"]),
    ("clap", &["drover"]),
    ("clap_complete", &["drover"]),
    ("comfy-table", &["drover"]),
    ("indicatif", &["drover"]),
    ("lettre", &["integrations"]),
    ("config", &["base"]),
    ("opentelemetry_sdk", &["base"]),
    ("rand", &["base"]),
];

/// Libraries that would let these crates do what they must not.
const NEVER: &[(&str, &[&str])] = &[
    ("protocol", &["tokio", "reqwest", "hyper", "async-trait", "futures-util", "rand"]),
    ("jsone", &["tokio", "reqwest", "hyper", "async-trait", "futures-util", "rand"]),
    ("db", &["reqwest", "hyper"]),
    ("actors", &["reqwest", "hyper", "http", "tower-http"]),
    ("api", &["reqwest", "sqlx", "lapin", "ractor"]),
    ("worker", &["sqlx", "lapin", "ractor"]),
];

#[test]
fn crates_depend_only_on_those_below_them() {
    let crates = crates();
    let ours = |name: &str| crates.iter().any(|(other, _)| other == name);
    for (name, depends) in &crates {
        let Some((_, may)) = ARROWS.iter().find(|(known, _)| known == name) else {
            panic!("the crate `{name}` is new: say in ARROWS what it may depend on");
        };
        for other in depends.iter().filter(|other| ours(other)) {
            assert!(may.contains(&other.as_str()), "`{name}` must not depend on `{other}`");
        }
    }
}

#[test]
fn some_libraries_are_used_by_few_crates() {
    for (name, depends) in crates() {
        for (library, homes) in KEPT_APART {
            let fine = homes.contains(&name.as_str()) || !depends.iter().any(|it| it == library);
            assert!(fine, "only {homes:?} may depend on `{library}`, not `{name}`");
        }
    }
}

#[test]
fn no_crate_depends_on_what_it_must_not_use() {
    for (name, depends) in crates() {
        let never = NEVER.iter().filter(|(crate_name, _)| *crate_name == name).flat_map(|(_, never)| *never);
        for library in never {
            assert!(!depends.iter().any(|it| it == library), "`{name}` must not depend on `{library}`");
        }
    }
}
