//! States, reasons and priorities: their words on the wire and their numbers in the database.
//!
//! The numbers are written down in SQL too (`db/README.md`); they never change.

/// A text or a number that stands for none of the values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not one of: {known}")]
pub struct UnknownWord {
    given: String,
    known: String,
}

impl UnknownWord {
    /// `given` stands for none of the `known` words.
    pub fn new<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self { given: given.to_owned(), known: known.into_iter().collect::<Vec<_>>().join(" ") }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[repr(i16)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant = $code,)+ }

        impl $name {
            /// Every value, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The number in the database.
            pub const fn code(self) -> i16 {
                self as i16
            }

            /// The value behind a number of the database.
            pub fn from_code(code: i16) -> Result<Self, $crate::state::UnknownWord> {
                Self::ALL.iter().copied().find(|it| it.code() == code).ok_or_else(|| Self::unknown(&code.to_string()))
            }

            fn unknown(given: &str) -> $crate::state::UnknownWord {
                $crate::state::UnknownWord::new(given, [$($word),+])
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::state::UnknownWord;
            fn from_str(word: &str) -> Result<Self, $crate::state::UnknownWord> {
                match word { $($word => Ok(Self::$variant),)+ _ => Err(Self::unknown(word)) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;

words! {
    /// State of a task: that of its last run, or `unscheduled` while there is none.
    TaskState {
        Unscheduled = 0 "unscheduled",
        Pending = 1 "pending",
        Running = 2 "running",
        Completed = 3 "completed",
        Failed = 4 "failed",
        Exception = 5 "exception",
    }
}

impl TaskState {
    /// No further change without a rerun.
    pub const fn is_resolved(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Exception)
    }
}

words! {
    /// Why a run was made.
    ReasonCreated {
        Scheduled = 0 "scheduled",
        Retry = 1 "retry",
        TaskRetry = 2 "task-retry",
        Rerun = 3 "rerun",
        Exception = 4 "exception",
    }
}

words! {
    /// Why a run ended.
    ReasonResolved {
        Completed = 0 "completed",
        Failed = 1 "failed",
        ClaimExpired = 2 "claim-expired",
        WorkerShutdown = 3 "worker-shutdown",
        MalformedPayload = 4 "malformed-payload",
        ResourceUnavailable = 5 "resource-unavailable",
        InternalError = 6 "internal-error",
        IntermittentTask = 7 "intermittent-task",
        Canceled = 8 "canceled",
        DeadlineExceeded = 9 "deadline-exceeded",
        /// Only in old data.
        Superseded = 10 "superseded",
    }
}

words! {
    /// Priority of a task within its queue.
    Priority {
        Lowest = 1 "lowest",
        VeryLow = 2 "very-low",
        Low = 3 "low",
        Medium = 4 "medium",
        High = 5 "high",
        VeryHigh = 6 "very-high",
        Highest = 7 "highest",
    }
}

words! {
    /// What a task asks of its dependencies.
    Requires {
        AllCompleted = 0 "all-completed",
        AllResolved = 1 "all-resolved",
    }
}

words! {
    /// How an artifact is kept.
    StorageType {
        S3 = 0 "s3",
        Object = 1 "object",
        Reference = 2 "reference",
        Link = 3 "link",
        Error = 4 "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_lead_back_to_the_value() {
        for reason in ReasonResolved::ALL {
            assert_eq!(reason.as_str().parse(), Ok(*reason));
            assert_eq!(ReasonResolved::from_code(reason.code()), Ok(*reason));
        }
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let message = "urgent".parse::<Priority>().unwrap_err().to_string();
        assert!(message.contains("`urgent`") && message.contains("very-high"), "{message}");
    }
}
