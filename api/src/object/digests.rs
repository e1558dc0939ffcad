//! Hashes in headers of an upload: those of HTTP, and those that clients of S3 send.

use actors::object::{CONTENT_MD5, Hashes};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::http::ApiError;

const SHA256: &str = "sha256";

/// Hashes of the bytes as they are sent, which is what is stored. `header` returns a header of the request by its name.
pub(super) fn digests<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Result<Hashes, ApiError> {
    let mut found = of_http(&header)?;
    for (algorithm, hash) in [(CONTENT_MD5, content_md5(&header)?), (SHA256, payload_hash(&header)?)] {
        let Some(hash) = hash else { continue };
        if found.insert(algorithm.to_owned(), hash.clone()).is_some_and(|other| other != hash) {
            return Err(ApiError::input(format!("the headers of this request give two different hashes {algorithm}")));
        }
    }
    Ok(found)
}

/// `Content-Digest` and `Repr-Digest` of RFC 9530.
fn of_http<'h>(header: &impl Fn(&str) -> Option<&'h str>) -> Result<Hashes, ApiError> {
    let headers = ["content-digest", "repr-digest"].into_iter().filter_map(header);
    let entries = headers.flat_map(|header| header.split(',')).map(|entry| {
        let (algorithm, value) = entry.trim().split_once('=').unwrap_or((entry, ""));
        let algorithm = match algorithm {
            "sha-256" => SHA256,
            "sha-512" => "sha512",
            _ => return Ok(None),
        };
        let value = value.strip_prefix(':').and_then(|value| value.strip_suffix(':'));
        let hash = value.and_then(|value| STANDARD.decode(value).ok());
        let hash = hash.ok_or_else(|| ApiError::input("header `Content-Digest` must look like `sha-256=:BASE64:`"))?;
        Ok(Some((algorithm.to_owned(), hex::encode(&hash))))
    });
    entries.filter_map(Result::transpose).collect()
}

fn content_md5<'h>(header: &impl Fn(&str) -> Option<&'h str>) -> Result<Option<String>, ApiError> {
    let Some(value) = header("content-md5") else { return Ok(None) };
    let hash = STANDARD.decode(value.trim()).ok().filter(|hash| hash.len() == 16);
    let hash = hash.ok_or_else(|| {
        ApiError::invalid_field("/headers/Content-MD5", "be the MD5 hash of the body in base64", &format!("`{value}`"))
    })?;
    Ok(Some(hex::encode(&hash)))
}

/// The payload hash that clients of S3 sign; keywords in its place mean that there is none.
fn payload_hash<'h>(header: &impl Fn(&str) -> Option<&'h str>) -> Result<Option<String>, ApiError> {
    const NAME: &str = "/headers/x-amz-content-sha256";
    let Some(value) = header("x-amz-content-sha256") else { return Ok(None) };
    if header("x-amz-decoded-content-length").is_some() {
        // The body is a sequence of signed chunks, whose headers would be stored as content.
        return Err(ApiError::invalid_field(
            NAME,
            "be UNSIGNED-PAYLOAD or the hash of the whole body",
            &format!("`{value}`"),
        ));
    }
    if value == "UNSIGNED-PAYLOAD" || value.starts_with("STREAMING-") {
        return Ok(None);
    }
    if value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Some(value.to_ascii_lowercase()));
    }
    Err(ApiError::invalid_field(NAME, "be the SHA-256 of the body in hex, or UNSIGNED-PAYLOAD", &format!("`{value}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const BASE64: &str = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

    fn of(headers: &[(&'static str, &'static str)]) -> Result<Hashes, ApiError> {
        digests(|name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
    }

    #[test]
    fn each_header_gives_its_hash() {
        let sha256 = Hashes::from([("sha256".to_owned(), HASH.to_owned())]);
        assert_eq!(of(&[("content-digest", BASE64)]).unwrap(), sha256);
        assert_eq!(of(&[("x-amz-content-sha256", HASH)]).unwrap(), sha256);
        assert_eq!(of(&[("x-amz-content-sha256", HASH), ("repr-digest", BASE64)]).unwrap(), sha256);
        let upper: &'static str = HASH.to_ascii_uppercase().leak();
        assert_eq!(of(&[("x-amz-content-sha256", upper)]).unwrap(), sha256);
        let md5 = of(&[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")]).unwrap();
        assert_eq!(md5["content-md5"], "d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn keywords_in_place_of_a_hash_are_no_hash() {
        for message in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"] {
            assert!(of(&[("x-amz-content-sha256", message)]).unwrap().is_empty());
        }
    }

    #[test]
    fn invalid_and_contradicting_hashes_are_refused() {
        let framed =
            [("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ("x-amz-decoded-content-length", "5")];
        assert!(of(&framed).is_err());
        let other: &'static str = "0".repeat(64).leak();
        assert!(of(&[("x-amz-content-sha256", other), ("content-digest", BASE64)]).is_err());
        for (name, value) in [("content-md5", "short"), ("content-md5", "AAAA"), ("x-amz-content-sha256", "e3b0")] {
            assert!(of(&[(name, value)]).is_err(), "{name}: {value}");
        }
    }
}
