//! A value of a request that cannot be, though it has the right form.

/// Where it stands, what it had to be and what came; of use to people and programs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer} must {expected}; got {got}")]
pub struct Unfit {
    /// A JSON pointer: `/payload/expires`, `/params/name`, `/headers/Content-Type`, and `/body` for bytes.
    pub pointer: String,
    pub expected: String,
    pub got: String,
}

impl Unfit {
    pub fn new(pointer: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), expected: expected.into(), got: got.into() }
    }
}
