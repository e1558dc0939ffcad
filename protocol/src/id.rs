//! Identifiers. A slugid is a version-4 UUID in 22 letters; we keep the UUID and speak slugs at the edge.

mod prefix;

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de};
use uuid::Uuid;

pub use prefix::{IdPrefix, NotAPrefix};

/// Why a text is no slugid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a slugid is 22 letters of url-safe base64 that spell a version-4 UUID, like `fN1SbArXTPSVFNUvaOlinQ`")]
pub struct NotASlug;

fn slug_to_uuid(text: &str) -> Result<Uuid, NotASlug> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotASlug)?;
    let uuid = Uuid::from_slice(&bytes).map_err(|_| NotASlug)?;
    let version_and_variant_fit = uuid.get_version_num() == 4 && uuid.get_variant() == uuid::Variant::RFC4122;
    if version_and_variant_fit { Ok(uuid) } else { Err(NotASlug) }
}

macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Makes an id from 16 random bytes, with the top bit cleared so that the slug never starts with `-`.
            pub fn from_random(mut bytes: [u8; 16]) -> Self {
                bytes[0] &= 0x7f;
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut letters = [0u8; 22];
                let written = URL_SAFE_NO_PAD.encode_slice(self.0.as_bytes(), &mut letters);
                debug_assert_eq!(written, Ok(22));
                f.write_str(std::str::from_utf8(&letters).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotASlug;
            fn from_str(text: &str) -> Result<Self, NotASlug> {
                slug_to_uuid(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

slug_id! {
    /// A task.
    TaskId
}
slug_id! {
    /// A task group: the tasks of one push, usually. By convention the id of its decision task.
    TaskGroupId
}

slug_id! {
    /// An error report of a worker pool.
    ErrorId
}

slug_id! {
    /// One upload to the object service. Whoever knows it may upload the object, and finish it.
    UploadId
}

impl From<TaskId> for TaskGroupId {
    fn from(task: TaskId) -> Self {
        Self(task.0)
    }
}

/// Number of a run in its task, from 0. At most 50 runs exist.
pub type RunId = i16;

/// `<provisionerId>/<workerType>`: the queue that workers of one kind claim from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskQueueId(pub String);

impl TaskQueueId {
    /// The two parts; the second is empty when there is no slash.
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once('/').unwrap_or((&self.0, ""))
    }
}

impl fmt::Display for TaskQueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A worker as the queue knows it: it is unique within its task queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerName {
    pub worker_group: String,
    pub worker_id: String,
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_survives_the_way_there_and_back() {
        let id: TaskId = "fN1SbArXTPSVFNUvaOlinQ".parse().unwrap();
        assert_eq!(id.to_string(), "fN1SbArXTPSVFNUvaOlinQ");
        assert_eq!(id.0.get_version_num(), 4);
    }

    #[test]
    fn ids_made_here_are_nice_slugs() {
        let id = TaskId::from_random([0xff; 16]);
        assert!(id.to_string().starts_with(|c: char| c.is_ascii_alphabetic()));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "short", "fN1SbArXAPSVFNUvaOlinQ", "fN1SbArXTPSVFNUvaOlin+", "fN1SbArXTPSVFNUvaOlinQQ"] {
            assert_eq!(text.parse::<TaskId>(), Err(NotASlug), "{text}");
        }
    }
}
