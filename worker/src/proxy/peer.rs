//! Whose process is at the other end of a local connection.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
};

/// The uid of the process that opened the connection from `peer` to `own`. `None`: the kernel knows of none (any more).
pub(super) fn uid_of(peer: SocketAddr, own: SocketAddr) -> io::Result<Option<u32>> {
    // A socket of version 6 may speak to an address of version 4.
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let found = match fs::read_to_string(table) {
            Ok(table) => find(&table, peer, own),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn find(table: &str, peer: SocketAddr, own: SocketAddr) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_it =
            fields.get(1).is_some_and(|it| is_address(it, peer)) && fields.get(2).is_some_and(|it| is_address(it, own));
        fields.get(7).filter(|_| is_it)?.parse().ok()
    })
}

/// The kernel writes the words of an address as numbers of the machine, and the port as a number.
fn is_address(text: &str, address: SocketAddr) -> bool {
    let Some((host, port)) = text.split_once(':') else { return false };
    let IpAddr::V4(ip) = address.ip() else { return false };
    let word = format!("{:08X}", u32::from_ne_bytes(ip.octets()));
    let mapped = format!("0000000000000000{:08X}{word}", u32::from_ne_bytes([0, 0, 0xff, 0xff]));
    u16::from_str_radix(port, 16) == Ok(address.port()) && (host == word || host == mapped)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_of_ours_is_ours() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap();
        let stream = TcpStream::connect(own).unwrap();
        let peer = stream.local_addr().unwrap();
        assert_eq!(uid_of(peer, own).unwrap(), Some(rustix::process::geteuid().as_raw()));
        assert_eq!(uid_of(own, "127.0.0.1:1".parse().unwrap()).unwrap(), None);
    }
}
