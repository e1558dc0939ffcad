//! JSON-e: templates of JSON, rendered with a context, as hooks and `.taskcluster.yml` use them.
//!
//! A renderer of our own, because templates come from callers without credentials: it parses in linear time, needs a bounded
//! stack, and ends at [`Limits`] that the caller sets. It has no clock and no random source: `now` and functions are part
//! of the [`Context`]. Where implementations of JSON-e differ it follows npm `json-e`, which Taskcluster runs; `README.md` lists
//! the differences.
//!
//! ```
//! use jsone::{Context, Limits, Value};
//!
//! let mut context = Context::new("2026-11-27T12:00:00.000Z".parse().unwrap());
//! context.set("name", "world").unwrap();
//! let template = serde_json::json!({"hello": "${name}", "deadline": {"$fromNow": "1 day"}});
//! let template = Value::try_from(&template).unwrap();
//! let rendered = jsone::render(&template, &context, &Limits::default()).unwrap();
//! assert_eq!(rendered.to_string(), r#"{"deadline":"2026-11-28T12:00:00.000Z","hello":"world"}"#);
//! ```
#![forbid(unsafe_code)]

mod budget;
mod builtins;
mod context;
mod error;
mod expression;
mod from_now;
mod number;
mod operators;
mod template;
mod text;
mod value;

pub use budget::Limits;
pub use context::Context;
pub use error::{Error, ErrorKind, Position, Segment};
pub use from_now::offset_seconds;
pub use value::{Function, Map, Value};

use budget::Budget;
use context::{Frame, Scope};

/// The template with everything in it evaluated. A template that yields nothing (`$if` without `else`) is `null`.
pub fn render(template: &Value, context: &Context, limits: &Limits) -> Result<Value, Error> {
    let budget = Budget::new(limits);
    budget.check_nesting(template)?;
    let scope = Scope::root(context);
    let rendered = Frame::new(&scope, &budget).render(template)?.unwrap_or(Value::Null);
    if rendered.contains_functions() {
        return Err(Error::uncalled_functions());
    }
    // It may be a value of the context, which nothing has checked.
    budget.checked(rendered)
}
