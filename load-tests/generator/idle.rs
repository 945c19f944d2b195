//! Connections that have spoken once and are silent since, as a load balancer keeps them.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result};

use super::preflight::{ask_on, connect};

pub struct Idle {
    asked: usize,
    sockets: Vec<TcpStream>,
}

impl Idle {
    /// Opens so many and asks each once whether the server is ready.
    pub fn open(target: SocketAddr, count: usize) -> Result<Idle> {
        let request = format!("GET /readyz HTTP/1.1\r\nHost: {target}\r\n\r\n");
        let mut sockets = Vec::with_capacity(count);
        for number in 1..=count {
            let told = || format!("idle connection {number} of {count}; each needs a file: see `ulimit -n`");
            let mut socket = connect(target).with_context(told)?;
            ask_on(&mut socket, request.as_bytes()).with_context(told)?;
            socket.set_nonblocking(true)?;
            sockets.push(socket);
        }
        Ok(Idle { asked: count, sockets })
    }

    pub fn asked(&self) -> usize {
        self.asked
    }

    /// How many the server has not closed.
    pub fn still_open(&mut self) -> usize {
        let mut piece = [0; 64];
        let is_open = |socket: &mut TcpStream| matches!(socket.read(&mut piece), Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.sockets.iter_mut().map(is_open).filter(|open| *open).count()
    }
}
