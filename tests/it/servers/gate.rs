//! A way to a server that can be shut, with everything that is on it.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Stands between an edge and a server.
#[derive(Debug)]
pub struct Gate {
    pub address: SocketAddr,
    is_open: watch::Sender<bool>,
}

impl Gate {
    /// An open way to a port of this machine.
    pub async fn to(port: u16) -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_open, sees) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let mut sees = sees.clone();
                if !*sees.borrow_and_update() {
                    continue;
                }
                tokio::spawn(async move {
                    let (mut near, mut far) = (near, TcpStream::connect(("127.0.0.1", port)).await.unwrap());
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = sees.wait_for(|is_open| !is_open) => {}
                    }
                });
            }
        });
        Gate { address, is_open }
    }

    /// Cuts everything, and lets nobody through.
    pub fn shut(&self) {
        self.is_open.send_replace(false);
    }

    pub fn open(&self) {
        self.is_open.send_replace(true);
    }
}
