//! Why a call to a master failed.

/// Tells apart what may pass by itself from what an administrator has to correct.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// Not reached, no response in time, or a 5xx status: the call may or may not have been carried out.
    #[error("the master did not answer: {0}")]
    Unavailable(String),
    /// The login or a permission is refused.
    #[error("the master refuses the login or the permission: {0}")]
    Auth(String),
    /// The same call would be refused again.
    #[error("the master refused: {0}")]
    Refused(String),
    /// A setting of the master is invalid.
    #[error("{0}")]
    Setting(String),
    /// The response cannot be decoded: another version, a proxy's error page, cut short.
    #[error("the master's answer cannot be read: {0}")]
    InvalidResponse(String),
    #[error("the master does not have {0}")]
    NotFound(String),
}

impl DriverError {
    /// The master or the connection to it failed, not this one call: other calls will fail too.
    pub const fn is_master_failure(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Auth(_) | Self::InvalidResponse(_))
    }
}
