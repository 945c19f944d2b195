//! Twilio and Vapi, simulated: `patchbay sim` in a process of its own, as the edges ask it.

use std::net::SocketAddr;
use std::path::Path;

use rustix::process::Signal;
use serde_json::json;

use super::process::{Process, Start};
use super::{patchbay, until};
use crate::callers::ACCOUNT;
use crate::port::free_address;

pub struct Simulator {
    address: SocketAddr,
    _process: Process,
}

impl Simulator {
    pub async fn start(dir: &Path) -> Simulator {
        std::fs::create_dir(dir).expect("a directory");
        let (address, log) = (free_address(), dir.join("log"));
        let process = Process::start(&Start {
            program: &patchbay(),
            words: &["sim", "--listen", &address.to_string()],
            env: &[],
            dir,
            log: &log,
            user: None,
            farewell: Signal::KILL,
            comes_first: false,
        });
        until("the simulator listens", &log, async || tokio::net::TcpStream::connect(address).await.is_ok()).await;
        Simulator { address, _process: process }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes Twilio know of a call, so that whoever asks after it hears that it goes on.
    pub async fn knows_of(&self, web: &reqwest::Client, sid: &str) {
        let call = json!({"sid": sid, "status": "in-progress", "accountSid": ACCOUNT});
        let told =
            web.post(format!("{}/_sim/calls", self.url())).json(&call).send().await.expect("the simulator answers");
        assert!(told.status().is_success(), "{}", told.status());
    }
}
