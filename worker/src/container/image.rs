//! An image that is there.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{ImageError, in_use::Use};

/// An image that stays as long as this lives.
#[derive(Debug)]
pub(crate) struct LoadedImage {
    pub(crate) id: String,
    /// Of the manifest, as a registry knows it.
    pub(crate) digest: String,
    /// The sha256 of the artifact that it came from.
    pub(crate) archive: Option<String>,
    /// Directories, the uppermost first.
    pub(crate) layers: Vec<PathBuf>,
    pub(crate) config: ImageConfig,
    pub(super) _use: Use,
}

/// What an image says of its programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ImageConfig {
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    pub(crate) user: String,
    working_dir: String,
}

/// As the engine tells of an image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inspected {
    pub(super) id: String,
    #[serde(default)]
    pub(super) digest: String,
    #[serde(default)]
    pub(super) architecture: String,
    #[serde(default)]
    pub(super) os: String,
    #[serde(default)]
    pub(super) config: ImageConfig,
    graph_driver: GraphDriver,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GraphDriver {
    name: String,
    data: Option<Layers>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Layers {
    upper_dir: String,
    #[serde(default)]
    lower_dir: String,
}

impl Inspected {
    /// Directories below the store, the uppermost first.
    pub(super) fn layers(&self, store: &Path) -> Result<Vec<PathBuf>, ImageError> {
        let unknown = || {
            let driver = &self.graph_driver.name;
            ImageError::Transient(format!("the engine stores images by `{driver}`, which this worker cannot use"))
        };
        let layers = self.graph_driver.data.as_ref().ok_or_else(unknown)?;
        let lower = layers.lower_dir.split(':').filter(|path| !path.is_empty());
        let paths: Vec<PathBuf> = std::iter::once(layers.upper_dir.as_str()).chain(lower).map(PathBuf::from).collect();
        if paths.iter().all(|path| path.starts_with(store)) { Ok(paths) } else { Err(unknown()) }
    }

    /// Whether its programs can run on this machine.
    pub(super) fn suits(&self) -> Result<(), ImageError> {
        let own = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let is_own = [own, ""].contains(&self.architecture.as_str()) && ["linux", ""].contains(&self.os.as_str());
        if is_own {
            return Ok(());
        }
        let of = format!("{}/{}", self.os, self.architecture);
        Err(ImageError::Payload(format!("payload.image: the image is for {of}, and this worker is linux/{own}")))
    }
}

impl ImageConfig {
    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        let pairs = self.env.iter().flatten().filter_map(|text| text.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What runs where the payload names this command; an empty one leaves it to the image.
    pub(crate) fn command(&self, given: &[String]) -> Vec<String> {
        let arguments = if given.is_empty() { self.cmd.as_deref().unwrap_or_default() } else { given };
        self.entrypoint.iter().flatten().chain(arguments).cloned().collect()
    }

    pub(crate) fn directory(&self) -> PathBuf {
        Path::new("/").join(self.working_dir.trim_start_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inspected(more: &serde_json::Value) -> Inspected {
        let mut image = json!({
            "Id": "00", "Architecture": "amd64", "Os": "linux",
            "GraphDriver": { "Name": "overlay", "Data": { "UpperDir": "/store/b/diff", "LowerDir": "/store/a/diff:/store/0/diff" } },
        });
        image.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(image).unwrap()
    }

    #[test]
    fn layers_are_those_of_the_store_from_the_uppermost_on() {
        let image = inspected(&json!({}));
        let paths = ["/store/b/diff", "/store/a/diff", "/store/0/diff"].map(PathBuf::from);
        assert_eq!(image.layers(Path::new("/store")).unwrap(), paths);
        assert!(image.layers(Path::new("/other")).is_err());
        assert!(inspected(&json!({ "GraphDriver": { "Name": "vfs", "Data": null } })).layers(Path::new("/")).is_err());
    }

    #[test]
    fn command_and_variables_are_put_together_as_docker_does() {
        let config = json!({ "Env": ["PATH=/bin", "A=b=c", "odd"], "Entrypoint": ["/entry"], "Cmd": ["one", "two"] });
        let config = inspected(&json!({ "Config": config })).config;
        assert_eq!(config.command(&[]), ["/entry", "one", "two"]);
        assert_eq!(config.command(&["three".to_owned()]), ["/entry", "three"]);
        assert_eq!(config.env().into_iter().collect::<Vec<_>>()[0], ("A".to_owned(), "b=c".to_owned()));
        assert_eq!(config.directory(), Path::new("/"));
        let nothing = inspected(&json!({ "Config": { "Env": null, "Entrypoint": null, "WorkingDir": "/w" } })).config;
        assert!(nothing.command(&[]).is_empty() && nothing.directory() == Path::new("/w"));
    }

    #[test]
    fn an_image_for_another_machine_is_named() {
        let error = inspected(&json!({ "Architecture": "s390x" })).suits().unwrap_err().to_string();
        assert!(error.contains("payload.image: the image is for linux/s390x"), "{error}");
        assert!(inspected(&json!({ "Os": "windows" })).suits().is_err());
    }
}
