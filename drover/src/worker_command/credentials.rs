//! The worker's credentials, from where other users of the machine cannot read them.

use std::{fs::File, io, path::PathBuf};

use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use worker::client::{Credentials, certificate_text};

use super::private_file::{from_file, read_all};
use crate::exit::{CliError, Exit};

/// Where credentials come from that are neither in the environment nor on the command line, and go before both.
#[derive(Debug, Args)]
pub(crate) struct CredentialsArgs {
    /// Read the credentials from this inherited file descriptor (a pipe or a file) to its end, as JSON: an object with
    /// `clientId`, `accessToken` and, for temporary ones, `certificate`.
    #[arg(long, value_name = "FD", overrides_with = "credentials_fd")]
    credentials_fd: Option<u32>,
    /// Read the credentials from this file, in the same form. Only its owner may be able to read it (mode 0600).
    #[arg(long, value_name = "FILE", env = "DROVER_CREDENTIALS_FILE", hide_env_values = true)]
    credentials_file: Option<PathBuf>,
}

impl CredentialsArgs {
    /// `None` when neither flag is given.
    pub(crate) fn read(&self) -> Result<Option<Credentials>, CliError> {
        let (place, text) = match (self.credentials_fd, &self.credentials_file) {
            (Some(fd), _) => (format!("file descriptor {fd}"), from_descriptor(fd)),
            (None, Some(path)) => (path.display().to_string(), from_file(path)),
            (None, None) => return Ok(None),
        };
        let read = text.and_then(|text| parse(&text));
        let failed = |error| CliError::new(Exit::Usage, format!("the credentials in {place} cannot be used: {error}"));
        read.map(Some).map_err(failed)
    }
}

fn from_descriptor(fd: u32) -> io::Result<String> {
    if fd == 0 {
        return read_all(io::stdin());
    }
    // Opened by its name below /dev: the number alone says nothing about who owns the descriptor.
    read_all(File::open(format!("/dev/fd/{fd}"))?)
}

fn parse(text: &str) -> io::Result<Credentials> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Given {
        client_id: String,
        access_token: String,
        certificate: Option<Value>,
    }
    let given: Given = serde_json::from_str(text).map_err(|error| {
        // The words of the parser may repeat a part of the text.
        let (line, column) = (error.line(), error.column());
        let words =
            format!("no JSON object with the texts `clientId` and `accessToken` (line {line}, column {column})");
        io::Error::new(io::ErrorKind::InvalidData, words)
    })?;
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    let certificate = certificate_text(given.certificate.as_ref()).map_err(invalid)?;
    Ok(Credentials { client_id: given.client_id, access_token: given.access_token, certificate })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_certificate_is_taken_as_text_and_as_an_object() {
        for certificate in [r#""{\"version\":1}""#, r#"{"version":1}"#] {
            let text = format!(r#"{{"clientId":"a","accessToken":"b","certificate":{certificate}}}"#);
            assert_eq!(parse(&text).unwrap().certificate.as_deref(), Some(r#"{"version":1}"#));
        }
    }

    #[test]
    fn an_error_repeats_nothing_of_the_text() {
        let error = parse(r#"{"clientId":"a","accessToken":12345678}"#).unwrap_err().to_string();
        assert!(error.contains("accessToken") && !error.contains("12345678"), "{error}");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials.json");
        fs::write(&path, r#"{"clientId":"a","accessToken":"b"}"#).unwrap();
        let args = CredentialsArgs { credentials_fd: None, credentials_file: Some(path.clone()) };

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(args.read().unwrap_err().to_string().contains("chmod 600"));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(args.read().unwrap().unwrap().access_token, "b");
    }

    #[test]
    fn an_inherited_pipe_is_read_to_its_end() {
        use std::{io::Write, os::fd::AsRawFd};
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(br#"{"clientId":"a","accessToken":"b"}"#).unwrap();
        drop(writer);
        let fd = u32::try_from(reader.as_raw_fd()).unwrap();
        let args = CredentialsArgs { credentials_fd: Some(fd), credentials_file: None };
        assert_eq!(args.read().unwrap().unwrap().client_id, "a");
    }
}
