//! BASELINE: hyper and nothing else. What patchbay costs is what it costs above this.
//!
//! `bare PORT BYTES` reads each request whole and answers `200` with a constant document of BYTES bytes, whatever it was
//! asked. It looks at nothing, keeps nothing, counts nothing and writes no line.

use std::convert::Infallible;
use std::env;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// The settings of HTTP/1.1 that cost or save something, as `src/edge/connection.rs` sets them: whoever changes them there
/// changes them here, or the comparison is no longer one.
fn http1() -> http1::Builder {
    let mut http1 = http1::Builder::new();
    http1.half_close(true).header_read_timeout(None).max_header_size(16 * 1024).max_buf_size(16 * 1024);
    http1
}

/// One thread, no stealing: the cheapest honest way to run hyper on one core.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, bytes] = arguments.as_slice() else {
        eprintln!("usage: bare PORT BYTES");
        return ExitCode::from(2);
    };
    let Err(error) = serve(port, bytes).await;
    eprintln!("bare: {error:#}");
    ExitCode::FAILURE
}

async fn serve(port: &str, bytes: &str) -> Result<Infallible> {
    let port: u16 = port.parse().with_context(|| format!("{port:?} is no port"))?;
    let document = document(bytes.parse().with_context(|| format!("{bytes:?} is no number of bytes"))?)?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.with_context(|| format!("could not listen on port {port} of the loopback"))?;
    let http1 = http1();
    loop {
        let (socket, _) = listener.accept().await.context("could not accept a connection")?;
        tokio::spawn(attend(http1.clone(), socket, document.clone()));
    }
}

async fn attend(http1: http1::Builder, socket: TcpStream, document: Bytes) {
    // As the edge does: an answer is one write.
    let _ = socket.set_nodelay(true);
    let service = service_fn(move |request| answer(request, document.clone()));
    // A connection that breaks is its peer's business; the generator counts it.
    let _ = http1.serve_connection(TokioIo::new(socket), service).await;
}

async fn answer(request: Request<Incoming>, document: Bytes) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let mut response = Response::new(Full::new(document));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    Ok(response)
}

/// TwiML of so many bytes.
fn document(bytes: usize) -> Result<Bytes> {
    let (begin, end) = ("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say>", "</Say></Response>");
    let least = begin.len() + end.len();
    ensure!((least..64_000).contains(&bytes), "TwiML has {least} to 64,000 bytes, not {bytes}");
    Ok(Bytes::from(format!("{begin}{}{end}", "a".repeat(bytes - least))))
}
