//! Requests of the worker itself to URLs that a task chose. They reach what the task would reach, not what the worker does.

use std::{error::Error, net::IpAddr};

use reqwest::{
    Client, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::HeaderMap,
    redirect::Policy,
};

use super::{
    CONNECT_TIMEOUT,
    policy::{Reach, RefusedHost, ResolveError},
};

/// An HTTP client that follows no redirects. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outbound {
    http: Client,
    reach: Reach,
}

/// Why there was no answer.
pub(crate) enum OutboundError {
    Refused(RefusedHost),
    Http(reqwest::Error),
}

impl Outbound {
    pub(crate) fn new(reach: Reach) -> Result<Self, reqwest::Error> {
        let builder = Client::builder().redirect(Policy::none()).no_proxy().connect_timeout(CONNECT_TIMEOUT);
        Ok(Self { http: builder.dns_resolver(AllowedAddresses(reach)).build()?, reach })
    }

    pub(crate) async fn get(&self, url: Url, headers: HeaderMap) -> Result<Response, OutboundError> {
        // What is an address already is not given to the resolver. All its spellings were made one when the URL was read.
        if let Some(address) = literal(&url).filter(|address| !self.reach.allows(*address)) {
            let host = address.to_string();
            return Err(OutboundError::Refused(RefusedHost { host, reach: self.reach }));
        }
        self.http.get(url).headers(headers).send().await.map_err(|error| match refused(&error) {
            Some(refused) => OutboundError::Refused(refused.clone()),
            None => OutboundError::Http(error),
        })
    }
}

fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

fn refused(error: &reqwest::Error) -> Option<&RefusedHost> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref() {
            return Some(refused);
        }
        cause = inner.source();
    }
    None
}

/// Connections are made to the addresses that were looked at: there is no second question to DNS.
struct AllowedAddresses(Reach);

impl Resolve for AllowedAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            match reach.resolve(name.as_str(), 0).await {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(ResolveError::Refused(refused)) => Err(refused.into()),
                Err(ResolveError::Io(error)) => Err(error.into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn no_spelling_of_this_machine_is_connected_to() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outbound = Outbound::new(Reach::OtherMachines).unwrap();
        let hosts = ["127.0.0.1", "localhost", "LOCALHOST", "0", "2130706433", "0x7f.1", "[::1]", "[::ffff:7f00:1]"];
        for host in hosts {
            let url = format!("http://{host}:{port}/").parse().unwrap();
            let answer = outbound.get(url, HeaderMap::new()).await;
            assert!(matches!(answer, Err(OutboundError::Refused(_))), "{host}");
        }
        // Not every resolver knows this one.
        let url = format!("http://localhost.:{port}/").parse().unwrap();
        assert!(outbound.get(url, HeaderMap::new()).await.is_err());
    }
}
