//! Where the way out leads.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

use tokio::net::{TcpStream, lookup_host};

/// Metadata servers of clouds that have credentials, and whose addresses are not link-local: EC2 over IPv6, Azure's, Alibaba's
/// and Oracle's.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
const METADATA: [Ipv4Addr; 3] =
    [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
/// A gateway between the versions of the protocol takes these for the address of version 4 in their last four bytes.
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];
/// Any: nothing is sent to it.
const PROBE_PORT: u16 = 9;

/// How far the way out reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All but this machine and what only this machine reaches.
    OtherMachines,
    /// Of those, none in a private network.
    Public,
}

/// No address of this host may be connected to.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{host} {}", .reach.rule())]
pub(crate) struct RefusedHost {
    pub(crate) host: String,
    pub(crate) reach: Reach,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error(transparent)]
    Refused(RefusedHost),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Reach {
    fn rule(self) -> &'static str {
        match self {
            Self::OtherMachines => "is this machine or a neighbour of it, which tasks do not reach",
            Self::Public => {
                "is this machine or in a private network, which tasks do not reach here (a worker with `--network proxy` lets \
                 them reach private networks)"
            }
        }
    }

    /// The addresses of the host that may be connected to, at least one. They have to be used as they are: another
    /// question to DNS can have another answer.
    pub(crate) async fn resolve(self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ResolveError> {
        let found: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
        let is_known = !found.is_empty();
        let allowed: Vec<_> = found.into_iter().filter(|address| self.allows(address.ip())).collect();
        if allowed.is_empty() && is_known {
            return Err(ResolveError::Refused(RefusedHost { host: host.to_owned(), reach: self }));
        }
        Ok(allowed)
    }

    pub(crate) fn allows(self, address: IpAddr) -> bool {
        let address = translated(address.to_canonical());
        let is_private = self == Self::Public && is_private(address);
        !is_near(address) && !is_private && !is_own(address)
    }
}

/// Connects to the first address of the host that is allowed and answers. `PermissionDenied`: there is none that is allowed.
pub(super) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let refused = |refused| io::Error::new(io::ErrorKind::PermissionDenied, refused);
    let addresses = match Reach::OtherMachines.resolve(host, port).await {
        Ok(addresses) => addresses,
        Err(ResolveError::Refused(host)) => return Err(refused(host)),
        Err(ResolveError::Io(error)) => return Err(error),
    };
    let mut last = io::ErrorKind::NotFound.into();
    for address in addresses {
        match TcpStream::connect(address).await {
            // An address that this machine has had for no longer than the moment since it was looked at.
            Ok(stream) if stream.local_addr()?.ip() == stream.peer_addr()?.ip() => {
                last = refused(RefusedHost { host: host.to_owned(), reach: Reach::OtherMachines });
            }
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Where a gateway would send it.
fn translated(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if v6.segments()[..6] == NAT64 => {
            let [.., a, b, c, d] = v6.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        other => other,
    }
}

/// The kernel talks to an address of this machine from the very same address. A socket for datagrams has its own
/// address once it is connected, and sends nothing.
fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let own = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((address, PROBE_PORT))?;
        socket.local_addr()
    };
    // Where there is no way to an address, none is taken.
    own().is_ok_and(|own| own.ip() == address)
}

/// This machine itself, or what only this machine reaches: among it the metadata servers of clouds.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_near_v4(address),
        IpAddr::V6(address) => {
            let embedded = address.to_ipv4().is_some_and(is_near_v4);
            let is_local = address.is_loopback() || address.is_unspecified() || address.is_unicast_link_local();
            is_local || address.is_multicast() || address == METADATA_V6 || embedded
        }
    }
}

fn is_near_v4(address: Ipv4Addr) -> bool {
    let is_local = address.is_loopback() || address.is_link_local() || address.octets()[0] == 0;
    is_local || address.is_multicast() || address.is_broadcast() || METADATA.contains(&address)
}

/// Not routed in the Internet: RFC 1918, 6598, 2544, 1112 and 4193, and the site-local addresses before it.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            let is_shared = a == 100 && b & 0xc0 == 64;
            let is_benchmark = a == 198 && b & 0xfe == 18;
            address.is_private() || is_shared || is_benchmark || a >= 240
        }
        IpAddr::V6(address) => {
            let embedded = address.to_ipv4().is_some_and(|v4| is_private(v4.into()));
            let is_site_local = address.segments()[0] & 0xffc0 == 0xfec0;
            address.is_unique_local() || is_site_local || embedded
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAR: [&str; 20] = [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
    ];
    const PRIVATE: [&str; 10] = [
        "10.9.8.7",
        "172.31.0.1",
        "192.168.77.1",
        "100.64.0.1",
        "198.19.0.1",
        "240.0.0.1",
        "::ffff:10.9.8.7",
        "64:ff9b::10.9.8.7",
        "fd00::1",
        "fec0::1",
    ];

    fn allowed(reach: Reach, address: &str) -> bool {
        reach.allows(address.parse().unwrap())
    }

    #[test]
    fn this_machine_and_its_link_are_near_private_networks_only_for_some_and_others_for_nobody() {
        for near in NEAR {
            assert!(!allowed(Reach::OtherMachines, near) && !allowed(Reach::Public, near), "{near}");
        }
        for private in PRIVATE {
            assert!(allowed(Reach::OtherMachines, private) && !allowed(Reach::Public, private), "{private}");
        }
        for far in ["192.0.2.1", "100.128.0.1", "172.32.0.1", "2001:db8::1", "64:ff9b::192.0.2.1"] {
            assert!(allowed(Reach::OtherMachines, far) && allowed(Reach::Public, far), "{far}");
        }
    }

    /// Whatever addresses this machine has, it does not talk to them.
    #[test]
    fn addresses_of_this_machine_are_refused() {
        let routes = std::fs::read_to_string("/proc/net/fib_trie").unwrap();
        let lines: Vec<&str> = routes.lines().map(str::trim).collect();
        let own = lines.windows(2).filter(|pair| pair[1].starts_with("/32 host LOCAL"));
        let own: Vec<&str> = own.filter_map(|pair| pair[0].strip_prefix("|-- ")).collect();
        assert!(own.contains(&"127.0.0.1"), "{own:?}");
        for address in own {
            assert!(!allowed(Reach::OtherMachines, address), "{address}");
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
