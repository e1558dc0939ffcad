//! The public reference of a service's exchanges.

use serde_json::{Value, json};

use super::{ExchangeDeclaration, ExchangeNames, KeyField, ServiceExchanges};

impl ServiceExchanges {
    /// The content of `references/<service>/v1/exchanges.json`.
    pub fn document(&self, names: &ExchangeNames) -> Value {
        json!({
            "$schema": "/schemas/common/exchanges-reference-v0.json#",
            "apiVersion": "v1",
            "serviceName": self.service,
            "title": self.title,
            "description": self.description,
            "exchangePrefix": names.prefix(self.service),
            "entries": self.exchanges.iter().map(ExchangeDeclaration::document).collect::<Vec<_>>(),
        })
    }
}

impl ExchangeDeclaration {
    /// Its entry in the reference.
    pub fn document(&self) -> Value {
        json!({
            "type": "topic-exchange",
            "exchange": self.name,
            "name": self.client_name,
            "title": self.title,
            "description": self.description,
            "routingKey": self.key.iter().map(KeyField::document).collect::<Vec<_>>(),
            "schema": format!("v1/{}.json#", self.schema),
        })
    }
}

impl KeyField {
    fn document(&self) -> Value {
        let mut field = json!({
            "name": self.name,
            "summary": self.summary,
            "multipleWords": self.multiple_words,
            "required": self.required,
        });
        if let Some(constant) = self.constant {
            field["constant"] = json!(constant);
        }
        field
    }
}
