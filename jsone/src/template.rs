//! Templates: JSON in which texts are interpolated and objects may be operators.

use std::sync::Arc;

use crate::{
    context::Frame,
    error::{Error, Segment},
    operators, text,
    value::{Map, Value, to_text},
};

impl Frame<'_> {
    /// `None` for what yields nothing: it leaves no trace in the list or object around it.
    pub(crate) fn render(&self, template: &Value) -> Result<Option<Value>, Error> {
        self.budget.spend(1)?;
        match template {
            Value::String(text) => self.interpolate(text).map(Some),
            Value::Array(items) => self.render_list(items).map(Some),
            Value::Object(map) => match operators::find(map)? {
                Some(operator) => operator(self, map),
                None => self.render_object(map).map(Some),
            },
            other => Ok(Some(other.clone())),
        }
    }

    fn render_list(&self, items: &[Value]) -> Result<Value, Error> {
        let mut rendered = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            rendered.extend(self.render(item).map_err(|error| error.within(Segment::Index(index)))?);
        }
        self.budget.array(rendered)
    }

    fn render_object(&self, map: &Map) -> Result<Value, Error> {
        let mut rendered = Map::with_capacity(map.len());
        for (key, value) in map {
            let value = self.render(value).map_err(|error| error.within(Segment::Key(key.clone())))?;
            if let Some(value) = value {
                rendered.insert(self.render_key(key)?, value);
            }
        }
        self.budget.object(rendered)
    }

    fn render_key(&self, key: &Arc<str>) -> Result<Arc<str>, Error> {
        match key.strip_prefix('$') {
            Some(escaped) if escaped.starts_with('$') => Ok(escaped.into()),
            Some(name) if text::is_plain_key(name) => {
                Err(Error::template("$<identifier> is reserved; use $$<identifier>"))
            }
            _ => match self.interpolate(key)? {
                Value::String(key) => Ok(key),
                other => Ok(to_text(&other).into()),
            },
        }
    }

    /// The text with every `${…}` replaced by its value, and `$${` by `${`.
    fn interpolate(&self, text: &Arc<str>) -> Result<Value, Error> {
        self.budget.spend_bytes(text.len())?;
        let Some(mut start) = text.find("${") else {
            return Ok(Value::String(text.clone()));
        };
        let mut result = String::new();
        let mut rest = &**text;
        loop {
            let after = &rest[start + 2..];
            if let Some(before) = rest[..start].strip_suffix('$') {
                result.push_str(before);
                result.push_str("${");
                rest = after;
            } else {
                result.push_str(&rest[..start]);
                let (value, end) = self.evaluate_to_brace(after)?;
                result.push_str(&interpolated(&value, &after[..end])?);
                rest = &after[end + 1..];
            }
            self.budget.check_bytes(result.len())?;
            let Some(next) = rest.find("${") else { break };
            start = next;
        }
        result.push_str(rest);
        self.budget.string(result)
    }

    /// A part of an operator that must be something: what yields nothing counts as an empty object.
    pub(crate) fn operand(&self, map: &Map, name: &str) -> Result<Value, Error> {
        let rendered = map.get(name).map_or(Ok(None), |template| self.optional_operand(template, name))?;
        Ok(rendered.unwrap_or_else(|| Value::from(Map::new())))
    }

    pub(crate) fn optional_operand(&self, template: &Value, name: &str) -> Result<Option<Value>, Error> {
        self.render(template).map_err(|error| error.within(Segment::Operand(name.into())))
    }
}

fn interpolated(value: &Value, source: &str) -> Result<String, Error> {
    match value {
        Value::Null => Ok(String::new()),
        Value::Array(_) | Value::Object(_) => {
            let source = crate::error::quoted(source);
            Err(Error::template(format!("interpolation of '{source}' produced an array or object")))
        }
        // npm `json-e` shows its source.
        Value::Function(_) => Err(Error::uncalled_functions()),
        scalar => Ok(to_text(scalar)),
    }
}
