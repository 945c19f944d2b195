//! What strangers send: none of it reaches a handler, grows memory, holds a place for long or hurts another call.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use patchbay::edge::{Limits, Refusal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::edge_http_support::{Edge, PATIENCE, read_answer, read_to_end, until};

const SHORT: Duration = Duration::from_millis(200);
const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_head_that_two_readers_could_understand_differently_is_refused_and_the_connection_closed() {
    let edge = Edge::start(Limits::default()).await;
    let body = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    for fields in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: 5 5",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length: 5.0",
        "Content-Length: ",
        "Content-Length: 99999999999999999999",
        "Content-Length : 5",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding:\u{b}chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "X: y\r\n\tfolded",
        " Transfer-Encoding: chunked",
        "Transfer-Encoding\r\n: chunked",
        "X: a\rb",
        "X: a\0b",
        "X\0: a",
        "X Y: a",
        "X",
        ": a",
        "Host: y",
        "Content-Length: 5\r\nTransfer-Encoding: identity",
    ] {
        let answer = edge.send(format!("POST /a HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n{body}")).await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{fields:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{fields:?}: {answer}");
    }
    let old = edge.send(format!("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{body}")).await;
    assert!(old.starts_with("HTTP/1.0 400") || old.starts_with("HTTP/1.1 400"), "{old}");
    assert_eq!(edge.answered(), 0);
    assert!(edge.refused().iter().all(|why| *why == Refusal::Malformed));
    assert_eq!(edge.refused().len(), 35);
    edge.answers().await;
}

#[tokio::test]
async fn a_length_beside_chunked_counts_for_nothing_and_nothing_behind_it_is_a_request() {
    let edge = Edge::start(Limits::default()).await;
    for fields in
        ["Content-Length: 30\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 30"]
    {
        let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
        let answer = edge.send(format!("POST /a HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n{smuggled}")).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(answer.contains("connection: close\r\n") && answer.ends_with("POST /a [] 0 false"), "{answer}");
    }
    assert_eq!(edge.answered(), 2);
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let edge = Edge::start(Limits::default()).await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 an encrypted hello"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/3.0\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G\0T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"hello\r\n\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ] {
        let answer = edge.send(bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{}: {answer}", bytes.escape_ascii());
    }
    assert_eq!(edge.answered(), 0);
    edge.answers().await;
}

#[tokio::test]
async fn a_head_too_long_or_with_too_many_fields_is_refused() {
    let edge = Edge::start(Limits::default()).await;
    let long = "a".repeat(20 * 1024);
    let many = "X: y\r\n".repeat(101);
    for head in [
        format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: x\r\nLong: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: x\r\nEndless: {}", "a".repeat(MIB)),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
    ] {
        let answer = edge.send(&head).await;
        assert!(answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 414"), "{answer}");
    }
    assert_eq!(edge.refused(), [Refusal::HeadTooLarge; 4]);
    let fits =
        edge.send(format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "a".repeat(15 * 1024))).await;
    assert!(fits.starts_with("HTTP/1.1 200"), "{fits}");
}

#[tokio::test]
async fn connections_that_say_nothing_or_only_half_a_head_are_closed() {
    let edge = Edge::start(Limits { head_time: SHORT, ..Limits::default() }).await;
    for bytes in ["", "P", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Le", "\r\n\r\n"] {
        let began = Instant::now();
        assert_eq!(edge.send(bytes).await, "", "{bytes:?}");
        assert!((SHORT..SHORT * 30).contains(&began.elapsed()), "{bytes:?}: {:?}", began.elapsed());
    }
    edge.answers().await;
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_gains_no_time() {
    let edge = Edge::start(Limits { head_time: SHORT, ..Limits::default() }).await;
    let mut socket = edge.connect().await;
    let began = Instant::now();
    let head = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(10_000));
    for byte in head.bytes() {
        if socket.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(began.elapsed() < SHORT * 30, "{:?}", began.elapsed());
    assert_eq!(edge.refused(), [Refusal::HeadTimeout]);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_own_longer_time() {
    let edge = Edge::start(Limits { head_time: SHORT, idle_time: SHORT * 3, ..Limits::default() }).await;
    let mut socket = edge.connect().await;
    socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    read_answer(&mut socket).await;
    let began = Instant::now();
    assert_eq!(read_to_end(&mut socket).await, "");
    assert!(began.elapsed() > SHORT * 2, "{:?}", began.elapsed());
    assert_eq!(edge.refused(), []);
    // A second head that is only begun has the time of a head, not that of silence.
    let mut socket = edge.connect().await;
    socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    read_answer(&mut socket).await;
    socket.write_all(b"GET / HT").await.unwrap();
    assert_eq!(read_to_end(&mut socket).await, "");
    assert_eq!(edge.refused(), [Refusal::HeadTimeout]);
}

#[tokio::test]
async fn half_a_body_is_waited_for_only_so_long() {
    let edge = Edge::start(Limits { body_time: SHORT, linger_time: SHORT, ..Limits::default() }).await;
    let head = "POST /a HTTP/1.1\r\nHost: x\r\n";
    for rest in
        ["Content-Length: 10\r\n\r\n", "Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\na"]
    {
        let answer = edge.send(format!("{head}{rest}")).await;
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{rest:?}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
    assert_eq!(edge.refused(), [Refusal::BodyTimeout; 3]);

    let mut socket = edge.connect().await;
    socket.write_all(format!("{head}Content-Length: 10000\r\n\r\n").as_bytes()).await.unwrap();
    let began = Instant::now();
    let drip = async {
        while socket.write_all(b"a").await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = timeout(SHORT * 60, drip).await;
    assert!(began.elapsed() < SHORT * 30, "a body that comes byte by byte gains no time: {:?}", began.elapsed());
    assert_eq!(edge.answered(), 0);
}

#[tokio::test]
async fn half_a_body_and_then_the_end_is_refused_at_once() {
    let edge = Edge::start(Limits::default()).await;
    for rest in [
        "Content-Length: 10\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n3\r\na",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let mut socket = edge.connect().await;
        socket.write_all(format!("POST /a HTTP/1.1\r\nHost: x\r\n{rest}").as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
        let answer = read_to_end(&mut socket).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{rest:?}: {answer}");
    }
    assert_eq!(edge.answered(), 0);
    assert_eq!(edge.refused(), [Refusal::BodyIncomplete; 3]);
}

#[tokio::test]
async fn bodies_up_to_the_limit_are_taken_and_one_byte_more_is_refused() {
    let edge = Edge::start(Limits::default()).await;
    for (path, limit) in [("/api/twilio/voice", 64 * 1024), ("/api/vapi/webhook", MIB), ("/api/vapix", 64 * 1024)] {
        for (length, status) in [(limit, "200"), (limit + 1, "413")] {
            let body = "x".repeat(length);
            let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
            let plain = edge.send(format!("{head}Content-Length: {length}\r\n\r\n{body}")).await;
            assert!(plain.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {length}: {plain}");
            let chunked =
                edge.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n")).await;
            assert!(chunked.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {length}: {chunked}");
        }
    }
    assert_eq!(edge.refused(), [Refusal::BodyTooLarge; 6]);
}

#[tokio::test]
async fn a_body_that_claims_to_be_too_long_is_refused_before_it_is_sent() {
    let edge = Edge::start(Limits::default()).await;
    let mut socket = edge.connect().await;
    socket
        .write_all(b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 104857600\r\n\r\n")
        .await
        .unwrap();
    let answer = read_answer(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("connection: close\r\n"), "{answer}");
}

#[tokio::test]
async fn a_sender_of_too_much_can_finish_and_hears_why_it_was_refused() {
    let edge = Edge::start(Limits::default()).await;
    let mut socket = edge.connect().await;
    let length = 6 * MIB;
    let head = format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&vec![b'x'; length]).await.expect("what was refused is still read");
    assert!(read_to_end(&mut socket).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_hundred_megabytes_are_not_taken_in() {
    let edge = Edge::start(Limits { linger_bytes_max: 2 * MIB, ..Limits::default() }).await;
    for fields in ["Content-Length: 104857600\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n6400000\r\n"] {
        let mut socket = edge.connect().await;
        socket.write_all(format!("POST /a HTTP/1.1\r\nHost: x\r\n{fields}").as_bytes()).await.unwrap();
        let (mut reading, mut writing) = socket.split();
        let send = async {
            let piece = vec![b'x'; 64 * 1024];
            let mut sent = 0;
            while sent < 100 * MIB && writing.write_all(&piece).await.is_ok() {
                sent += piece.len();
            }
            sent
        };
        let (sent, answer) = timeout(PATIENCE, async { tokio::join!(send, read_to_end(&mut reading)) }).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{fields:?}: {answer}");
        // What the sockets of both sides hold is lost to it too.
        assert!(sent < 40 * MIB, "{fields:?}: {sent} bytes were taken");
    }
    edge.answers().await;
}

#[tokio::test]
async fn malformed_forms_and_ten_thousand_fields_are_the_senders_fault() {
    let edge = Edge::start(Limits::default()).await;
    let many = "a=1&".repeat(10_000);
    for (body, status) in [
        (&b"To=%2B16475550123&From=%2B16475550124"[..], "200"),
        (b"To=%zz", "400"),
        (b"To=%", "400"),
        (b"To=%ff%fe", "400"),
        (b"\xff\xfe\x00", "400"),
        (many.as_bytes(), "400"),
    ] {
        let mut request =
            format!("POST /form HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len())
                .into_bytes();
        request.extend_from_slice(body);
        let answer = edge.send(request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{}: {answer}", body.escape_ascii());
    }
}

#[tokio::test]
async fn an_answer_nobody_reads_is_given_up() {
    let edge = Edge::start(Limits { write_time: SHORT, ..Limits::default() }).await;
    let mut socket = edge.connect().await;
    socket.write_all(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until(|| edge.refused() == [Refusal::NotRead]).await;
    // Nor does a reader gain time that takes a little now and then.
    let mut socket = edge.connect().await;
    socket.write_all(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut taken = 0;
    let mut scratch = [0; 1024];
    let slowly = async {
        while let Ok(count @ 1..) = socket.read(&mut scratch).await {
            taken += count;
            if edge.refused().len() < 2 {
                sleep(Duration::from_millis(5)).await;
            }
        }
    };
    timeout(PATIENCE, slowly).await.unwrap();
    assert_eq!(edge.refused(), [Refusal::NotRead; 2]);
    assert!(taken < 32 * MIB, "{taken}");
    edge.answers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_calls_are_unhurt_while_hundreds_of_connections_misbehave() {
    let limits = Limits {
        head_time: SHORT * 5,
        body_time: SHORT * 5,
        write_time: SHORT * 5,
        connections_max: 256,
        ..Limits::default()
    };
    let edge = Edge::start(limits).await;
    let mut bad = Vec::new();
    for n in 0..400 {
        let mut socket = edge.connect().await;
        let bytes: &[u8] = match n % 5 {
            0 => b"",
            1 => b"POST /a HT",
            2 => b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nab",
            3 => b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n",
            _ => b"\0garbage\r\n\r\n",
        };
        // Some of them are no longer wanted by now.
        let _ = socket.write_all(bytes).await;
        bad.push(socket);
        if n % 10 == 0 {
            let began = Instant::now();
            edge.answers().await;
            assert!(began.elapsed() < Duration::from_secs(5), "{n}: {:?}", began.elapsed());
        }
    }
    for _ in 0..50 {
        edge.answers().await;
    }
}

#[test]
fn memory_stays_flat_under_a_hundred_megabytes_from_each_of_eight() {
    in_a_process_of_its_own("memory_stays_flat_under_a_hundred_megabytes_from_each_of_eight", "", || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let edge = Edge::start(Limits { linger_bytes_max: 100 * MIB, ..Limits::default() }).await;
            edge.answers().await;
            let before = resident_bytes();
            let senders = (0..8).map(|n| {
                let address = edge.address;
                std::thread::spawn(move || {
                    let fields =
                        ["Content-Length: 104857600\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n6400000\r\n"][n % 2];
                    let mut socket = std::net::TcpStream::connect(address).unwrap();
                    let _ = socket.write_all(format!("POST /a HTTP/1.1\r\nHost: x\r\n{fields}").as_bytes());
                    let piece = vec![b'x'; 64 * 1024];
                    (0..100 * MIB / piece.len()).take_while(|_| socket.write_all(&piece).is_ok()).count()
                })
            });
            let senders = senders.collect::<Vec<_>>();
            let mut most = before;
            while !senders.iter().all(|sender| sender.is_finished()) {
                most = most.max(resident_bytes());
                sleep(Duration::from_millis(5)).await;
            }
            let grown = most.saturating_sub(before);
            assert!(grown < 16 * MIB, "grew by {grown} bytes");
            edge.answers().await;
        });
    });
}

#[test]
fn the_door_opens_again_after_all_files_were_in_use() {
    in_a_process_of_its_own("the_door_opens_again_after_all_files_were_in_use", "ulimit -n 48;", || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            // A place for more connections than there are files: it is the system that says no.
            let edge = Edge::start(Limits::default()).await;
            let mut taken = Vec::new();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                taken.push(file);
            }
            // One for the client's end; there is none for ours.
            taken.pop();
            let mut waiting = edge.connect().await;
            waiting.write_all(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
            let unheard = timeout(SHORT, waiting.read_u8()).await;
            assert!(unheard.is_err(), "nobody can answer yet: {unheard:?}");
            drop(taken);
            assert!(read_to_end(&mut waiting).await.ends_with("GET /a [] 0 false"));
            edge.answers().await;
        });
    });
}

/// Runs a test again in a process of its own, where nothing else takes memory or files.
fn in_a_process_of_its_own(name: &str, shell: &str, test: impl FnOnce()) {
    if std::env::var_os("PATCHBAY_TEST_ALONE").is_some() {
        return test();
    }
    let this = std::env::current_exe().unwrap();
    let name = format!("edge_http_faults::{name}");
    let command = format!("{shell} exec \"$0\" --exact \"$1\" --nocapture");
    let run = Command::new("sh").args(["-c", &command]).arg(this).arg(&name).env("PATCHBAY_TEST_ALONE", "1").output();
    let run = run.unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
