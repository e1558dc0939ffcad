//! The wish that a push be told once more, as our own parts tell each other.

use prost::Message;

/// All jobs of this push, from what is known now.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ReplayPush {
    /// As Treeherder calls it: without the owner of the repository.
    #[prost(string, tag = "1")]
    pub project: String,
    #[prost(string, tag = "2")]
    pub revision: String,
}

impl ReplayPush {
    /// The bytes to send.
    pub fn to_proto(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    /// The wish behind bytes that came.
    pub fn from_proto(bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        Self::decode(bytes)
    }
}
