//! Why a call to a provider failed.

use crate::decision::FailureClass;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider refused: nothing was done.
    #[error("{code}: {message}")]
    Refused {
        class: FailureClass,
        /// The provider's own word, such as `InsufficientInstanceCapacity`.
        code: String,
        message: String,
    },
    /// No answer, or none that can be read: it may have been done. A launch is looked for before it is repeated.
    #[error("no answer: {message}")]
    Unanswered { message: String },
}

impl ProviderError {
    pub fn refused(class: FailureClass, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused { class, code: code.into(), message: message.into() }
    }

    pub fn unanswered(message: impl Into<String>) -> Self {
        Self::Unanswered { message: message.into() }
    }
}
