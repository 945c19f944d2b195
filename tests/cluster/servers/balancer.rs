//! HAProxy before the edges: asks each whether it is ready, and tries another where a connection reaches nobody.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use super::process::{Process, Start};
use super::{find, until};
use crate::port::free_address;

/// The header by which an answer says which edge gave it.
pub const SERVED_BY: &str = "x-served-by";

pub fn program() -> PathBuf {
    find(&["haproxy"], &[], "haproxy")
}

pub struct Balancer {
    pub address: SocketAddr,
    _process: Process,
}

impl Balancer {
    /// An address for one that is started when the edges, who have to know it, are there.
    pub fn address() -> SocketAddr {
        free_address()
    }

    pub async fn start(dir: &Path, address: SocketAddr, edges: &[(String, SocketAddr)]) -> Balancer {
        std::fs::create_dir(dir).expect("a directory");
        let settings = dir.join("haproxy.cfg");
        std::fs::write(&settings, settings_for(address, edges)).expect("a file");
        let (program, log) = (program(), dir.join("log"));
        let process = Process::start(&Start {
            program: &program,
            words: &["-db", "-f", &settings.display().to_string()],
            env: &[],
            dir,
            log: &log,
            user: None,
            farewell: Signal::KILL,
            comes_first: false,
        });
        let url = format!("http://{address}/healthz");
        let web = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().expect("an HTTP client");
        until("HAProxy reaches an edge", &log, async || {
            web.get(&url).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        Balancer { address, _process: process }
    }
}

/// A request that an edge has begun to read is never sent twice from here: whether to ask again is Twilio's to say, by
/// what its URLs carry. One that is under way when an edge is found to be gone is given up at once, so that it can.
fn settings_for(address: SocketAddr, edges: &[(String, SocketAddr)]) -> String {
    let servers: String = edges.iter().map(|(name, at)| format!("  server {name} {at} check\n")).collect();
    format!(
        "defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 15s
  timeout check 500ms
  retries 3
  retry-on conn-failure
  option redispatch 1
frontend calls
  bind {address}
  default_backend edges
backend edges
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  http-response set-header {SERVED_BY} %s
  default-server inter 250ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}"
    )
}
