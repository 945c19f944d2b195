//! The listener at work: keep-alive, pipelining, panics, crowds, and leaving in order.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use patchbay::edge::{Drained, Limits, Refusal};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::edge_http_support::{Edge, read_answer, read_to_end, until};

const GET: &str = "GET /a?b=%20c HTTP/1.1\r\nHost: x\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn an_answer_carries_its_length_and_its_type_and_the_connection_stays() {
    let edge = Edge::start(Limits::default()).await;
    let mut socket = edge.connect().await;
    for _ in 0..3 {
        socket.write_all(GET.as_bytes()).await.unwrap();
        let answer = read_answer(&mut socket).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("\r\ncontent-type: application/json\r\n"), "{answer}");
        assert!(answer.contains("\r\ncontent-length: 23\r\n"), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
        assert!(answer.ends_with("GET /a [b=%20c] 0 false"), "{answer}");
    }
}

#[tokio::test]
async fn the_path_and_the_query_arrive_byte_for_byte() {
    let edge = Edge::start(Limits::default()).await;
    for (target, path, query) in [
        ("//a//%2F%2e./b;c", "//a//%2F%2e./b;c", ""),
        ("/España?año=%c3%B1", "/España", "año=%c3%B1"),
        ("/a?b?c=d&&=&%zz", "/a", "b?c=d&&=&%zz"),
        ("http://elsewhere.example/a?b", "/a", "b"),
    ] {
        let answer = edge.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.ends_with(&format!("\r\n\r\nGET {path} [{query}] 0 false")), "{target}: {answer}");
    }
    let answer =
        edge.send("GET http://elsewhere.example:81/host HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\nelsewhere.example:81"), "{answer}");
}

#[tokio::test]
async fn head_gets_the_length_without_the_body_and_204_neither() {
    let edge = Edge::start(Limits::default()).await;
    let answer = edge.send("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.contains("content-length: 18\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = edge.send("GET /empty HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 204") && !answer.contains("content-length"), "{answer}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_one_by_one_in_order() {
    let edge = Edge::start(Limits::default()).await;
    let mut socket = edge.connect().await;
    let requests = (0..100)
        .map(|n| format!("POST /{n} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}", n % 7, "x".repeat(n % 7)));
    socket.write_all(requests.collect::<String>().as_bytes()).await.unwrap();
    for n in 0..100 {
        let answer = read_answer(&mut socket).await;
        assert!(answer.ends_with(&format!("\r\n\r\nPOST /{n} [] {} false", n % 7)), "{n}: {answer}");
    }
}

#[tokio::test]
async fn a_chunked_body_is_read_and_a_continue_is_given_when_asked_for() {
    let edge = Edge::start(Limits::default()).await;
    let chunked = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
    assert!(edge.send(chunked).await.ends_with("POST /a [] 5 false"));

    let mut socket = edge.connect().await;
    socket
        .write_all(b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read_answer(&mut socket).await, "HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(b"abcd").await.unwrap();
    assert!(read_answer(&mut socket).await.ends_with("POST /a [] 4 false"));
}

#[tokio::test]
async fn a_panic_answers_in_the_handlers_stead_and_the_connection_goes_on() {
    let edge = Edge::start(Limits::default()).await;
    let mut socket = edge.connect().await;
    for path in ["/panic", "/panic/later", "/panic"] {
        socket
            .write_all(format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx").as_bytes())
            .await
            .unwrap();
        let answer = read_answer(&mut socket).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("content-type: application/xml; charset=utf-8\r\n"), "{answer}");
        assert!(answer.ends_with(&format!("<Response><!-- {path} --></Response>")), "{answer}");
    }
    socket.write_all(GET.as_bytes()).await.unwrap();
    assert!(read_answer(&mut socket).await.ends_with("GET /a [b=%20c] 0 false"));
}

#[tokio::test]
async fn a_peer_that_has_ended_its_side_still_hears_the_answer() {
    let edge = Edge::start(Limits::default()).await;
    let mut socket = edge.connect().await;
    socket.write_all(WAIT.as_bytes()).await.unwrap();
    socket.shutdown().await.unwrap();
    edge.holds(1).await;
    edge.handler.release.add_permits(1);
    assert!(read_to_end(&mut socket).await.ends_with("<Response/>"));
}

#[tokio::test]
async fn silent_connections_make_room_for_new_ones_and_those_at_work_do_not() {
    let edge = Edge::start(Limits { connections_max: 3, ..Limits::default() }).await;
    let mut working = edge.connect().await;
    working.write_all(WAIT.as_bytes()).await.unwrap();
    edge.holds(1).await;
    let mut silent = [edge.connect().await, edge.connect().await];

    for _ in 0..5 {
        edge.answers().await;
    }
    for socket in &mut silent {
        assert_eq!(read_to_end(socket).await, "");
    }
    assert_eq!(edge.refused(), []);
    edge.handler.release.add_permits(1);
    assert!(read_answer(&mut working).await.ends_with("<Response/>"));
}

#[tokio::test]
async fn a_newcomer_is_closed_at_once_when_all_places_are_at_work() {
    let edge = Edge::start(Limits { connections_max: 2, ..Limits::default() }).await;
    let mut working = [edge.connect().await, edge.connect().await];
    for socket in &mut working {
        socket.write_all(WAIT.as_bytes()).await.unwrap();
    }
    edge.holds(2).await;
    assert_eq!(edge.send(GET).await, "");
    assert_eq!(edge.refused(), [Refusal::Crowded]);
    edge.handler.release.add_permits(2);
    for socket in &mut working {
        assert!(read_answer(socket).await.ends_with("<Response/>"));
    }
    // They are silent now, and so make room.
    edge.answers().await;
}

#[tokio::test]
async fn draining_finishes_what_has_begun_and_then_says_close() {
    let edge = Edge::start(Limits::default()).await;
    let mut working = edge.connect().await;
    working.write_all(WAIT.as_bytes()).await.unwrap();
    let mut half_sent = edge.connect().await;
    half_sent.write_all(b"POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab").await.unwrap();
    let mut idle = edge.connect().await;
    idle.write_all(GET.as_bytes()).await.unwrap();
    read_answer(&mut idle).await;
    edge.holds(1).await;

    edge.shutdown.cancel();
    until_refused(&edge).await;
    // A request that was on its way on an idle connection is still answered.
    idle.write_all(GET.as_bytes()).await.unwrap();
    let answer = read_to_end(&mut idle).await;
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("GET /a [b=%20c] 0 false"), "{answer}");
    half_sent.write_all(b"cd").await.unwrap();
    let answer = read_to_end(&mut half_sent).await;
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("POST /late [] 4 false"), "{answer}");
    edge.handler.release.add_permits(1);
    let answer = read_to_end(&mut working).await;
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("<Response/>"), "{answer}");
    assert_eq!(edge.stop().await, Drained { cut_off: 0 });
}

#[tokio::test]
async fn draining_closes_silent_connections_after_their_grace() {
    let limits = Limits { drain_idle_time: Duration::from_millis(100), ..Limits::default() };
    let edge = Edge::start(limits).await;
    let mut fresh = edge.connect().await;
    let mut idle = edge.connect().await;
    idle.write_all(GET.as_bytes()).await.unwrap();
    read_answer(&mut idle).await;
    let began = Instant::now();
    edge.shutdown.cancel();
    assert_eq!(read_to_end(&mut fresh).await, "");
    assert_eq!(read_to_end(&mut idle).await, "");
    assert!(began.elapsed() >= Duration::from_millis(100));
    assert_eq!(edge.stop().await, Drained { cut_off: 0 });
}

#[tokio::test]
async fn draining_cuts_off_what_does_not_end_in_time() {
    let edge = Edge::start(Limits { drain_time: Duration::from_millis(200), ..Limits::default() }).await;
    let mut working = edge.connect().await;
    working.write_all(WAIT.as_bytes()).await.unwrap();
    edge.holds(1).await;
    assert_eq!(edge.stop().await, Drained { cut_off: 1 });
    assert_eq!(read_to_end(&mut working).await, "");
}

#[tokio::test]
async fn a_connection_made_before_the_door_closed_is_still_served() {
    for _ in 0..20 {
        let edge = Edge::start(Limits::default()).await;
        // Without an await in between the edge has not taken it in when it hears that it must stop.
        let waiting = std::net::TcpStream::connect(edge.address).unwrap();
        edge.shutdown.cancel();
        waiting.set_nonblocking(true).unwrap();
        let mut socket = TcpStream::from_std(waiting).unwrap();
        socket.write_all(GET.as_bytes()).await.unwrap();
        let answer = read_to_end(&mut socket).await;
        assert!(answer.ends_with("GET /a [b=%20c] 0 false"), "{answer}");
        assert_eq!(edge.stop().await, Drained { cut_off: 0 });
    }
}

/// Under load from busy clients, stopping loses no answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_under_load_fails_no_request_on_an_open_connection() {
    let edge = Edge::start(Limits::default()).await;
    let clients = (0..16).map(|_| {
        let address = edge.address;
        tokio::spawn(async move {
            let Ok(mut socket) = TcpStream::connect(address).await else { return 0 };
            let mut answers = 0;
            loop {
                socket.write_all(GET.as_bytes()).await.expect("an invited request can be sent");
                let answer = read_answer(&mut socket).await;
                assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
                answers += 1;
                if answer.contains("connection: close") {
                    return answers;
                }
            }
        })
    });
    let clients = clients.collect::<Vec<_>>();
    until(|| edge.answered() > 500).await;
    let handler = std::sync::Arc::clone(&edge.handler);
    assert_eq!(edge.stop().await, Drained { cut_off: 0 });
    let mut heard = 0;
    for client in clients {
        heard += client.await.unwrap();
    }
    assert_eq!(heard, handler.answered.load(std::sync::atomic::Ordering::SeqCst));
}

async fn until_refused(edge: &Edge) {
    let address = edge.address;
    let refused = || std::net::TcpStream::connect(address).is_err();
    until(refused).await;
}
