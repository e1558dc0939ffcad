//! How much work one rendering may do.

use std::{cell::Cell, sync::Arc};

use crate::{
    error::Error,
    value::{Map, Value},
};

/// Bytes of a text that are copied or compared for the price of one step. With the limit on steps this bounds the memory of a
/// rendering: the default million steps copy 64 MB of text at most.
const BYTES_PER_STEP: usize = 64;
/// Bytes of a value that are printed for one step: printing a number takes longer than copying it.
const PRINTED_BYTES_PER_STEP: usize = 8;

/// What a rendering may use. Each limit that is exceeded is an [`crate::ErrorKind::Limit`] that names it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of nesting of a template, an expression and a value, each on its own. The stack grows with it: 200 levels of
    /// templates that hold 200 levels of expressions need less than 2 MB without optimisation.
    pub depth: usize,
    /// Nodes visited, tokens read, elements copied, and every 64 bytes of text copied. A step takes about 0.1 µs.
    pub steps: usize,
    /// Bytes of any value that is made, as compact JSON, before escapes.
    pub output_bytes: usize,
    /// Bytes of an expression.
    pub expression_bytes: usize,
    /// Elements of a `range()`.
    pub range_items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 200,
            steps: 1_000_000,
            output_bytes: 10 * 1024 * 1024,
            expression_bytes: 64 * 1024,
            range_items: 100_000,
        }
    }
}

/// The limits with what is left of the steps. All values that a rendering makes come from here.
pub(crate) struct Budget<'a> {
    limits: &'a Limits,
    left: Cell<usize>,
}

impl<'a> Budget<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        Self { limits, left: Cell::new(limits.steps) }
    }

    pub(crate) fn spend(&self, steps: usize) -> Result<(), Error> {
        match self.left.get().checked_sub(steps) {
            Some(left) => self.left.set(left),
            None => return Err(exceeded(self.limits.steps, "steps")),
        }
        Ok(())
    }

    /// For the work on a text of so many bytes.
    pub(crate) fn spend_bytes(&self, bytes: usize) -> Result<(), Error> {
        self.spend(1 + bytes / BYTES_PER_STEP)
    }

    /// For the work of turning a value into text.
    pub(crate) fn spend_printing(&self, value: &Value) -> Result<(), Error> {
        self.spend(1 + value.bytes() / PRINTED_BYTES_PER_STEP)
    }

    pub(crate) fn array(&self, items: Vec<Value>) -> Result<Value, Error> {
        self.spend(items.len())?;
        self.checked(Value::from(items))
    }

    pub(crate) fn object(&self, map: Map) -> Result<Value, Error> {
        // Keys are hashed, so their length counts.
        self.spend(map.len())?;
        self.spend_bytes(map.keys().map(|key| key.len()).sum())?;
        self.checked(Value::from(map))
    }

    /// Refused before it is copied.
    pub(crate) fn string(&self, text: impl AsRef<str> + Into<Arc<str>>) -> Result<Value, Error> {
        self.check_bytes(text.as_ref().len())?;
        self.spend_bytes(text.as_ref().len())?;
        Ok(Value::String(text.into()))
    }

    /// Of a value that somebody else made.
    pub(crate) fn checked(&self, value: Value) -> Result<Value, Error> {
        self.check_bytes(value.bytes())?;
        self.check_nesting(&value)?;
        Ok(value)
    }

    /// For a text in the making, so that it never grows past the limit.
    pub(crate) fn check_bytes(&self, bytes: usize) -> Result<(), Error> {
        within(bytes, self.limits.output_bytes, "bytes of output")
    }

    pub(crate) fn check_nesting(&self, value: &Value) -> Result<(), Error> {
        within(value.depth(), self.limits.depth, "levels of nesting")
    }

    pub(crate) fn check_expression_depth(&self, depth: usize) -> Result<(), Error> {
        within(depth, self.limits.depth, "levels of nesting in an expression")
    }

    pub(crate) fn check_expression_bytes(&self, bytes: usize) -> Result<(), Error> {
        within(bytes, self.limits.expression_bytes, "bytes in an expression")
    }

    pub(crate) fn check_range(&self, items: usize) -> Result<(), Error> {
        within(items, self.limits.range_items, "elements in a range")
    }
}

fn within(amount: usize, limit: usize, what: &str) -> Result<(), Error> {
    if amount > limit { Err(exceeded(limit, what)) } else { Ok(()) }
}

fn exceeded(limit: usize, what: &str) -> Error {
    Error::limit(format!("more than {limit} {what}"))
}
