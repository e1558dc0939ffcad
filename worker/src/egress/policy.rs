//! Where the way out leads.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use tokio::net::{TcpStream, lookup_host};

/// The metadata server of EC2 instances, which has credentials; its address of version 4 is a link-local one.
const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Connects to the first address of the host that is allowed and answers. `PermissionDenied`: there is none that is allowed.
pub(super) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = refusal(host);
    for address in lookup_host((host, port)).await? {
        if is_near(address.ip()) {
            continue;
        }
        match TcpStream::connect(address).await {
            // The kernel talks to an address of this machine from the very same address.
            Ok(stream) if stream.local_addr()?.ip() == stream.peer_addr()?.ip() => {}
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn refusal(host: &str) -> io::Error {
    let words = format!("{host} is this machine or a neighbour of it, which tasks do not reach");
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}

/// This machine itself, or what only this machine reaches: among it the metadata servers of clouds.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_near_v4(address),
        IpAddr::V6(address) => {
            let embedded = address.to_ipv4().is_some_and(is_near_v4);
            let is_local = address.is_loopback() || address.is_unspecified() || address.is_unicast_link_local();
            is_local || address.is_multicast() || address == METADATA || embedded
        }
    }
}

fn is_near_v4(address: Ipv4Addr) -> bool {
    let is_local = address.is_loopback() || address.is_link_local() || address.octets()[0] == 0;
    is_local || address.is_multicast() || address.is_broadcast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_its_link_are_near_and_others_are_not() {
        for near in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "fd00:ec2::254",
        ] {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in ["10.0.0.1", "192.0.2.1", "2001:db8::1", "fd00::1"] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }

    #[tokio::test]
    async fn an_address_of_this_machine_is_refused_even_where_it_answers() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost", "0.0.0.0", "2130706433"] {
            let refused = connect(host, port).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{host}: {refused}");
        }
    }
}
