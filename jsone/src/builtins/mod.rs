//! The functions that every expression knows.

mod math;
mod strings;
mod types;

use crate::{
    context::Frame,
    error::Error,
    value::{Function, Value},
};

/// Their answer is `None` where the arguments do not fit.
enum Call {
    Pure(fn(&[Value]) -> Option<Value>),
    /// Needs the context, or makes values that cost something.
    InFrame(fn(&Frame<'_>, &[Value]) -> Result<Option<Value>, Error>),
}

pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    /// With fewer arguments the message says so; 0 for those that have only one form.
    least: usize,
    call: Call,
}

impl Builtin {
    const fn new(name: &'static str, least: usize, call: Call) -> Self {
        Self { name, least, call }
    }

    fn call(&self, frame: &Frame<'_>, arguments: &[Value]) -> Result<Value, Error> {
        if arguments.len() < self.least {
            return Err(Error::too_few_arguments(self.name, self.least));
        }
        let answer = match self.call {
            Call::Pure(call) => call(arguments),
            Call::InFrame(call) => call(frame, arguments)?,
        };
        answer.ok_or_else(|| Error::builtin(self.name))
    }
}

static BUILTINS: [Builtin; 20] = [
    Builtin::new("min", 1, Call::Pure(math::min)),
    Builtin::new("max", 1, Call::Pure(math::max)),
    Builtin::new("sqrt", 0, Call::Pure(math::sqrt)),
    Builtin::new("ceil", 0, Call::Pure(math::ceil)),
    Builtin::new("floor", 0, Call::Pure(math::floor)),
    Builtin::new("abs", 0, Call::Pure(math::abs)),
    Builtin::new("range", 2, Call::InFrame(math::range)),
    Builtin::new("number", 0, Call::InFrame(math::number)),
    Builtin::new("lowercase", 0, Call::InFrame(strings::lowercase)),
    Builtin::new("uppercase", 0, Call::InFrame(strings::uppercase)),
    Builtin::new("str", 0, Call::InFrame(strings::str)),
    Builtin::new("len", 0, Call::InFrame(strings::len)),
    Builtin::new("strip", 0, Call::InFrame(strings::strip)),
    Builtin::new("lstrip", 0, Call::InFrame(strings::lstrip)),
    Builtin::new("rstrip", 0, Call::InFrame(strings::rstrip)),
    Builtin::new("split", 0, Call::InFrame(strings::split)),
    Builtin::new("join", 0, Call::InFrame(strings::join)),
    Builtin::new("fromNow", 1, Call::InFrame(types::from_now)),
    Builtin::new("typeof", 0, Call::Pure(types::type_of)),
    Builtin::new("defined", 0, Call::InFrame(types::defined)),
];

pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}

/// Calls a builtin, or the caller's own function.
pub(crate) fn call(function: &Function, frame: &Frame<'_>, arguments: &[Value]) -> Result<Value, Error> {
    match (function.custom(), find(function.name())) {
        (Some(custom), _) => frame.budget.checked(custom(arguments).map_err(Error::interpreter)?),
        (None, Some(builtin)) => builtin.call(frame, arguments),
        (None, None) => Err(Error::builtin(function.name())),
    }
}
