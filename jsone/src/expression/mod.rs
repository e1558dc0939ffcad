//! The language of `$eval` and `${…}`.

mod access;
mod ast;
mod evaluate;
mod infix;
mod lexer;
mod parser;

use crate::{context::Frame, error::Error, value::Value};

use parser::Parser;

impl Frame<'_> {
    /// The value of a text that is one expression from beginning to end.
    pub(crate) fn evaluate(&self, source: &str) -> Result<Value, Error> {
        let result =
            Parser::new(source, self.budget).and_then(Parser::whole).and_then(|parsed| self.expression(&parsed));
        result.map_err(|error| error.in_expression(source))
    }

    /// The value of the expression at the beginning of a text, and where the `}` behind it is.
    pub(crate) fn evaluate_to_brace(&self, source: &str) -> Result<(Value, usize), Error> {
        let result = Parser::new(source, self.budget).and_then(Parser::up_to_brace);
        result
            .and_then(|(parsed, end)| Ok((self.expression(&parsed)?, end)))
            .map_err(|error| error.in_expression(source))
    }
}
