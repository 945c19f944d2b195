//! A listener with a handler that does odd things on request, and clients that speak byte by byte.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hyper::header::HOST;
use patchbay::edge::{Answer, Drained, Form, Handler, Incoming, Limits, Refusal, Tls, serve};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Longest a test waits for what must happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// More than the sockets of both sides hold together.
static BIG: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![b' '; 32 * 1024 * 1024]));

/// Answers by path.
pub struct Oddities {
    pub answered: AtomicUsize,
    pub refused: Mutex<Vec<Refusal>>,
    /// How many requests are waiting in `/wait`.
    pub waiting: AtomicUsize,
    /// What `/wait` waits for.
    pub release: Semaphore,
}

impl Handler for Oddities {
    async fn answer(&self, request: &Incoming) -> Answer {
        let answer = match request.path() {
            "/panic" => panic!("as asked"),
            "/panic/later" => {
                tokio::task::yield_now().await;
                panic!("as asked, later")
            }
            "/wait" => {
                self.waiting.fetch_add(1, Ordering::SeqCst);
                self.release.acquire().await.expect("the semaphore is never closed").forget();
                Answer::twiml("<Response/>")
            }
            "/big" => Answer::twiml(BIG.clone()),
            "/empty" => Answer::empty(204),
            "/host" => Answer::json(request.header(&HOST).unwrap_or_default().to_owned()),
            "/form" => match Form::parse(&request.body) {
                Ok(form) => Answer::json(form.len().to_string()),
                Err(_) => Answer::text(400, "malformed"),
            },
            _ => {
                let (path, query) = (request.path(), request.query());
                Answer::json(format!("{} {path} [{query}] {} {}", request.method, request.body.len(), request.tls))
            }
        };
        self.answered.fetch_add(1, Ordering::SeqCst);
        answer
    }

    fn panicked(&self, path: &str) -> Answer {
        Answer::twiml(format!("<Response><!-- {path} --></Response>"))
    }

    fn refused(&self, why: Refusal) {
        self.refused.lock().unwrap().push(why);
    }
}

/// A listener under test.
pub struct Edge {
    pub address: SocketAddr,
    pub handler: Arc<Oddities>,
    pub shutdown: CancellationToken,
    pub serving: JoinHandle<Drained>,
}

impl Edge {
    pub async fn start(limits: Limits) -> Edge {
        Edge::start_with(limits, None).await
    }

    pub async fn start_with(limits: Limits, tls: Option<Arc<Tls>>) -> Edge {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handler = Arc::new(Oddities {
            answered: AtomicUsize::new(0),
            refused: Mutex::default(),
            waiting: AtomicUsize::new(0),
            release: Semaphore::new(0),
        });
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, tls, limits, Arc::clone(&handler), shutdown.clone()));
        Edge { address, handler, shutdown, serving }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes, then reads until the edge closes the connection.
    pub async fn send(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut socket = self.connect().await;
        let _ = socket.write_all(bytes.as_ref()).await;
        read_to_end(&mut socket).await
    }

    /// An ordinary call is answered as ever.
    pub async fn answers(&self) {
        let answer =
            self.send("POST /voice?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\na=b").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("POST /voice [a=1] 3 false"), "{answer}");
    }

    pub fn answered(&self) -> usize {
        self.handler.answered.load(Ordering::SeqCst)
    }

    pub fn refused(&self) -> Vec<Refusal> {
        self.handler.refused.lock().unwrap().clone()
    }

    /// Waits until so many requests are held in `/wait`.
    pub async fn holds(&self, count: usize) {
        until(|| self.handler.waiting.load(Ordering::SeqCst) == count).await;
    }

    pub async fn stop(self) -> Drained {
        self.shutdown.cancel();
        timeout(PATIENCE, self.serving).await.expect("draining ends").unwrap()
    }
}

/// Waits for something that happens elsewhere.
pub async fn until(mut happened: impl FnMut() -> bool) {
    let wait = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("it happens in time");
}

/// All that still comes, until the other side closes. A reset ends it too.
pub async fn read_to_end(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut all = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut all)).await.expect("the connection is closed in time");
    String::from_utf8_lossy(&all).into_owned()
}

/// One answer with its body, by its Content-Length.
pub async fn read_answer(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let read = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.expect("the answer goes on"));
        }
        let mut text = String::from_utf8(head).unwrap();
        let length =
            text.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |l| l.parse().unwrap());
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await.unwrap();
        text.push_str(std::str::from_utf8(&body).unwrap());
        text
    };
    timeout(PATIENCE, read).await.expect("an answer comes in time")
}
