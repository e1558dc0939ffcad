use hyper::HeaderMap;
use protocol::{hawk, time::Timestamp};

use super::{payload, request_context::RequestContext};
use crate::auth::{AuthenticationError, Caller, Clients, Signature, Signed, authenticate};

impl RequestContext {
    /// The caller who signed this request; an anonymous one, if nobody did.
    pub(crate) fn identify(&self, clients: &Clients, now: Timestamp) -> Result<Caller, AuthenticationError> {
        let signed_resource = self.uri.path_and_query().map_or("", |resource| resource.as_str());
        let without_bewit = hawk::take_bewit(signed_resource);
        let (resource, bewit) =
            without_bewit.as_ref().map_or((signed_resource, None), |(rest, bewit)| (rest.as_str(), Some(*bewit)));
        let header = self.headers.get("authorization").map(|value| value.to_str().unwrap_or_default());
        let (host, port) = host_and_port(&self.headers);
        let signed = Signed { method: self.method.as_str(), resource, host: &host, port };
        authenticate(clients, &Signature::find(header, bewit)?, signed, now)
    }

    /// A signed hash must be that of the body.
    pub(crate) fn check_hash(&self, caller: &Caller) -> Result<(), AuthenticationError> {
        match &caller.hash {
            Some(hash) if *hash != hawk::payload_hash(payload::content_type(&self.headers), self.raw()) => {
                Err(AuthenticationError::PayloadHash)
            }
            _ => Ok(()),
        }
    }
}

/// Host and port as the client addressed them. A proxy that terminates TLS passes them on in headers.
fn host_and_port(headers: &HeaderMap) -> (String, u16) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host").unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
        _ => (host, None),
    };
    let forwarded = text("x-forwarded-port").and_then(|list| list.split(',').next()?.trim().parse().ok());
    // Of several proxies in a row, the first is the one that the client connected to.
    let scheme = text("x-forwarded-proto").and_then(|list| list.split(',').next()).map(str::trim);
    let https = scheme.filter(|scheme| scheme.eq_ignore_ascii_case("https")).map(|_| 443);
    (name.to_ascii_lowercase(), forwarded.or(https).or(port).unwrap_or(80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_may_forward_host_and_port() {
        let cases: [(&[_], _); 9] = [
            (&[("host", "Env.example")], ("env.example", 80)),
            (&[("host", "env.example:8080")], ("env.example", 8080)),
            (&[("host", "[::1]:8080")], ("[::1]", 8080)),
            (&[("host", "[::1]")], ("[::1]", 80)),
            (&[("host", "h:8080"), ("x-forwarded-proto", "https")], ("h", 443)),
            (&[("host", "h"), ("x-forwarded-proto", "https"), ("x-forwarded-port", "8443")], ("h", 8443)),
            (&[("host", "h"), ("x-forwarded-proto", "HTTPS, http")], ("h", 443)),
            (&[("host", "h"), ("x-forwarded-proto", "http, https")], ("h", 80)),
            (&[("host", "h"), ("x-forwarded-proto", "https,http"), ("x-forwarded-port", "8443, 80")], ("h", 8443)),
        ];
        for (given, (host, port)) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(host_and_port(&headers), (host.to_owned(), port), "{given:?}");
        }
    }
}
