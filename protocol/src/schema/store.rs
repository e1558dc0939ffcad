//! The schema documents built into the program.

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use include_dir::{Dir, include_dir};
use serde_json::Value;

use crate::reference::extensions;

static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/references");

/// By service and name.
pub(super) static DOCUMENTS: LazyLock<BTreeMap<(String, String), Value>> =
    LazyLock::new(|| FILES.dirs().flat_map(|service| documents_of(service)).chain(further()).collect());

/// Services with schemas, and `common` for those of the reference documents themselves.
pub fn services() -> impl Iterator<Item = &'static str> {
    let mut seen = DOCUMENTS.keys().map(|(service, _)| service.as_str()).collect::<Vec<_>>();
    seen.dedup();
    seen.into_iter()
}

/// Names of a service's schemas, in alphabetical order.
pub fn names(service: &str) -> impl Iterator<Item = &'static str> {
    DOCUMENTS.keys().filter(move |(of, _)| of == service).map(|(_, name)| name.as_str())
}

/// The document itself, relative to the root URL, as it is served.
pub fn source(service: &str, name: &str) -> Option<&'static Value> {
    DOCUMENTS.get(&(service.to_owned(), name.to_owned()))
}

/// Those that services bring.
fn further() -> impl Iterator<Item = ((String, String), Value)> {
    extensions().iter().flat_map(|references| {
        let document = |(name, text): &(&str, &str)| {
            let key = (references.service.to_owned(), (*name).to_owned());
            (key, parse(Path::new(name), text.as_bytes()))
        };
        references.schemas.iter().map(document)
    })
}

fn documents_of<'a>(service: &'a Dir<'a>) -> impl Iterator<Item = ((String, String), Value)> + 'a {
    let schemas = service.get_dir(service.path().join("schemas"));
    let files = schemas.into_iter().flat_map(Dir::files);
    files.filter_map(|file| {
        let name = file.path().file_stem()?.to_str()?.to_owned();
        Some(((service.path().to_str()?.to_owned(), name), parse(file.path(), file.contents())))
    })
}

/// The files are part of the program and every test reads them, so a fault in one cannot reach a user.
fn parse(path: &Path, contents: &[u8]) -> Value {
    serde_json::from_slice(contents).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}
