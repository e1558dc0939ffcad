//! Sizes that both sides of a connection must agree on.

/// Longest `Authorization` header, in bytes, that the server reads and that any credentials it issues may need. It
/// bounds the scopes that fit into temporary credentials; proxies in front of the server must let it through.
pub const MAX_AUTHORIZATION_HEADER: usize = 64 * 1024;

/// Longest head of a request: an `Authorization` header and a URL of the same maximum length, and other headers.
pub const MAX_REQUEST_HEAD: usize = 2 * MAX_AUTHORIZATION_HEADER + 32 * 1024;

/// Most entries of a list of errors, names or scopes in an error.
pub const MAX_LISTED: usize = 50;

/// Most scopes of a caller after expansion of its roles.
pub const MAX_EXPANDED_SCOPES: usize = 100_000;

/// Most bytes of all expanded scopes.
pub const MAX_EXPANDED_BYTES: usize = 16 * 1024 * 1024;

/// Most scopes that one role with `<..>` may expand to for one name, through further such roles.
pub const MAX_FILLED_SCOPES: u64 = 10_000;
