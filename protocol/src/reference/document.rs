//! The public reference documents, as clients and their generators read them.

use serde_json::{Map, Value, json};

use super::{Endpoint, Output, Service, services};

/// A document of the reference bundle, relative to the root URL.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Like `references/queue/v1/api.json`.
    pub filename: String,
    pub content: Value,
}

/// Every API reference, exchange reference and schema, and the manifest; sorted by file name.
pub fn documents() -> Vec<Document> {
    let mut all: Vec<Document> = services().iter().map(Service::api_reference).collect();
    all.push(Document { filename: "references/manifest.json".to_owned(), content: manifest("") });
    all.sort_by(|one, other| one.filename.cmp(&other.filename));
    all
}

/// The list of all reference documents, as URLs under `root_url`.
pub fn manifest(root_url: &str) -> Value {
    let mut references: Vec<String> = services()
        .iter()
        .map(|service| format!("{root_url}/references/{}/{}/api.json", service.service_name, service.api_version))
        .collect();
    references.sort();
    json!({ "$schema": format!("{root_url}/schemas/common/manifest-v3.json#"), "references": references })
}

impl Service {
    /// `references/<service>/v1/api.json`.
    pub fn api_reference(&self) -> Document {
        Document {
            filename: format!("references/{}/{}/api.json", self.service_name, self.api_version),
            content: self.document(),
        }
    }

    /// The content of the API reference.
    pub fn document(&self) -> Value {
        let entries = self.entries.iter().filter(|endpoint| !endpoint.undocumented);
        json!({
            "$schema": "/schemas/common/api-reference-v0.json#",
            "apiVersion": self.api_version,
            "serviceName": self.service_name,
            "title": self.title,
            "description": self.description,
            "entries": entries.map(|endpoint| endpoint.document(&self.api_version)).collect::<Vec<_>>(),
        })
    }
}

impl Endpoint {
    /// Its entry in the API reference.
    pub fn document(&self, api_version: &str) -> Value {
        let mut entry = Map::new();
        let mut set = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        set("type", json!("function"));
        set("method", json!(self.method.as_str()));
        set("route", json!(self.route));
        set("name", json!(self.name));
        set("args", self.params().map(|param| param.name.as_str()).collect());
        set("query", self.query.iter().map(|key| key.name.as_str()).collect());
        set("stability", json!(self.stability));
        set("category", json!(self.category));
        set("title", json!(self.title));
        set("description", json!(self.description));
        if let Some(scopes) = &self.scopes {
            set("scopes", json!(scopes));
        }
        if let Some(input) = &self.input {
            set("input", json!(format!("{api_version}/{input}.json#")));
        }
        match &self.output {
            Output::None => {}
            Output::Blob => _ = set("output", json!("blob")),
            Output::Schema(output) => _ = set("output", json!(format!("{api_version}/{output}.json#"))),
        }
        Value::Object(entry)
    }
}
