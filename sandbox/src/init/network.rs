//! The network of a sandbox: a loopback interface, and sockets on it that the other half answers.

use std::{io, net::TcpListener, os::fd::AsFd};

use rustix::net::{AddressFamily, SocketType, socket};

use crate::sys;

pub(super) fn start(listeners: usize) -> io::Result<Vec<TcpListener>> {
    let any = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    sys::loopback_up(any.as_fd())?;
    (0..listeners).map(|_| TcpListener::bind("127.0.0.1:0")).collect()
}
