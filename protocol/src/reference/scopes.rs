//! Scope templates: the scopes of an endpoint, with `<param>` in place of values of the request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scope::ScopeExpression;

/// A scope expression with placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ScopeTemplate {
    /// A scope; each `<param>` in it is a placeholder.
    Scope(String),
    AllOf {
        #[serde(rename = "AllOf")]
        all_of: Vec<ScopeTemplate>,
    },
    AnyOf {
        #[serde(rename = "AnyOf")]
        any_of: Vec<ScopeTemplate>,
    },
    /// One entry of the surrounding list for every item of a list.
    For {
        #[serde(rename = "for")]
        item: String,
        #[serde(rename = "in")]
        list: String,
        each: String,
    },
    /// One of two, by a flag. Without `else`, nothing is required where the flag is false.
    If {
        #[serde(rename = "if")]
        flag: String,
        then: Box<ScopeTemplate>,
        #[serde(rename = "else", default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<Box<ScopeTemplate>>,
    },
}

/// A value for a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamValue {
    Text(String),
    List(Vec<String>),
    Flag(bool),
}

/// The values known so far, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeParams(BTreeMap<String, ParamValue>);

/// A value is missing, or of the wrong kind (a text where a list is needed).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the scopes of this endpoint need a value for `{0}`")]
pub struct MissingParam(pub String);

impl ScopeParams {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.with(name, ParamValue::Text(value.into()))
    }

    #[must_use]
    pub fn list<T: Into<String>>(self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        self.with(name, ParamValue::List(values.into_iter().map(Into::into).collect()))
    }

    #[must_use]
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.with(name, ParamValue::Flag(value))
    }

    pub(super) fn get(&self, name: &str) -> Option<&ParamValue> {
        self.0.get(name)
    }

    /// The name and length of a list that is longer than `max`.
    pub fn list_longer_than(&self, max: usize) -> Option<(&str, usize)> {
        self.0.iter().find_map(|(name, value)| match value {
            ParamValue::List(items) if items.len() > max => Some((name.as_str(), items.len())),
            _ => None,
        })
    }

    fn with(mut self, name: &str, value: ParamValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

impl ScopeTemplate {
    /// Fills the placeholders. `Ok(None)`: this request requires no scopes.
    pub fn render(&self, params: &ScopeParams) -> Result<Option<ScopeExpression>, MissingParam> {
        match self {
            Self::Scope(text) => fill(text, params, None).map(|scope| Some(ScopeExpression::Scope(scope))),
            Self::AllOf { all_of } => render_list(all_of, params).map(|list| Some(ScopeExpression::AllOf(list))),
            Self::AnyOf { any_of } => render_list(any_of, params).map(|list| Some(ScopeExpression::AnyOf(list))),
            Self::For { .. } => render_each(self, params).map(|list| Some(ScopeExpression::AllOf(list))),
            Self::If { flag, then, otherwise } => match (params.0.get(flag), otherwise) {
                (Some(ParamValue::Flag(true)), _) => then.render(params),
                (Some(ParamValue::Flag(false)), Some(otherwise)) => otherwise.render(params),
                (Some(ParamValue::Flag(false)), None) => Ok(None),
                _ => Err(MissingParam(flag.clone())),
            },
        }
    }

    /// Names of the values that it needs, each once.
    pub fn params(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(self, &mut names);
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn render_list(list: &[ScopeTemplate], params: &ScopeParams) -> Result<Vec<ScopeExpression>, MissingParam> {
    list.iter().try_fold(Vec::new(), |mut rendered, template| {
        rendered.extend(render_each(template, params)?);
        Ok(rendered)
    })
}

/// A loop yields one expression per item, everything else at most one.
fn render_each(template: &ScopeTemplate, params: &ScopeParams) -> Result<Vec<ScopeExpression>, MissingParam> {
    let ScopeTemplate::For { item, list, each } = template else {
        return template.render(params).map(|one| one.into_iter().collect());
    };
    let Some(ParamValue::List(values)) = params.0.get(list) else { return Err(MissingParam(list.clone())) };
    values.iter().map(|value| fill(each, params, Some((item, value))).map(ScopeExpression::Scope)).collect()
}

/// `bound` is the loop variable with its value, which shadows a parameter of the same name.
fn fill(text: &str, params: &ScopeParams, bound: Option<(&str, &str)>) -> Result<String, MissingParam> {
    let mut filled = String::with_capacity(text.len() + 32);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Placeholder(name) => filled.push_str(look_up(name, params, bound)?),
        }
    }
    Ok(filled)
}

fn look_up<'a>(name: &str, params: &'a ScopeParams, bound: Option<(&str, &'a str)>) -> Result<&'a str, MissingParam> {
    match (bound, params.0.get(name)) {
        (Some((item, value)), _) if item == name => Ok(value),
        (_, Some(ParamValue::Text(value))) => Ok(value),
        _ => Err(MissingParam(name.to_owned())),
    }
}

fn collect<'a>(template: &'a ScopeTemplate, names: &mut Vec<&'a str>) {
    match template {
        ScopeTemplate::Scope(text) => names.extend(placeholders(text)),
        ScopeTemplate::AllOf { all_of: list } | ScopeTemplate::AnyOf { any_of: list } => {
            for template in list {
                collect(template, names);
            }
        }
        ScopeTemplate::For { item, list, each } => {
            names.push(list);
            names.extend(placeholders(each).filter(|name| name != item));
        }
        ScopeTemplate::If { flag, then, otherwise } => {
            names.push(flag);
            collect(then, names);
            if let Some(otherwise) = otherwise {
                collect(otherwise, names);
            }
        }
    }
}

fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Placeholder(name) => Some(name),
        Piece::Text(_) => None,
    })
}

pub(super) enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Splits `a:<b>/<c>` into texts and placeholders.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    text.split_inclusive('>').flat_map(|part| match part.strip_suffix('>').and_then(|part| part.split_once('<')) {
        Some((before, name)) => [Piece::Text(before), Piece::Placeholder(name)],
        None => [Piece::Text(part), Piece::Text("")],
    })
}
