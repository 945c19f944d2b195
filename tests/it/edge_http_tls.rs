//! Encryption in the process: both protocols, the exchange of certificates under way, and peers that abuse either.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use patchbay::edge::{Drained, Limits, Refusal, Tls, TlsError};
use patchbay::telemetry::Metrics;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::edge_http_support::{Edge, read_answer, read_to_end, until};

const SHORT: Duration = Duration::from_millis(200);
const LOOK_EVERY: Duration = Duration::from_millis(10);
const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

/// A certificate, its key, and what a client trusts to believe it.
struct Made {
    certificate: String,
    key: String,
    der: CertificateDer<'static>,
}

fn make() -> Made {
    make_until(2049)
}

/// One that ends in the first second of this year.
fn make_until(year: i32) -> Made {
    let mut wish = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    wish.not_after = rcgen::date_time_ymd(year, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let made = wish.self_signed(&key).unwrap();
    Made { certificate: made.pem(), key: key.serialize_pem(), der: made.der().clone() }
}

fn put(folder: &Path, made: &Made) {
    std::fs::write(folder.join("cert.pem"), &made.certificate).unwrap();
    std::fs::write(folder.join("key.pem"), &made.key).unwrap();
}

async fn load(folder: &Path) -> Result<Tls, TlsError> {
    Tls::load(folder.join("cert.pem"), folder.join("key.pem")).await
}

async fn start(limits: Limits) -> (Edge, Made, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let made = make();
    put(folder.path(), &made);
    let tls = Arc::new(load(folder.path()).await.unwrap());
    (Edge::start_with(limits, Some(tls)).await, made, folder)
}

/// An encrypted connection, for whoever trusts one of these certificates.
async fn connect(edge: &Edge, trusted: &[&Made], protocol: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    trusted.iter().for_each(|made| roots.add(made.der.clone()).unwrap());
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols.extend(Some(protocol.to_vec()).filter(|protocol| !protocol.is_empty()));
    let socket = edge.connect().await;
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), socket).await
}

fn shown(socket: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    socket.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

/// A client that speaks HTTP/2 only.
fn client(made: &Made) -> reqwest::Client {
    let _ = aws_lc_rs::default_provider().install_default();
    let trusted = reqwest::Certificate::from_der(&made.der).unwrap();
    reqwest::Client::builder().tls_certs_only([trusted]).http2_prior_knowledge().no_proxy().build().unwrap()
}

#[tokio::test]
async fn http_1_1_is_spoken_to_those_who_offer_it_or_nothing() {
    let (edge, made, _folder) = start(Limits::default()).await;
    for protocol in [&b"http/1.1"[..], b""] {
        let mut socket = connect(&edge, &[&made], protocol).await.unwrap();
        for _ in 0..3 {
            socket.write_all(GET).await.unwrap();
            let answer = read_answer(&mut socket).await;
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("GET /a [] 0 true"), "{answer}");
        }
    }
}

#[tokio::test]
async fn http_2_is_spoken_to_those_who_offer_it() {
    let (edge, made, _folder) = start(Limits::default()).await;
    let client = client(&made);
    let url = |path: &str| format!("https://localhost:{}{path}", edge.address.port());

    let answer = client.post(url("/voice?a=%20")).body("a=b").send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert_eq!(answer.content_length(), Some(26));
    assert_eq!(answer.text().await.unwrap(), "POST /voice [a=%20] 3 true");
    let host = client.get(url("/host")).send().await.unwrap().text().await.unwrap();
    assert_eq!(host, format!("localhost:{}", edge.address.port()));
    let panicked = client.get(url("/panic")).send().await.unwrap();
    assert_eq!(
        (panicked.status().as_u16(), &*panicked.text().await.unwrap()),
        (200, "<Response><!-- /panic --></Response>")
    );

    let too_long = client.post(url("/a")).body(vec![b'x'; 64 * 1024 + 1]).send().await.unwrap();
    assert_eq!(too_long.status().as_u16(), 413);
    let fits = client.post(url("/a")).body(vec![b'x'; 64 * 1024]).send().await.unwrap();
    assert_eq!(fits.text().await.unwrap(), "POST /a [] 65536 true");
    assert_eq!(edge.refused(), [Refusal::BodyTooLarge]);
}

#[tokio::test]
async fn draining_lets_open_streams_finish() {
    let (edge, made, _folder) = start(Limits::default()).await;
    let client = client(&made);
    let url = format!("https://localhost:{}/wait", edge.address.port());
    let asked = tokio::spawn(async move { client.get(url).send().await.unwrap().text().await.unwrap() });
    edge.holds(1).await;
    edge.shutdown.cancel();
    sleep(SHORT).await;
    edge.handler.release.add_permits(1);
    assert_eq!(asked.await.unwrap(), "<Response/>");
    assert_eq!(edge.stop().await, Drained { cut_off: 0 });
}

#[tokio::test]
async fn a_new_certificate_is_used_from_the_next_connection_on_and_the_open_ones_go_on() {
    let (edge, following, folder, first) = followed().await;
    let mut open = connect(&edge, &[&first], b"http/1.1").await.unwrap();
    let mut current = first;
    for _ in 0..3 {
        let next = make();
        put(folder.path(), &next);
        shows(&edge, &current, &next).await;
        open.write_all(GET).await.unwrap();
        assert!(read_answer(&mut open).await.ends_with("GET /a [] 0 true"));
        current = next;
    }
    following.abort();
}

#[tokio::test]
async fn prometheus_is_told_when_the_certificate_in_use_ends() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = Arc::<Metrics>::default();
    let told = |end: &str| metrics.render().contains(&format!("patchbay_certificate_end_timestamp_seconds {end}\n"));
    assert!(told("0"), "{}", metrics.render());
    put(folder.path(), &make_until(2027));
    let tls = load(folder.path()).await.unwrap();
    let followed = Arc::clone(&metrics);
    let following = tokio::spawn(async move { tls.follow(LOOK_EVERY, followed, CancellationToken::new()).await });
    until(|| told("1798761600")).await;
    put(folder.path(), &make_until(2028));
    until(|| told("1830297600")).await;
    following.abort();
}

#[tokio::test]
async fn files_may_be_exchanged_by_turning_a_link_around() {
    let root = tempfile::tempdir().unwrap();
    let (old, new) = (make(), make());
    for (name, made) in [("1", &old), ("2", &new)] {
        std::fs::create_dir(root.path().join(name)).unwrap();
        put(&root.path().join(name), made);
    }
    let live = root.path().join("live");
    std::os::unix::fs::symlink("1", &live).unwrap();
    let (edge, following) = follow(load(&live).await.unwrap()).await;
    assert_eq!(shown(&connect(&edge, &[&old], b"").await.unwrap()), old.der);

    std::os::unix::fs::symlink("2", root.path().join("next")).unwrap();
    std::fs::rename(root.path().join("next"), &live).unwrap();
    shows(&edge, &old, &new).await;
    following.abort();
}

#[tokio::test]
async fn a_bad_or_half_written_pair_leaves_the_old_one_in_use() {
    let (edge, following, folder, old) = followed().await;
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let halves = |text: &str| text[..text.len() / 2].to_owned();
    for step in 0..7 {
        // Made anew for each step: what is read of one step fits nothing that is read of another.
        let Made { certificate: new_certificate, key: new_key, .. } = make();
        let (certificate_text, key_text) = match step {
            0 => (new_certificate, old.key.clone()),
            1 => (halves(&new_certificate), new_key),
            2 => (new_certificate, halves(&new_key)),
            3 => (new_certificate, String::new()),
            4 => (String::new(), new_key),
            5 => ("hello".to_owned(), "hello".to_owned()),
            _ => (new_key, new_certificate),
        };
        std::fs::write(&certificate, certificate_text).unwrap();
        std::fs::write(&key, key_text).unwrap();
        sleep(LOOK_EVERY * 5).await;
        assert_eq!(shown(&connect(&edge, &[&old], b"").await.unwrap()), old.der, "step {step}");
    }
    std::fs::remove_file(&certificate).unwrap();
    sleep(LOOK_EVERY * 5).await;
    assert_eq!(shown(&connect(&edge, &[&old], b"").await.unwrap()), old.der);
    // And once it is right, it is taken.
    let new = make();
    put(folder.path(), &new);
    shows(&edge, &old, &new).await;
    following.abort();
}

#[tokio::test]
async fn a_pair_that_cannot_be_used_is_refused_at_the_start_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (make(), make());
    let failure = load(folder.path()).await.unwrap_err();
    assert!(matches!(&failure, TlsError::Read { path, .. } if path.ends_with("cert.pem")), "{failure:?}");
    std::fs::write(folder.path().join("cert.pem"), &one.certificate).unwrap();
    let failure = load(folder.path()).await.unwrap_err();
    assert!(matches!(&failure, TlsError::Read { path, .. } if path.ends_with("key.pem")), "{failure:?}");
    std::fs::write(folder.path().join("key.pem"), &other.key).unwrap();
    assert!(matches!(load(folder.path()).await.unwrap_err(), TlsError::Pair(_)));
    std::fs::write(folder.path().join("key.pem"), &one.certificate).unwrap();
    let failure = load(folder.path()).await.unwrap_err();
    assert!(failure.to_string().starts_with("could not find a private key in "), "{failure}");
    std::fs::write(folder.path().join("key.pem"), &one.key).unwrap();
    assert!(load(folder.path()).await.is_ok());
}

#[tokio::test]
async fn a_handshake_that_stalls_or_fails_is_closed_and_hurts_nobody() {
    let (edge, made, _folder) = start(Limits { handshake_time: SHORT, ..Limits::default() }).await;
    let mut stalled = [edge.connect().await, edge.connect().await];
    stalled[1].write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    let plain = edge.send(GET).await;
    assert!(!plain.contains("HTTP/1.1 200"), "{plain}");
    let mut socket = connect(&edge, &[&made], b"http/1.1").await.unwrap();
    for socket in &mut stalled {
        assert_eq!(read_to_end(socket).await, "");
    }
    assert_eq!(edge.refused(), [Refusal::Handshake; 3]);
    socket.write_all(GET).await.unwrap();
    assert!(read_answer(&mut socket).await.ends_with("GET /a [] 0 true"));
}

#[tokio::test]
async fn the_limits_of_time_hold_under_encryption_too() {
    let limits =
        Limits { head_time: SHORT, body_time: SHORT, write_time: SHORT, idle_time: SHORT * 2, ..Limits::default() };
    let (edge, made, _folder) = start(limits).await;
    for (bytes, expected) in [
        (&b""[..], ""),
        (b"GET /a HT", ""),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", "HTTP/1.1 408 Request Timeout"),
        (GET, "HTTP/1.1 200 OK"),
    ] {
        let mut socket = connect(&edge, &[&made], b"http/1.1").await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let heard = read_to_end(&mut socket).await;
        assert_eq!(heard.lines().next().unwrap_or(""), expected);
    }
    let mut deaf = connect(&edge, &[&made], b"http/1.1").await.unwrap();
    deaf.write_all(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until(|| edge.refused() == [Refusal::HeadTimeout, Refusal::BodyTimeout, Refusal::NotRead]).await;
}

#[tokio::test]
async fn http_2_streams_have_limits_of_time_too_and_a_silent_connection_is_closed() {
    let limits = Limits { body_time: SHORT, idle_time: SHORT * 2, write_time: SHORT, ..Limits::default() };
    let (edge, made, _folder) = start(limits).await;
    let mut socket = connect(&edge, &[&made], b"h2").await.unwrap();
    socket.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[]), &headers(1, "POST", false)].concat()).await.unwrap();
    // The body never comes: an answer does, and then, since nothing follows, the end.
    let heard = heard_frames(&mut socket).await;
    assert!(heard.iter().any(|(kind, _, stream, _)| (*kind, *stream) == (HEADERS, 1)), "{heard:?}");
    assert_eq!(edge.refused(), [Refusal::BodyTimeout]);
    assert!(heard.iter().any(|(kind, ..)| *kind == GOAWAY), "{heard:?}");

    let mut silent = connect(&edge, &[&made], b"h2").await.unwrap();
    silent.write_all(PREFACE).await.unwrap();
    heard_frames(&mut silent).await;
}

#[tokio::test]
async fn streams_opened_and_reset_in_haste_end_the_connection() {
    let (edge, made, _folder) = start(Limits::default()).await;
    let mut socket = connect(&edge, &[&made], b"h2").await.unwrap();
    socket.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await.unwrap();
    let hasty = async |socket: &mut TlsStream<TcpStream>| {
        for round in 0..200u32 {
            let mut burst = Vec::new();
            for n in 0..100 {
                let stream = (round * 100 + n) * 2 + 1;
                burst.extend(headers(stream, "GET", true));
                burst.extend(frame(RST_STREAM, 0, stream, &8u32.to_be_bytes()));
            }
            socket.write_all(&burst).await?;
        }
        std::io::Result::Ok(())
    };
    let sent = hasty(&mut socket).await;
    let heard = heard_frames(&mut socket).await;
    let told_to_calm_down = heard.iter().any(|(kind, _, _, payload)| *kind == GOAWAY && payload.get(7) == Some(&0xb));
    assert!(sent.is_err() || told_to_calm_down, "{heard:?}");
    assert!(edge.answered() < 20_000);
    let url = format!("https://localhost:{}/a", edge.address.port());
    assert_eq!(client(&made).get(url).send().await.unwrap().status().as_u16(), 200);
}

async fn followed() -> (Edge, JoinHandle<()>, TempDir, Made) {
    let folder = tempfile::tempdir().unwrap();
    let made = make();
    put(folder.path(), &made);
    let (edge, following) = follow(load(folder.path()).await.unwrap()).await;
    (edge, following, folder, made)
}

async fn follow(tls: Tls) -> (Edge, JoinHandle<()>) {
    let tls = Arc::new(tls);
    let followed = Arc::clone(&tls);
    let following =
        tokio::spawn(async move { followed.follow(LOOK_EVERY, Arc::default(), CancellationToken::new()).await });
    (Edge::start_with(Limits::default(), Some(tls)).await, following)
}

/// Waits until new connections are shown the new certificate. Until then each is shown the old one, and none fails.
async fn shows(edge: &Edge, old: &Made, new: &Made) {
    for _ in 0..1000 {
        let seen = shown(&connect(edge, &[old, new], b"").await.unwrap());
        if seen == new.der {
            return;
        }
        assert_eq!(seen, old.der);
        sleep(LOOK_EVERY / 2).await;
    }
    panic!("the new certificate is never shown");
}

// As much of HTTP/2 as it takes to misbehave.

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The head of a request for `/`, with or without a body to follow.
fn headers(stream: u32, method: &str, ends: bool) -> Vec<u8> {
    let method = if method == "GET" { 0x82 } else { 0x83 };
    let block = [&[method, 0x87, 0x84, 0x41, 9], &b"localhost"[..]].concat();
    frame(HEADERS, 0x4 | u8::from(ends), stream, &block)
}

/// All frames until the edge closes: kind, flags, stream, payload.
async fn heard_frames(socket: &mut TlsStream<TcpStream>) -> Vec<(u8, u8, u32, Vec<u8>)> {
    let mut bytes = Vec::new();
    let read = socket.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(crate::edge_http_support::PATIENCE, read).await.expect("the connection is closed");
    let mut frames = Vec::new();
    let mut rest = &bytes[..];
    while let Some((head, tail)) = rest.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let Some((payload, tail)) = tail.split_at_checked(length) else { break };
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        frames.push((head[3], head[4], stream, payload.to_vec()));
        rest = tail;
    }
    frames
}
