//! What a template can name.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    budget::Budget,
    builtins,
    error::Error,
    from_now, text,
    value::{Function, Map, Value},
};

/// The variables and functions that a template starts with, beside the builtins. It may replace a builtin.
#[derive(Clone, Debug)]
pub struct Context(BTreeMap<String, Value>);

impl Context {
    /// `now` is what templates know as `now`, and what `fromNow` counts from; [`Context::set`] may replace it.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(BTreeMap::from([("now".to_owned(), Value::from(from_now::to_text(now)))]))
    }

    /// Refuses names that no expression could say.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> Result<(), Error> {
        if !text::is_identifier(name) {
            return Err(Error::template("top level keys of context must follow /[a-zA-Z_][a-zA-Z0-9_]*/"));
        }
        self.0.insert(name.to_owned(), value.into());
        Ok(())
    }

    /// Every entry of an object.
    pub fn extend(&mut self, values: &Value) -> Result<(), Error> {
        let map = values.as_object().ok_or_else(|| Error::template("context must be an object"))?;
        map.iter().try_for_each(|(name, value)| self.set(name, value.clone()))
    }
}

/// The variables at one place of a template: those of the nearest `$let` or `each(…)`, then those around it.
pub(crate) struct Scope<'a> {
    variables: Variables<'a>,
    outer: Option<&'a Scope<'a>>,
}

pub(crate) enum Variables<'a> {
    Context(&'a Context),
    Let(&'a Map),
    Each(&'a [(&'a str, Value)]),
}

impl<'a> Scope<'a> {
    pub(crate) fn root(context: &'a Context) -> Self {
        Self { variables: Variables::Context(context), outer: None }
    }

    fn own(&self, name: &str) -> Option<Value> {
        match self.variables {
            Variables::Context(context) => {
                let builtin = || builtins::find(name).map(|builtin| Value::from(Function::builtin(builtin.name)));
                context.0.get(name).cloned().or_else(builtin)
            }
            Variables::Let(map) => map.get(name).cloned(),
            Variables::Each(pairs) => pairs.iter().rev().find(|(own, _)| *own == name).map(|(_, value)| value.clone()),
        }
    }
}

/// Where and with what budget something is evaluated.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    scope: &'a Scope<'a>,
    pub(crate) budget: &'a Budget<'a>,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(scope: &'a Scope<'a>, budget: &'a Budget<'a>) -> Self {
        Self { scope, budget }
    }

    /// Runs `work` where these variables are known, too.
    pub(crate) fn with<T>(&self, variables: Variables<'_>, work: impl FnOnce(&Frame<'_>) -> T) -> T {
        let scope = Scope { variables, outer: Some(self.scope) };
        work(&Frame::new(&scope, self.budget))
    }

    /// Costs a step for each scope on the way: `$let` in `$let` makes lookups slower.
    pub(crate) fn variable(&self, name: &str) -> Result<Option<Value>, Error> {
        let mut next = Some(self.scope);
        while let Some(scope) = next {
            self.budget.spend_bytes(name.len())?;
            if let Some(value) = scope.own(name) {
                return Ok(Some(value));
            }
            next = scope.outer;
        }
        Ok(None)
    }
}
