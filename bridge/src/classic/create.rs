//! Inserts the rows of a request. Values that do not fit the columns are refused with their field.

use db::classic::{ClassicCreated, ClassicOrder, ClassicStamp};
use serde_json::{Value, json};

use super::{ClassicMaster, message::TASK_ID};
use crate::driver::{BuildsetId, Created, DriverError, DriverResult, NewRequest, RequestId};

/// The source of properties, as the web interface shows it.
const SOURCE: &str = "drover";
/// Limits of the columns.
const MAX_TEXT_LENGTH: usize = 256;
const MAX_VALUE_LENGTH: usize = 1024;

pub(super) async fn run(master: &ClassicMaster, order: &NewRequest) -> DriverResult<Created> {
    let order = rows(order, master.clock.now().timestamp())?;
    Ok(created(master.db.create(&order).await?))
}

pub(super) async fn lookup(master: &ClassicMaster, key: &str) -> DriverResult<Option<Created>> {
    Ok(master.db.lookup(&id_string(key), &property(&json!(key))).await?.map(created))
}

const fn created(row: ClassicCreated) -> Created {
    Created { buildset: BuildsetId(row.buildset_id), request: RequestId(row.request_id) }
}

/// As the first bridge wrote it, for tools that search for it: without the run.
fn id_string(key: &str) -> String {
    format!("taskId:{}", task_id(key))
}

fn task_id(key: &str) -> &str {
    key.split('/').next().unwrap_or_default()
}

fn rows(order: &NewRequest, now: i64) -> DriverResult<ClassicOrder> {
    let stamp = &order.source_stamp;
    if !stamp.codebase.is_empty() {
        return Err(refused("`sourcestamp.codebase`: Buildbot 0.8 has no codebases; leave it out".to_owned()));
    }
    for (field, text) in [
        ("builderName", &order.builder),
        ("sourcestamp.branch", &stamp.branch),
        ("sourcestamp.revision", &stamp.revision),
    ] {
        fits(&format!("`{field}`"), text, MAX_TEXT_LENGTH)?;
    }
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Ok(ClassicOrder {
        id_string: id_string(&order.key),
        key: property(&json!(order.key)),
        builder: order.builder.clone(),
        priority: i32::try_from(order.priority).map_err(|_| refused("`priority` is out of range".to_owned()))?,
        reason: order.reason.chars().take(MAX_TEXT_LENGTH).collect(),
        stamp: ClassicStamp {
            branch: some(&stamp.branch),
            revision: some(&stamp.revision),
            repository: stamp.repository.clone(),
            project: stamp.project.clone(),
        },
        properties: properties(order)?,
        submitted_at: now,
    })
}

fn properties(order: &NewRequest) -> DriverResult<Vec<(String, String)>> {
    let ours = [(TASK_ID, json!(task_id(&order.key))), (ClassicOrder::KEY, json!(order.key))];
    let is_ours = |name: &str| ours.iter().any(|(known, _)| *known == name);
    let mut rows = Vec::with_capacity(order.properties.len() + ours.len());
    for (name, value) in order.properties.iter().filter(|(name, _)| !is_ours(name)) {
        let shown: String = name.chars().take(40).collect();
        fits(&format!("the name `properties.{shown}`"), name, MAX_TEXT_LENGTH)?;
        let value = property(value);
        fits(&format!("`properties.{shown}`, as JSON,"), &value, MAX_VALUE_LENGTH)?;
        rows.push((name.clone(), value));
    }
    rows.extend(ours.map(|(name, value)| (name.to_owned(), property(&value))));
    Ok(rows)
}

/// `[value, source]` in ASCII, so that it fits the table whatever its character set.
fn property(value: &Value) -> String {
    let mut ascii = String::new();
    for letter in json!([value, SOURCE]).to_string().chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            ascii.extend(letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    ascii
}

fn fits(what: &str, text: &str, max: usize) -> DriverResult<()> {
    let long = text.chars().count();
    if long <= max {
        return Ok(());
    }
    Err(refused(format!("{what} has {long} letters; Buildbot 0.8 keeps {max} at most")))
}

const fn refused(message: String) -> DriverError {
    DriverError::Refused(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::SourceStamp;

    fn order() -> NewRequest {
        NewRequest {
            key: "task/3".to_owned(),
            builder: "linux".to_owned(),
            source_stamp: SourceStamp { branch: "projects/cedar".to_owned(), ..SourceStamp::default() },
            properties: json!({"product": "fennec", "taskId": "mine"}).as_object().unwrap().clone(),
            priority: 1,
            reason: "r".repeat(300),
        }
    }

    #[test]
    fn a_request_becomes_rows() {
        let rows = rows(&order(), 7).unwrap();
        assert_eq!((rows.id_string.as_str(), rows.key.as_str()), ("taskId:task", r#"["task/3","drover"]"#));
        assert_eq!((rows.reason.len(), rows.submitted_at), (256, 7));
        assert_eq!((rows.stamp.branch.as_deref(), rows.stamp.revision), (Some("projects/cedar"), None));
        let expected = [
            ("product", r#"["fennec","drover"]"#),
            ("taskId", r#"["task","drover"]"#),
            ("drover_task", r#"["task/3","drover"]"#),
        ];
        assert_eq!(rows.properties, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_field() {
        let message = |order: NewRequest| match rows(&order, 0) {
            Err(DriverError::Refused(message)) => message,
            other => panic!("{other:?}"),
        };
        let with = |name: &str, value: Value| {
            let mut order = order();
            order.properties.insert(name.to_owned(), value);
            message(order)
        };
        assert!(
            with("big", json!("x".repeat(1100)))
                .contains("`properties.big`, as JSON, has 1113 letters; Buildbot 0.8 keeps 1024")
        );
        assert!(with(&"n".repeat(257), json!(1)).contains(&format!("`properties.{}`", "n".repeat(40))));
        let codebase = SourceStamp { codebase: "lib".to_owned(), ..SourceStamp::default() };
        assert!(message(NewRequest { source_stamp: codebase, ..order() }).contains("`sourcestamp.codebase`"));
        let revision = SourceStamp { revision: "r".repeat(257), ..SourceStamp::default() };
        assert!(message(NewRequest { source_stamp: revision, ..order() }).contains("`sourcestamp.revision` has 257"));
    }

    #[test]
    fn non_ascii_characters_are_kept_as_escapes() {
        let text = property(&json!("é𝄞"));
        assert_eq!(text, r#"["\u00e9\ud834\udd1e","drover"]"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()[0], "é𝄞");
    }
}
