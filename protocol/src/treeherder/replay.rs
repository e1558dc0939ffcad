//! The request to report a push once more, as it is on the internal exchange.

use prost::Message;

/// All jobs of this push, from their current status.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ReplayPush {
    /// As Treeherder calls it: without the owner of the repository.
    #[prost(string, tag = "1")]
    pub project: String,
    #[prost(string, tag = "2")]
    pub revision: String,
}

impl ReplayPush {
    /// Encodes the request.
    pub fn to_proto(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    /// Decodes a request.
    pub fn from_proto(bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        Self::decode(bytes)
    }
}
