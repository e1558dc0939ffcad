use super::HOLE;
use crate::scope;

/// What is wrong with a role that is to be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleFault {
    #[error("`{0}` cannot be a roleId: it takes one letter or more, of printable ASCII only")]
    RoleId(String),
    #[error("the scope `{0}` holds more than printable ASCII")]
    Letters(String),
    #[error("scopes must not end with `**`, as `{0}` does")]
    DoubleStar(String),
    #[error("the scope `{0}` holds `<..>` more than once")]
    TwoHoles(String),
    #[error("scopes must not end with `*<..>`, as `{0}` does")]
    StarBeforeHole(String),
}

/// Whether a role of this name and with these scopes may be written. Cycles are found by compiling all roles together.
pub fn check_role<'a>(role_id: &str, scopes: impl IntoIterator<Item = &'a str>) -> Result<(), RoleFault> {
    if role_id.is_empty() || !scope::is_valid(role_id) {
        return Err(RoleFault::RoleId(role_id.to_owned()));
    }
    scopes.into_iter().try_for_each(check_scope)
}

fn check_scope(scope: &str) -> Result<(), RoleFault> {
    let fault = if !scope::is_valid(scope) {
        RoleFault::Letters
    } else if scope.ends_with("**") {
        RoleFault::DoubleStar
    } else if scope.matches(HOLE).nth(1).is_some() {
        RoleFault::TwoHoles
    } else if scope.strip_suffix(HOLE).is_some_and(|before| before.ends_with('*')) {
        RoleFault::StarBeforeHole
    } else {
        return Ok(());
    };
    Err(fault(scope.to_owned()))
}
