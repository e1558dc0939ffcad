//! Images of containers. An engine fetches, unpacks and keeps them; a container is a sandbox with one of them as its file system.

mod archive;
mod engine;
mod error;
mod image;
mod images;
mod in_use;
mod name;
mod run;
mod settings;

pub use self::settings::{ContainerSettings, MAX_IMAGE_BYTES};
pub(crate) use self::{error::ImageError, image::LoadedImage, images::Images, run::RunContainer};
