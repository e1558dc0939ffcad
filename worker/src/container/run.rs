//! The container of one run.

use super::LoadedImage;
use crate::files::Directory;

/// A container that is set up.
pub(crate) struct RunContainer {
    pub(crate) image: LoadedImage,
    /// Its root directory, also when its processes have ended.
    pub(crate) files: Directory,
}
