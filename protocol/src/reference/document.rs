//! The public reference documents, as clients and their generators read them.

use serde_json::{Map, Value, json};

use super::{Endpoint, Output, Service, services};
use crate::{
    exchanges::{self, ExchangeNames},
    schema,
};

/// A document of the reference bundle, relative to the root URL.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Like `references/queue/v1/api.json`.
    pub filename: String,
    pub content: Value,
}

/// Every API reference, exchange reference and schema, and the manifest; sorted by file name.
pub fn documents(names: &ExchangeNames) -> Vec<Document> {
    let mut all = references(names);
    all.extend(schema::services().flat_map(schemas));
    all.push(Document { filename: "references/manifest.json".to_owned(), content: manifest("") });
    all.sort_by(|one, other| one.filename.cmp(&other.filename));
    all
}

/// The list of all reference documents, as URLs under `root_url`.
pub fn manifest(root_url: &str) -> Value {
    let documents = references(&ExchangeNames::default());
    let mut urls: Vec<String> = documents.iter().map(|it| format!("{root_url}/{}", it.filename)).collect();
    urls.sort();
    json!({ "$schema": format!("{root_url}/schemas/common/manifest-v3.json#"), "references": urls })
}

impl Document {
    /// The content as it is served: with the root URL before `$id` and `$schema`.
    pub fn served_under(&self, root_url: &str) -> Value {
        let mut content = self.content.clone();
        for field in ["$schema", "$id"] {
            if let Some(Value::String(path)) = content.get_mut(field)
                && path.starts_with('/')
            {
                path.insert_str(0, root_url);
            }
        }
        content
    }
}

impl Service {
    /// The content of `references/<service>/v1/api.json`.
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

fn references(names: &ExchangeNames) -> Vec<Document> {
    let apis = services().iter().map(|service| Document {
        filename: format!("references/{}/{}/api.json", service.service_name, service.api_version),
        content: service.document(),
    });
    let messages = exchanges::services().map(|service| Document {
        filename: format!("references/{}/v1/exchanges.json", service.service),
        content: service.document(names),
    });
    apis.chain(messages).collect()
}

/// A schema's file name is its `$id`, without the leading slash and the trailing `#`.
fn schemas(service: &'static str) -> impl Iterator<Item = Document> {
    schema::names(service).filter_map(move |name| {
        let content = schema::source(service, name)?;
        let filename = content["$id"].as_str()?.trim_start_matches('/').trim_end_matches('#').to_owned();
        Some(Document { filename, content: content.clone() })
    })
}
