//! The exchanges of auth.

use super::{ExchangeDeclaration, KeyField, ServiceExchanges, schema};
use crate::event::EventKind;

/// The exchanges of auth, with their documentation.
pub const SERVICE: ServiceExchanges = ServiceExchanges {
    service: "auth",
    title: "Auth messages",
    description: "Changes of clients and roles, so that caches can be invalidated. A message contains the name only.",
    exchanges: EXCHANGES,
};

pub(super) const EXCHANGES: &[ExchangeDeclaration] = &[
    ExchangeDeclaration {
        description: "There is a new client.",
        ..named(EventKind::ClientCreated, "clientCreated", "Client created")
    },
    ExchangeDeclaration {
        description: "A client was changed, enabled, disabled, or given a new access token.",
        ..named(EventKind::ClientUpdated, "clientUpdated", "Client updated")
    },
    ExchangeDeclaration {
        description: "A client was deleted.",
        ..named(EventKind::ClientDeleted, "clientDeleted", "Client deleted")
    },
    ExchangeDeclaration {
        description: "There is a new role.",
        ..named(EventKind::RoleCreated, "roleCreated", "Role created")
    },
    ExchangeDeclaration {
        description: "A role was changed.",
        ..named(EventKind::RoleUpdated, "roleUpdated", "Role updated")
    },
    ExchangeDeclaration {
        description: "A role was deleted.",
        ..named(EventKind::RoleDeleted, "roleDeleted", "Role deleted")
    },
];

const KEY: &[KeyField] = &[KeyField::reserved()];

const fn named(kind: EventKind, client_name: &'static str, title: &'static str) -> ExchangeDeclaration {
    ExchangeDeclaration {
        service: "auth",
        name: kind.as_str(),
        client_name,
        title,
        description: "",
        key: KEY,
        schema: schema(kind),
        cc: false,
    }
}
