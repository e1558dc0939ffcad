//! Names of images: `[registry/]path[:tag][@digest]`.

use super::ImageError;

/// What a name without a registry means everywhere.
const DEFAULT_REGISTRY: &str = "docker.io";
/// Images of the default registry that nobody else owns.
const DEFAULT_OWNER: &str = "library";
const MAX_LENGTH: usize = 1024;

/// A name in full, of an allowed registry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ImageName(pub(super) String);

/// A registry that somebody allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registry {
    pub(super) host: String,
    pub(super) is_secure: bool,
}

impl Registry {
    pub(super) fn read(text: &str) -> Self {
        let (host, is_secure) = match text.strip_prefix("http://") {
            Some(host) => (host, false),
            None => (text.trim_start_matches("https://"), true),
        };
        Self { host: host.trim_end_matches('/').to_owned(), is_secure }
    }
}

impl ImageName {
    /// The engine is called with the result, so nothing in it may be taken for a flag or another kind of source.
    pub(super) fn read(text: &str, allowed: &[Registry]) -> Result<Self, ImageError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if text.len() > MAX_LENGTH || !starts_well || !text.chars().all(is_plain) || text.contains("://") {
            return Err(ImageError::Payload(format!("payload.image: `{text}` is no name of an image")));
        }
        let (registry, path) = match text.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest.to_owned()),
            Some(_) => (DEFAULT_REGISTRY, text.to_owned()),
            None => (DEFAULT_REGISTRY, format!("{DEFAULT_OWNER}/{text}")),
        };
        let registry = if registry == "index.docker.io" { DEFAULT_REGISTRY } else { registry };
        if !allowed.iter().any(|it| it.host == registry) {
            let hosts = allowed.iter().map(|it| it.host.as_str()).collect::<Vec<_>>().join(", ");
            let message =
                format!("payload.image: images of the registry `{registry}` are not allowed here, only of {hosts}");
            return Err(ImageError::Payload(message));
        }
        Ok(Self(format!("{registry}/{path}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let allowed = ["docker.io", "ghcr.io", "http://127.0.0.1:5000"].map(Registry::read);
        ImageName::read(text, &allowed).map(|name| name.0).map_err(|error| error.to_string())
    }

    #[test]
    fn names_are_what_docker_takes_them_for() {
        for (given, full) in [
            ("busybox", "docker.io/library/busybox"),
            ("busybox:1.36", "docker.io/library/busybox:1.36"),
            ("taskcluster/taskgraph:v1@sha256:00ff", "docker.io/taskcluster/taskgraph:v1@sha256:00ff"),
            ("index.docker.io/a/b", "docker.io/a/b"),
            ("ghcr.io/a/b/c:latest", "ghcr.io/a/b/c:latest"),
            ("127.0.0.1:5000/base", "127.0.0.1:5000/base"),
        ] {
            assert_eq!(read(given).unwrap(), full);
        }
    }

    #[test]
    fn other_registries_other_sources_and_flags_are_refused() {
        for name in
            ["evil.example/a", "127.0.0.1:5001/a", "localhost/a", "169.254.169.254/latest", "ghcr.io.evil.example/a"]
        {
            assert!(read(name).unwrap_err().contains("are not allowed here"), "{name}");
        }
        for name in
            ["", "--help", "docker-archive:/etc/passwd x", "docker://a", "oci:/etc/", "/etc/passwd", "a b", "a\n"]
        {
            let refused = read(name);
            assert!(refused.is_err() || refused.as_ref().unwrap().starts_with("docker.io/"), "{name}: {refused:?}");
        }
    }
}
