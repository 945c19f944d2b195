//! Ports for servers that have to be told where to listen.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the system gives to whoever asks for any, so that nobody is given one between being told of here and
/// being used.
const FIRST: u16 = 10_240;
const COUNT: u16 = 22_000;

/// An address at which nobody listens. No two are the same, and those of another process are mostly others.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = (std::process::id().wrapping_mul(0x9E37_79B1) >> 16) as u16;
    let addresses = std::iter::repeat_with(|| {
        let place = own.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + place % COUNT))
    });
    let is_free = |address: &SocketAddr| TcpListener::bind(address).is_ok();
    addresses.take(COUNT.into()).find(is_free).expect("a free port")
}
