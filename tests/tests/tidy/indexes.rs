//! A row of an index holds at most 2,704 bytes. So every text in one has a limit, which the API knows.

use std::{collections::BTreeMap, fs};

use protocol::{
    reference::{self, Segment},
    schema,
};

use crate::metadata::root;

/// PostgreSQL takes a third of a page of 8 kB; some of it is the head of the row and columns that are no texts.
const ROOM: u64 = 2704 - 64;

/// How long the texts of a column may be.
enum Limit {
    /// A parameter of the path of a call: service, call, parameter.
    Param(&'static str, &'static str, &'static str),
    /// A field of a body: service, schema, field.
    Field(&'static str, &'static str, &'static str),
    /// So many bytes, by code or by what it is made of.
    Bytes(u64),
}

use Limit::{Bytes, Field, Param};

const LIMITS: &[(&str, Limit)] = &[
    ("artifact.name", Param("queue", "createArtifact", "name")),
    ("audit_history.client_id", Bytes(protocol::certificate::LONGEST_NAME as u64)),
    // Words like `client`.
    ("audit_history.entity_type", Bytes(32)),
    // The longest of what a history is kept of.
    ("audit_history.entity_id", Param("secrets", "set", "name")),
    // Masters are named by the operator.
    ("bridge_master.master", Bytes(255)),
    ("bridge_request.master", Bytes(255)),
    ("cache_purge.worker_pool_id", Bytes(77)),
    ("cache_purge.cache_name", Field("purge-cache", "purge-cache-request", "cacheName")),
    ("client.client_id", Param("auth", "createClient", "clientId")),
    ("derived_client.client_id", Param("auth", "createClient", "clientId")),
    // Owners and repositories have at most 100 bytes, references of git 500 (`protocol::github`).
    ("github_build.owner", Bytes(100)),
    ("github_build.name", Bytes(100)),
    ("github_build.subject", Bytes(512)),
    ("github_build.sha", Bytes(40)),
    ("github_build.delivery_id", Bytes(36)),
    ("github_cron.repository", Bytes(201)),
    ("github_delivery.delivery_id", Bytes(36)),
    ("github_delivery.repository", Bytes(201)),
    ("github_delivery.subject", Bytes(512)),
    ("github_installation.owner", Bytes(100)),
    ("github_report.repository", Bytes(201)),
    ("github_report.subject", Bytes(512)),
    ("graph.submit_key", Field("drover", "create-graph-request", "submitKey")),
    ("hook.hook_group_id", Param("hooks", "createHook", "hookGroupId")),
    ("hook.hook_id", Param("hooks", "createHook", "hookId")),
    ("hook_discard.hook_group_id", Param("hooks", "createHook", "hookGroupId")),
    ("hook_discard.hook_id", Param("hooks", "createHook", "hookId")),
    // Cut to it.
    ("hook_discard.reason", Bytes(500)),
    ("hook_queue.hook_group_id", Param("hooks", "createHook", "hookGroupId")),
    ("hook_queue.hook_id", Param("hooks", "createHook", "hookId")),
    ("hook_fire.hook_group_id", Param("hooks", "createHook", "hookGroupId")),
    ("hook_fire.hook_id", Param("hooks", "createHook", "hookId")),
    // A letter, and a date, an id or a hash.
    ("hook_fire.fire_key", Bytes(128)),
    // Paths of the index have at most 255 letters.
    ("index_namespace.parent", Bytes(255)),
    ("index_namespace.name", Bytes(255)),
    ("indexed_task.namespace", Bytes(255)),
    ("indexed_task.name", Bytes(255)),
    ("notify_denied.address", Field("notify", "notification-address", "notificationAddress")),
    ("notify_denied.destination", Field("notify", "notification-address", "notificationAddress")),
    ("notify_outbox.destination", Bytes(protocol::notify::MAX_ADDRESS as u64)),
    // A longer one is stored as its hash.
    ("notify_outbox.source", Bytes(1024)),
    ("notify_window.destination", Bytes(protocol::notify::MAX_ADDRESS as u64)),
    ("object.name", Param("object", "createUpload", "name")),
    // A word, and two texts or a provider, a region, a type and a market.
    ("circuit_breaker.scope", Bytes(32)),
    ("circuit_breaker.key", Bytes(4 * 256)),
    // Providers are named by the operator, at most as long as a part of a pool's name; the rest by clouds.
    ("identity_key.provider_id", Bytes(38)),
    ("identity_key.key_id", Bytes(1024)),
    ("launch.provider_id", Bytes(38)),
    ("launch.region", Bytes(255)),
    ("launch.worker_pool_id", Bytes(77)),
    ("launch_config.worker_pool_id", Bytes(77)),
    ("launch_config.launch_config_id", Bytes(255)),
    ("offering.provider_id", Bytes(38)),
    ("offering.region", Bytes(255)),
    ("offering.instance_type", Bytes(255)),
    ("offering.market", Bytes(32)),
    // `up` or `down`.
    ("online_migration.direction", Bytes(4)),
    ("pool_worker.provider_id", Bytes(38)),
    ("pool_worker.worker_pool_id", Bytes(77)),
    ("pool_worker.worker_group", Bytes(38)),
    ("pool_worker.worker_id", Bytes(38)),
    ("provision_decision.worker_pool_id", Bytes(77)),
    ("rate_bucket.name", Bytes(4 * 256)),
    ("worker_pool.worker_pool_id", Bytes(77)),
    ("worker_pool_error.worker_pool_id", Bytes(77)),
    // What AMQP calls a short string.
    ("dead_letter.queue", Bytes(255)),
    ("dead_letter.exchange", Bytes(255)),
    ("dead_letter.message_id", Bytes(255)),
    ("pending.task_queue_id", Bytes(77)),
    // Parts of a route.
    ("push_task.project", Bytes(249)),
    ("push_task.revision", Bytes(249)),
    ("role.role_id", Param("auth", "createRole", "roleId")),
    ("secret.name", Param("secrets", "set", "name")),
    ("signing_key.purpose", Bytes(64)),
    ("sweep_mark.name", Bytes(64)),
    ("task_note.source", Bytes(4 * 64)),
    ("task_queue.task_queue_id", Bytes(77)),
    ("worker.task_queue_id", Bytes(77)),
    ("worker.worker_group", Bytes(38)),
    ("worker.worker_id", Bytes(38)),
];

impl Limit {
    fn bytes(&self) -> Option<u64> {
        match *self {
            Bytes(bytes) => Some(bytes),
            Field(service, name, field) => {
                schema::source(service, name)?.pointer(&format!("/properties/{field}/maxBytes"))?.as_u64()
            }
            Param(service, call, name) => {
                let endpoint = reference::service(service)?.endpoint(call)?;
                let param = endpoint.segments.iter().find_map(|segment| match segment {
                    Segment::Param(param) if param.name == name => param.max_bytes,
                    _ => None,
                });
                param.map(|most| most as u64)
            }
        }
    }
}

/// The columns that are texts, as `table.column`, and the columns of each index.
fn texts_and_indexes(sql: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let (mut texts, mut indexes, mut table) = (Vec::new(), Vec::new(), String::new());
    let columns = |table: &str, list: &str| -> Vec<String> {
        let list = list.split('(').nth(1).and_then(|rest| rest.split(')').next()).unwrap_or_default();
        list.split(',').filter_map(|part| part.split_whitespace().next()).map(|it| format!("{table}.{it}")).collect()
    };
    for line in sql.lines() {
        if let Some(rest) = line.strip_prefix("create table ") {
            rest.split(' ').next().unwrap().clone_into(&mut table);
        } else if line.starts_with("  constraint ") && (line.contains(" PRIMARY KEY ") || line.contains(" UNIQUE ")) {
            indexes.push(columns(&table, line));
        } else if let Some((column, _)) = text_column(line) {
            texts.push(format!("{table}.{column}"));
        } else if let Some((_, rest)) = line.split_once(" ON drover.").filter(|_| line.contains(" USING btree ")) {
            indexes.push(columns(rest.split(' ').next().unwrap(), rest));
        }
    }
    (texts, indexes)
}

/// The name of the column that a line declares, if it is a text; it may be null.
fn text_column(line: &str) -> Option<(&str, &str)> {
    let declared = line.strip_prefix("  ")?;
    declared.split_once(" text ").or_else(|| declared.split_once(" text,"))
}

#[test]
fn every_text_in_an_index_has_a_limit_that_its_row_has_room_for() {
    let sql = fs::read_to_string(root().join("db/schema.sql")).unwrap();
    let (texts, indexes) = texts_and_indexes(&sql);
    let limits: BTreeMap<&str, &Limit> = LIMITS.iter().map(|(column, limit)| (*column, limit)).collect();
    let mut seen = Vec::new();
    for index in &indexes {
        let mut bytes = 0;
        for column in index.iter().filter(|column| texts.contains(column)) {
            let limit = limits.get(column.as_str()).and_then(|limit| limit.bytes());
            bytes += limit.unwrap_or_else(|| panic!("{column} is in an index: say in LIMITS how long it may be"));
            seen.push(column.as_str());
        }
        assert!(bytes <= ROOM, "a row of the index of {index:?} may need {bytes} bytes, and has room for {ROOM}");
    }
    let stale: Vec<_> = limits.keys().filter(|column| !seen.contains(*column)).collect();
    assert!(indexes.len() > 30 && stale.is_empty(), "{} indexes; in none of them: {stale:?}", indexes.len());
}
