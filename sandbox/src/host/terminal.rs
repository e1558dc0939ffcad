//! The controlling side of a terminal in a sandbox.

use std::{io, os::fd::OwnedFd};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::{Errno, read, write},
    termios::{Winsize, tcsetwinsize},
};
use tokio::io::unix::AsyncFd;

use crate::sys;

/// What the programs of a session write, and where they read from.
#[derive(Debug)]
pub struct Terminal(AsyncFd<OwnedFd>);

impl Terminal {
    pub fn new(descriptor: OwnedFd) -> io::Result<Self> {
        fcntl_setfl(&descriptor, fcntl_getfl(&descriptor)? | OFlags::NONBLOCK)?;
        sys::register(descriptor).map(Self)
    }

    /// Some bytes; 0 once no program has the terminal open any more. Nothing is lost when the future is dropped.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.0.readable().await?;
            match ready.try_io(|terminal| Ok(read(terminal.get_ref(), &mut *buffer)?)) {
                // What the kernel says when the other side is closed.
                Ok(Err(error)) if Errno::from_io_error(&error) == Some(Errno::IO) => return Ok(0),
                Ok(result) => return result,
                Err(_not_ready) => {}
            }
        }
    }

    /// Waits while the programs do not read.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let mut ready = self.0.writable().await?;
            if let Ok(written) = ready.try_io(|terminal| Ok(write(terminal.get_ref(), bytes)?)) {
                bytes = bytes.get(written?..).unwrap_or_default();
            }
        }
        Ok(())
    }

    /// Programs learn of it by a signal.
    pub fn resize(&self, rows: u16, columns: u16) -> io::Result<()> {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        Ok(tcsetwinsize(self.0.get_ref(), size)?)
    }
}
