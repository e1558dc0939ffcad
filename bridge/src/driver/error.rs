//! Why a master gave no answer.

/// Tells apart what waiting may cure from what somebody has to mend.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// Not reached, or no answer in time, or it said 5xx: the call may or may not have been carried out.
    #[error("the master did not answer: {0}")]
    Away(String),
    /// It answers, but does not let us in, or not do this.
    #[error("the master refuses the login or the permission: {0}")]
    Auth(String),
    /// It understood and said no: the same call again would be refused again.
    #[error("the master refused: {0}")]
    Refused(String),
    /// What is set about the master cannot be used.
    #[error("{0}")]
    Setting(String),
    /// Its answer makes no sense to us: another version, a proxy's error page, cut short.
    #[error("the master's answer cannot be read: {0}")]
    BadAnswer(String),
    /// What was asked about is not there.
    #[error("the master does not have {0}")]
    Gone(String),
}

impl DriverError {
    /// The fault of the master or of the way to it, not of this one call: other calls will fare the same.
    pub const fn is_of_master(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Auth(_) | Self::BadAnswer(_))
    }
}
