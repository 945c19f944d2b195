//! A receiver of webhooks on the loopback: takes what comes, answers what the test says, and checks signatures.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use patchbay::model::SigningSecret;
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Longest a test waits for a webhook.
const PATIENCE: Duration = Duration::from_secs(20);

/// A webhook that came.
#[derive(Clone, Debug)]
pub struct Hit {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// What to answer.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    /// With one more header.
    With(u16, &'static str, String),
    /// A success whose body never ends.
    Endless,
    /// No answer, and the connection stays open.
    Never,
    /// The connection breaks.
    Break,
}

pub struct Receiver {
    pub address: SocketAddr,
    hits: mpsc::UnboundedReceiver<Hit>,
    /// Connections that were ever made.
    pub connections: Arc<AtomicUsize>,
    /// Webhooks that came and were not answered.
    pub held: Arc<AtomicUsize>,
}

impl Receiver {
    /// Answers everything alike.
    pub async fn answering(reply: Reply) -> Receiver {
        Receiver::start(([127, 0, 0, 1], 0).into(), move |_| reply.clone()).await
    }

    pub async fn start(address: SocketAddr, answer: impl Fn(&Hit) -> Reply + Send + Sync + 'static) -> Receiver {
        Receiver::on(TcpListener::bind(address).await.expect("a free port"), answer)
    }

    pub fn on(listener: TcpListener, answer: impl Fn(&Hit) -> Reply + Send + Sync + 'static) -> Receiver {
        let address = listener.local_addr().expect("an address");
        let (tell, hits) = mpsc::unbounded_channel();
        let (connections, held) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (answer, counted, holds) = (Arc::new(answer), Arc::clone(&connections), Arc::clone(&held));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let (tell, answer, holds) = (tell.clone(), Arc::clone(&answer), Arc::clone(&holds));
                tokio::spawn(async move { serve(stream, &tell, answer.as_ref(), &holds).await });
            }
        });
        Receiver { address, hits, connections, held }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The next webhook.
    pub async fn next(&mut self) -> Hit {
        timeout(PATIENCE, self.hits.recv()).await.expect("a webhook in time").expect("the receiver lives")
    }

    /// Webhooks that came and were not yet looked at.
    pub fn waiting(&mut self) -> Vec<Hit> {
        std::iter::from_fn(|| self.hits.try_recv().ok()).collect()
    }
}

impl Hit {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub fn timestamp(&self) -> i64 {
        self.headers["webhook-timestamp"].parse().expect("seconds")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// How many of its signatures this secret made.
    pub fn signatures_by(&self, secret: &SigningSecret) -> usize {
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret.key()).expect("any length");
        mac.update(format!("{}.{}.{}", self.id(), self.timestamp(), self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.headers["webhook-signature"].split(' ').filter(|given| **given == expected).count()
    }
}

async fn serve(
    mut stream: TcpStream,
    tell: &mpsc::UnboundedSender<Hit>,
    answer: &(dyn Fn(&Hit) -> Reply + Send + Sync),
    held: &AtomicUsize,
) {
    let mut read = Vec::new();
    while let Some((hit, length)) = next_hit(&mut stream, &mut read).await {
        read.drain(..length);
        let reply = answer(&hit);
        if matches!(reply, Reply::Never) {
            held.fetch_add(1, Ordering::Relaxed);
        }
        let _ = tell.send(hit);
        let head = match reply {
            Reply::Status(status) => format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n"),
            Reply::With(status, name, value) => {
                format!("HTTP/1.1 {status} Said\r\n{name}: {value}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            }
            Reply::Endless => "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
            Reply::Never => return std::future::pending().await,
            Reply::Break => return,
        };
        if stream.write_all(head.as_bytes()).await.is_err() {
            return;
        }
        if head.starts_with("HTTP/1.1 200 OK") {
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            return;
        }
        if head.contains("connection: close") {
            return;
        }
    }
}

/// A request and how many bytes it took.
async fn next_hit(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<(Hit, usize)> {
    loop {
        if let Some(hit) = parse(read) {
            return Some(hit);
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}

fn parse(read: &[u8]) -> Option<(Hit, usize)> {
    let end = read.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&read[..end]).expect("ASCII");
    let mut lines = head.split("\r\n");
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().expect("a number"));
    let body = read.get(end + 4..end + 4 + length)?;
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    Some((Hit { path, headers, body }, end + 4 + length))
}
