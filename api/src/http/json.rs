use serde::Serialize;

/// A JSON object written field by field. Stored definitions are JSON text already and are put in as they are, which
/// saves parsing and printing every task on its way out.
#[derive(Debug)]
pub struct Object(String);

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

impl Object {
    pub fn new() -> Self {
        Self(String::with_capacity(1024))
    }

    #[must_use]
    pub fn field(mut self, name: &str, value: &impl Serialize) -> Self {
        // Only a map whose keys are no texts can fail, and there is none.
        let text = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
        self.key(name);
        self.0.push_str(&text);
        self
    }

    /// A field that is left out when there is no value.
    #[must_use]
    pub fn optional(self, name: &str, value: Option<&impl Serialize>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// A field whose value is JSON text already.
    #[must_use]
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        self.key(name);
        self.0.push_str(json);
        self
    }

    /// A field that is a list of such objects.
    #[must_use]
    pub fn list(mut self, name: &str, objects: impl IntoIterator<Item = Self>) -> Self {
        self.key(name);
        self.0.push('[');
        for (index, object) in objects.into_iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            self.0.push_str(&object.finish());
        }
        self.0.push(']');
        self
    }

    /// The text as it would be, were this all.
    pub(crate) fn to_text(&self) -> String {
        Self(self.0.clone()).finish()
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        self.0
    }

    /// Names are ours and need no escaping.
    fn key(&mut self, name: &str) {
        self.0.push_str(if self.0.is_empty() { "{\"" } else { ",\"" });
        self.0.push_str(name);
        self.0.push_str("\":");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lists_and_ready_text_make_one_object() {
        assert_eq!(Object::new().finish(), "{}");
        let inner = || Object::new().field("a", &"x\"y");
        let text = Object::new()
            .list("many", [inner(), inner()])
            .list("none", [])
            .raw("raw", r#"{"deep":[1]}"#)
            .optional("missing", None::<&i32>)
            .optional("there", Some(&2))
            .finish();
        assert_eq!(text, r#"{"many":[{"a":"x\"y"},{"a":"x\"y"}],"none":[],"raw":{"deep":[1]},"there":2}"#);
    }
}
