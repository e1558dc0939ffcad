//! The messages, and the link that an artifact holds.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

/// The artifact that points to the shell. It is private: who may read it may open a shell.
pub const ARTIFACT: &str = "private/generic-worker/shell.html";

const INPUT: u8 = 1;
const RESIZE: u8 = 2;

/// What a client sends. The worker sends what programs write as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FromClient<'a> {
    Input(&'a [u8]),
    Resize {
        rows: u16,
        columns: u16,
    },
    /// There is no more input.
    End,
    Unknown,
}

impl<'a> FromClient<'a> {
    pub(super) fn read(message: &'a [u8]) -> Self {
        match message {
            [] => Self::End,
            [INPUT, input @ ..] => Self::Input(input),
            [RESIZE, r0, r1, c0, c1, ..] => {
                Self::Resize { rows: u16::from_le_bytes([*r0, *r1]), columns: u16::from_le_bytes([*c0, *c1]) }
            }
            _ => Self::Unknown,
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        match self {
            Self::Input(input) => [&[INPUT], *input].concat(),
            Self::Resize { rows, columns } => {
                let [r0, r1] = rows.to_le_bytes();
                let [c0, c1] = columns.to_le_bytes();
                vec![RESIZE, r0, r1, c0, c1]
            }
            Self::End | Self::Unknown => Vec::new(),
        }
    }
}

/// A page of the server that opens the socket.
pub(crate) fn artifact_url(root_url: &str, socket_url: &str, task_id: &str, run_id: &str) -> String {
    let socket_url = utf8_percent_encode(socket_url, NON_ALPHANUMERIC);
    format!("{root_url}/shell/?v=2&socketUrl={socket_url}&taskId={task_id}&runId={run_id}")
}

/// The socket that such a page opens.
pub fn socket_url(artifact_url: &str) -> Option<String> {
    let url = Url::parse(artifact_url).ok()?;
    let value = |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    value("socketUrl").filter(|_| value("v").as_deref() == Some("2"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written() {
        for message in [FromClient::Input(b"ls\n"), FromClient::Resize { rows: 24, columns: 300 }, FromClient::End] {
            assert_eq!(FromClient::read(&message.write()), message);
        }
        assert_eq!(FromClient::Resize { rows: 24, columns: 300 }.write(), [2, 24, 0, 44, 1]);
        for other in [&[2, 24, 0, 44][..], &[2], &[0, 1], &[200]] {
            assert_eq!(FromClient::read(other), FromClient::Unknown, "{other:?}");
        }
    }

    #[test]
    fn the_link_leads_to_the_socket() {
        let socket = "ws://127.0.0.1:8080/shell/a_b-c";
        let url = artifact_url("https://ci.example.com", socket, "fN1SbArXTPSVFNUvaOlinQ", "0");
        assert_eq!(socket_url(&url).as_deref(), Some(socket));
        assert_eq!(socket_url("https://ci.example.com/shell/?v=1&socketUrl=ws%3A%2F%2Fa"), None);
    }
}
