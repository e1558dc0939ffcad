use std::{fmt, sync::Arc};

use super::Value;

type Call = dyn Fn(&[Value]) -> Result<Value, String> + Send + Sync;

/// Something that an expression can call.
#[derive(Clone)]
pub struct Function {
    name: &'static str,
    /// `None`: the builtin of this name.
    call: Option<Arc<Call>>,
}

impl Function {
    /// A function of the caller. Its error becomes the message of an [`crate::ErrorKind::Interpreter`].
    pub fn new(name: &'static str, call: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static) -> Self {
        Self { name, call: Some(Arc::new(call)) }
    }

    pub(crate) fn builtin(name: &'static str) -> Self {
        Self { name, call: None }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The caller's code, where it is no builtin.
    pub(crate) fn custom(&self) -> Option<&Call> {
        self.call.as_deref()
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.call, &other.call) {
            (None, None) => self.name == other.name,
            (Some(left), Some(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.name)
    }
}
