//! The declarations, read once from the files built into the program and from those that services bring.

use std::sync::LazyLock;

use super::{Service, extensions};

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    let files = [
        include_str!("../../references/auth/api.json"),
        include_str!("../../references/queue/api.json"),
        include_str!("../../references/object/api.json"),
        include_str!("../../references/index/api.json"),
        include_str!("../../references/secrets/api.json"),
        include_str!("../../references/purge-cache/api.json"),
        include_str!("../../references/hooks/api.json"),
        include_str!("../../references/github/api.json"),
        include_str!("../../references/notify/api.json"),
        include_str!("../../references/worker-manager/api.json"),
        include_str!("../../references/drover/api.json"),
    ];
    let further = extensions().iter().filter_map(|references| references.api);
    files.into_iter().chain(further).map(parse).collect()
});

/// All services with a declared API, each with its endpoints.
pub fn services() -> &'static [Service] {
    &SERVICES
}

/// The service of this name, like `queue`.
pub fn service(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.service_name == name)
}

/// The files are part of the program and every test reads them, so an error in one cannot reach a user.
fn parse(text: &str) -> Service {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("a built-in reference does not parse: {error}"))
}
