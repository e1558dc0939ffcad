//! The endpoints of notify.

mod denylist;
mod send;

use actors::notify::{Notify, NotifyError};
use protocol::error::ErrorCode;

use crate::{
    http::{ApiError, Routes},
    object::chain,
};

pub fn routes(notify: Notify) -> Routes {
    Routes::of("notify", notify)
        .on("email", send::email)
        .on("pulse", send::pulse)
        .on("matrix", send::matrix)
        .on("slack", send::slack)
        .on("addDenylistAddress", denylist::add)
        .on("deleteDenylistAddress", denylist::delete)
        .on("listDenylist", denylist::list)
        .build()
}

impl From<NotifyError> for ApiError {
    fn from(error: NotifyError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => {
                let converted = Self::new(code, error.to_string());
                match error {
                    NotifyError::Field(field) => converted.with_field_error(field),
                    _ => converted,
                }
            }
        }
    }
}
