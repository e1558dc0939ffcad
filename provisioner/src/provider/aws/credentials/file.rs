//! Keys in a file of the format that all AWS tools know.

use std::{path::Path, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use object_store::aws::AwsCredential;

use super::{Fetched, auth_error};
use crate::provider::ProviderResult;

/// A rotated file takes effect within this time, without a refused call.
const READ_EVERY: TimeDelta = TimeDelta::seconds(60);
const MAX_BYTES: usize = 64 << 10;

pub(super) async fn read(path: &Path, now: DateTime<Utc>) -> ProviderResult<Fetched> {
    let problem = |what: &str| auth_error("CredentialsFile", format!("the credentials file {} {what}", path.display()));
    let text = tokio::fs::read_to_string(path).await.map_err(|error| problem(&format!("cannot be read: {error}")))?;
    if text.len() > MAX_BYTES {
        return Err(problem("is longer than 64 KiB"));
    }
    let credential = parse(&text)
        .ok_or_else(|| problem("has no `aws_access_key_id` with its `aws_secret_access_key` in `[default]`"))?;
    Ok(Fetched { credential: Arc::new(credential), refresh_at: now.checked_add_signed(READ_EVERY), expires: None })
}

/// The section `[default]`, or lines before any section.
fn parse(text: &str) -> Option<AwsCredential> {
    let (mut is_default, mut key_id, mut secret_key, mut token) = (true, None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            is_default = section.trim_end_matches(']').trim() == "default";
        } else if let Some((name, value)) = line.split_once('=').filter(|_| is_default) {
            let field = match name.trim() {
                "aws_access_key_id" => &mut key_id,
                "aws_secret_access_key" => &mut secret_key,
                "aws_session_token" => &mut token,
                _ => continue,
            };
            *field = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
    }
    Some(AwsCredential { key_id: key_id?, secret_key: secret_key?, token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_default_section_counts() {
        let text = "[other]\naws_access_key_id = wrong\n\n[default]\n# why\naws_access_key_id=id\n\
                    aws_secret_access_key = a=b/c \nregion = us-east-1\n[last]\naws_secret_access_key = wrong\n";
        let credential = parse(text).unwrap();
        assert_eq!((credential.key_id.as_str(), credential.secret_key.as_str()), ("id", "a=b/c"));
        assert_eq!(credential.token, None);
    }

    #[test]
    fn a_file_without_both_keys_has_no_credentials() {
        for text in ["", "[default]\naws_access_key_id=id\n", "aws_access_key_id=id\naws_secret_access_key=\n", "[\n="]
        {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
