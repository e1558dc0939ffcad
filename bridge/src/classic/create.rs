//! From an order to the rows of a request, with all that the columns do not take refused by name.

use db::classic::{ClassicCreated, ClassicOrder, ClassicStamp};
use serde_json::{Value, json};

use super::ClassicMaster;
use crate::driver::{Answer, BuildsetId, Created, DriverError, NewRequest, RequestId};

/// Who set a property, in the words of the master's pages.
const SOURCE: &str = "drover";
/// The property by which builds of tasks are known from others, as the first bridge set it.
pub(super) const TASK_ID: &str = "taskId";
/// What the columns hold.
const LONGEST_TEXT: usize = 256;
const LONGEST_VALUE: usize = 1024;

pub(super) async fn run(master: &ClassicMaster, order: &NewRequest) -> Answer<Created> {
    let order = rows(order, master.clock.now().timestamp())?;
    Ok(created(master.db.create(&order).await?))
}

pub(super) async fn lookup(master: &ClassicMaster, key: &str) -> Answer<Option<Created>> {
    Ok(master.db.lookup(&id_string(key), &property(&json!(key))).await?.map(created))
}

const fn created(row: ClassicCreated) -> Created {
    Created { buildset: BuildsetId(row.buildset_id), request: RequestId(row.request_id) }
}

/// As the first bridge wrote it, for tools that look for it: without the run.
fn id_string(key: &str) -> String {
    format!("taskId:{}", task_id(key))
}

fn task_id(key: &str) -> &str {
    key.split('/').next().unwrap_or_default()
}

fn rows(order: &NewRequest, now: i64) -> Answer<ClassicOrder> {
    let stamp = &order.source_stamp;
    if !stamp.codebase.is_empty() {
        return Err(refused("`sourcestamp.codebase`: Buildbot 0.8 has no codebases; leave it out".to_owned()));
    }
    for (field, text) in [
        ("builderName", &order.builder),
        ("sourcestamp.branch", &stamp.branch),
        ("sourcestamp.revision", &stamp.revision),
    ] {
        fits(&format!("`{field}`"), text, LONGEST_TEXT)?;
    }
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Ok(ClassicOrder {
        id_string: id_string(&order.key),
        key: property(&json!(order.key)),
        builder: order.builder.clone(),
        priority: i32::try_from(order.priority).map_err(|_| refused("`priority` is out of range".to_owned()))?,
        reason: order.reason.chars().take(LONGEST_TEXT).collect(),
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

fn properties(order: &NewRequest) -> Answer<Vec<(String, String)>> {
    let ours = [(TASK_ID, json!(task_id(&order.key))), (ClassicOrder::KEY, json!(order.key))];
    let is_ours = |name: &str| ours.iter().any(|(known, _)| *known == name);
    let mut rows = Vec::with_capacity(order.properties.len() + ours.len());
    for (name, value) in order.properties.iter().filter(|(name, _)| !is_ours(name)) {
        let shown: String = name.chars().take(40).collect();
        fits(&format!("the name `properties.{shown}`"), name, LONGEST_TEXT)?;
        let value = property(value);
        fits(&format!("`properties.{shown}`, as JSON,"), &value, LONGEST_VALUE)?;
        rows.push((name.clone(), value));
    }
    rows.extend(ours.map(|(name, value)| (name.to_owned(), property(&value))));
    Ok(rows)
}

/// `[value, source]` in letters that every character set of a table holds.
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

fn fits(what: &str, text: &str, most: usize) -> Answer<()> {
    let long = text.chars().count();
    if long <= most {
        return Ok(());
    }
    Err(refused(format!("{what} has {long} letters; Buildbot 0.8 keeps {most} at most")))
}

const fn refused(words: String) -> DriverError {
    DriverError::Refused(words)
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
    fn an_order_becomes_rows() {
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
    fn what_does_not_fit_is_refused_by_name() {
        let words = |order: NewRequest| match rows(&order, 0) {
            Err(DriverError::Refused(words)) => words,
            other => panic!("{other:?}"),
        };
        let with = |name: &str, value: Value| {
            let mut order = order();
            order.properties.insert(name.to_owned(), value);
            words(order)
        };
        assert!(
            with("big", json!("x".repeat(1100)))
                .contains("`properties.big`, as JSON, has 1113 letters; Buildbot 0.8 keeps 1024")
        );
        assert!(with(&"n".repeat(257), json!(1)).contains(&format!("`properties.{}`", "n".repeat(40))));
        let codebase = SourceStamp { codebase: "lib".to_owned(), ..SourceStamp::default() };
        assert!(words(NewRequest { source_stamp: codebase, ..order() }).contains("`sourcestamp.codebase`"));
        let revision = SourceStamp { revision: "r".repeat(257), ..SourceStamp::default() };
        assert!(words(NewRequest { source_stamp: revision, ..order() }).contains("`sourcestamp.revision` has 257"));
    }

    #[test]
    fn letters_of_all_languages_are_kept_as_escapes() {
        let text = property(&json!("é𝄞"));
        assert_eq!(text, r#"["\u00e9\ud834\udd1e","drover"]"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()[0], "é𝄞");
    }
}
