//! Redis or Valkey, which keeps nothing: what is gone with it is gone, which is the worst an operator may have.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::process::{Process, Start};
use super::{find, until};
use crate::port::free_address;

pub fn program() -> PathBuf {
    find(&["redis-server", "valkey-server"], &[], "redis-server (or valkey-server)")
}

pub struct Redis {
    pub address: SocketAddr,
    process: Option<Process>,
    program: PathBuf,
    dir: PathBuf,
}

impl Redis {
    pub async fn start(dir: &Path) -> Redis {
        std::fs::create_dir(dir).expect("a directory");
        let program = program();
        let mut redis = Redis { address: free_address(), process: None, program, dir: dir.to_owned() };
        redis.go().await;
        redis
    }

    /// The URL by which patchbay finds it at another address, a proxy's.
    pub fn url_at(address: SocketAddr) -> String {
        format!("redis://{address}")
    }

    /// Starts it, empty, at the same address.
    pub async fn go(&mut self) {
        let port = self.address.port().to_string();
        let words = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        self.process = Some(Process::start(&Start {
            program: &self.program,
            words: &words,
            env: &[],
            dir: &self.dir,
            log: &self.log(),
            user: None,
            farewell: Signal::KILL,
            comes_first: true,
        }));
        let this = &*self;
        until("Redis answers", &self.log(), async || this.said("PING").await.is_some_and(|said| said == "+PONG")).await;
    }

    pub fn kill_9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill_9();
        }
    }

    /// Forgets everything.
    pub async fn flush(&self) {
        let said = self.said("FLUSHALL").await;
        assert_eq!(said.as_deref(), Some("+OK"));
    }

    /// What it answers to a word.
    async fn said(&self, word: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).await.ok()?;
        stream.write_all(format!("{word}\r\n").as_bytes()).await.ok()?;
        let mut answer = [0; 64];
        let length = stream.read(&mut answer).await.ok()?;
        Some(String::from_utf8_lossy(&answer[..length]).trim().to_owned())
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_comes_again_at_the_same_address_and_empty() {
        let above = tempfile::TempDir::new().expect("a directory");
        let mut redis = Redis::start(&above.path().join("redis")).await;
        for killed in [false, true] {
            assert_eq!(redis.said("SET one 1").await.as_deref(), Some("+OK"));
            if killed {
                redis.kill_9();
                assert_eq!(redis.said("DBSIZE").await, None);
                redis.go().await;
            } else {
                redis.flush().await;
            }
            assert_eq!(redis.said("DBSIZE").await.as_deref(), Some(":0"));
        }
    }
}
