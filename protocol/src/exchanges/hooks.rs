//! The exchanges of hooks.

use super::{ExchangeDeclaration, KeyField, ServiceExchanges};

/// The exchanges of hooks, with their documentation.
pub const SERVICE: ServiceExchanges = ServiceExchanges {
    service: "hooks",
    title: "Hook messages",
    description: "Changes of hooks. A message contains the ids only.",
    exchanges: EXCHANGES,
};

const EXCHANGES: &[ExchangeDeclaration] = &[
    ExchangeDeclaration {
        description: "A hook was created. An equal repeat is published, too.",
        ..named("hook-created", "hookCreated", "Hook created")
    },
    ExchangeDeclaration { description: "A hook was changed.", ..named("hook-updated", "hookUpdated", "Hook updated") },
    ExchangeDeclaration { description: "A hook was deleted.", ..named("hook-deleted", "hookDeleted", "Hook deleted") },
];

const KEY: &[KeyField] = &[KeyField::reserved()];

const fn named(name: &'static str, client_name: &'static str, title: &'static str) -> ExchangeDeclaration {
    ExchangeDeclaration {
        service: "hooks",
        name,
        client_name,
        title,
        description: "",
        key: KEY,
        schema: "pulse-hook-changed-message",
        cc: false,
    }
}
