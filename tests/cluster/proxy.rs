//! A TCP proxy for one link, and what can go wrong on it: late, silent, refused, cut, one way only, deaf to notices.
//!
//! It knows nothing of what is said, save that who has sent `LISTEN` waits for notices.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;
/// Pieces that may be on their way on a slow link; then the sender waits, as on any.
const ON_THE_WAY_MAX: usize = 1024;

/// How the link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Pass,
    /// Each piece arrives so much later, in both directions.
    Delay(Duration),
    /// Connections are accepted, what is said on them is swallowed.
    BlackHole,
    /// What is said in this direction is swallowed.
    Deaf(Direction),
    /// Nobody listens, and connections are cut.
    Refuse,
    /// Each connection is cut when so many bytes have come from the server while the link is like this.
    CutAfter(u64),
    /// What the server says to whoever has sent `LISTEN` is swallowed; all other connections are well, and that one
    /// looks as if it were.
    NoNotices,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// A proxy that runs until it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    link: watch::Sender<Link>,
    cuts: watch::Sender<u64>,
    swallowed: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(server: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (link, cuts) = (watch::Sender::new(Link::Pass), watch::Sender::new(0));
        let swallowed = Arc::<AtomicU64>::default();
        let way = Way { link: link.subscribe(), cuts: cuts.subscribe(), swallowed: Arc::clone(&swallowed) };
        let task = tokio::spawn(accept(listener, address, server, way));
        Proxy { address, link, cuts, swallowed, task }
    }

    /// From now on the link is like this. Connections that have lost bytes are cut when they would get some again: a
    /// network would have sent them once more.
    pub fn set(&self, link: Link) {
        self.link.send_replace(link);
        if link == Link::Refuse {
            self.cut();
        }
    }

    /// How many bytes were swallowed so far.
    pub fn swallowed(&self) -> u64 {
        self.swallowed.load(Ordering::Relaxed)
    }

    /// Cuts every connection there is.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What every connection is told, and tells.
#[derive(Clone)]
struct Way {
    link: watch::Receiver<Link>,
    cuts: watch::Receiver<u64>,
    swallowed: Arc<AtomicU64>,
}

async fn accept(mut listener: TcpListener, address: SocketAddr, server: SocketAddr, way: Way) {
    let mut link = way.link.clone();
    loop {
        tokio::select! {
            changed = link.changed() => {
                if changed.is_err() {
                    return;
                }
                if *link.borrow_and_update() == Link::Refuse {
                    drop(listener);
                    if link.wait_for(|link| *link != Link::Refuse).await.is_err() {
                        return;
                    }
                    listener = bound(address).await;
                }
            }
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                tokio::spawn(carry(client, server, way.clone()));
            }
        }
    }
}

/// The same address again; others may have connections from it for a moment.
async fn bound(address: SocketAddr) -> TcpListener {
    loop {
        if let Ok(listener) = TcpListener::bind(address).await {
            return listener;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What both directions of a connection know of each other.
#[derive(Default)]
struct Shared {
    /// The client has sent `LISTEN`.
    listens: AtomicBool,
    /// Something was swallowed that belongs to what follows.
    has_lost: AtomicBool,
    /// Bytes that came from the server while they were counted.
    came: AtomicU64,
}

async fn carry(client: TcpStream, server: SocketAddr, mut way: Way) {
    // Cuts of before it came are nothing to it.
    way.cuts.mark_unchanged();
    let Ok(server) = TcpStream::connect(server).await else {
        reset(&client);
        return;
    };
    for stream in [&client, &server] {
        // Small pieces go at once, or the proxy itself would be the slow link.
        let _ = stream.set_nodelay(true);
    }
    let shared = Arc::new(Shared::default());
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let up = Flow { direction: Direction::ToServer, way: way.clone(), shared: Arc::clone(&shared) };
    let down = Flow { direction: Direction::ToClient, way, shared };
    let (up, down) = (up.carry(from_client, to_server), down.carry(from_server, to_client));
    let (mut up, mut down) = (std::pin::pin!(up), std::pin::pin!(down));
    // One direction may close in order and the other go on; a cut ends both.
    tokio::select! {
        ended = &mut up => if ended == Ended::Closed { down.await; },
        ended = &mut down => if ended == Ended::Closed { up.await; },
    }
}

/// Makes that a connection is reset when it is dropped, rather than closed in order.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// How a direction came to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Closed,
    Cut,
}

/// One direction of a connection.
struct Flow {
    direction: Direction,
    way: Way,
    shared: Arc<Shared>,
}

impl Flow {
    async fn carry(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Ended {
        let mut cuts = self.way.cuts.clone();
        let ended = {
            let (send, receive) = mpsc::channel(ON_THE_WAY_MAX);
            let (read, write) = (std::pin::pin!(self.read(&mut from, send)), std::pin::pin!(write(&mut to, receive)));
            let mut write = write;
            tokio::select! {
                // What was said before an orderly end still arrives.
                ended = read => match ended {
                    Ended::Closed => write.await,
                    Ended::Cut => Ended::Cut,
                },
                ended = &mut write => ended,
                _ = cuts.changed() => Ended::Cut,
            }
        };
        if ended == Ended::Cut {
            reset(from.as_ref());
            reset(to.as_ref());
        }
        ended
    }

    async fn read(&mut self, from: &mut OwnedReadHalf, send: mpsc::Sender<(Instant, Vec<u8>)>) -> Ended {
        let mut ears = Ears::default();
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = tokio::select! {
                changed = self.way.link.changed() => {
                    if changed.is_err() || self.is_beyond_repair() {
                        return Ended::Cut;
                    }
                    continue;
                }
                read = from.read(&mut buffer) => read,
            };
            let length = match read {
                Ok(0) => return Ended::Closed,
                Ok(length) => length,
                Err(_) => return Ended::Cut,
            };
            let piece = &buffer[..length];
            if self.direction == Direction::ToServer && ears.hear(piece) {
                self.shared.listens.store(true, Ordering::Relaxed);
            }
            match self.fate(length as u64) {
                Fate::Swallowed => {
                    self.way.swallowed.fetch_add(length as u64, Ordering::Relaxed);
                }
                Fate::Cut => return Ended::Cut,
                Fate::Arrives(late) => {
                    if send.send((Instant::now() + late, piece.to_vec())).await.is_err() {
                        return Ended::Cut;
                    }
                }
            }
        }
    }

    /// The link has changed: what was lost does not come back, so nothing may follow it.
    fn is_beyond_repair(&mut self) -> bool {
        let swallows = matches!(*self.way.link.borrow_and_update(), Link::BlackHole | Link::Deaf(_));
        !swallows && self.shared.has_lost.load(Ordering::Relaxed)
    }

    /// What becomes of the next bytes.
    fn fate(&self, bytes: u64) -> Fate {
        let to_client = self.direction == Direction::ToClient;
        match *self.way.link.borrow() {
            Link::Delay(late) => Fate::Arrives(late),
            Link::BlackHole => self.lost(),
            Link::Deaf(deaf) if deaf == self.direction => self.lost(),
            // A notice is whole in what is swallowed, so what follows it makes sense.
            Link::NoNotices if to_client && self.shared.listens.load(Ordering::Relaxed) => Fate::Swallowed,
            Link::CutAfter(limit) if to_client => {
                let came = self.shared.came.fetch_add(bytes, Ordering::Relaxed) + bytes;
                if came >= limit { Fate::Cut } else { Fate::Arrives(Duration::ZERO) }
            }
            _ => Fate::Arrives(Duration::ZERO),
        }
    }

    fn lost(&self) -> Fate {
        self.shared.has_lost.store(true, Ordering::Relaxed);
        Fate::Swallowed
    }
}

enum Fate {
    /// So much later.
    Arrives(Duration),
    Swallowed,
    Cut,
}

/// Says each piece when it is due, and closes when there is no more.
async fn write(to: &mut OwnedWriteHalf, mut receive: mpsc::Receiver<(Instant, Vec<u8>)>) -> Ended {
    while let Some((due, piece)) = receive.recv().await {
        tokio::time::sleep_until(due).await;
        if to.write_all(&piece).await.is_err() {
            return Ended::Cut;
        }
    }
    let _ = to.shutdown().await;
    Ended::Closed
}

/// Finds a word in what comes in pieces.
#[derive(Default)]
struct Ears {
    last: Vec<u8>,
}

impl Ears {
    /// As programs write it; in what people say it is seldom all in capitals.
    const WORD: &'static [u8] = b"LISTEN ";

    /// True where the word ends in this piece.
    fn hear(&mut self, piece: &[u8]) -> bool {
        self.last.extend_from_slice(piece);
        let heard = self.last.windows(Self::WORD.len()).any(|seen| seen == Self::WORD);
        let keep = self.last.len().min(Self::WORD.len() - 1);
        self.last.drain(..self.last.len() - keep);
        heard
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(300);

    /// A server that says what it hears, behind a proxy.
    async fn echo() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        Proxy::start(address).await
    }

    async fn connected(proxy: &Proxy) -> TcpStream {
        TcpStream::connect(proxy.address).await.expect("a connection")
    }

    /// What comes back of a word: itself, nothing in time, or an end.
    async fn said(stream: &mut TcpStream, word: &str) -> Option<String> {
        if stream.write_all(word.as_bytes()).await.is_err() {
            return Some("ended".to_owned());
        }
        let mut heard = [0; 64];
        match timeout(SOON, stream.read(&mut heard)).await {
            Err(_) => None,
            Ok(Ok(0) | Err(_)) => Some("ended".to_owned()),
            Ok(Ok(length)) => Some(String::from_utf8_lossy(&heard[..length]).into_owned()),
        }
    }

    #[tokio::test]
    async fn a_link_that_passes_passes_and_ends_in_order() {
        let proxy = echo().await;
        let mut stream = connected(&proxy).await;
        assert_eq!(said(&mut stream, "one").await.as_deref(), Some("one"));
        stream.write_all(b"two").await.expect("sent");
        stream.shutdown().await.expect("closed");
        let mut rest = String::new();
        timeout(SOON, stream.read_to_string(&mut rest)).await.expect("in time").expect("an end in order");
        assert_eq!(rest, "two");
    }

    #[tokio::test]
    async fn a_slow_link_delays_each_direction_and_does_not_add_up() {
        let proxy = echo().await;
        let mut stream = connected(&proxy).await;
        proxy.set(Link::Delay(Duration::from_millis(50)));
        let began = Instant::now();
        for piece in ["a", "b", "c", "d"] {
            stream.write_all(piece.as_bytes()).await.expect("sent");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await.expect("all of it");
        let took = began.elapsed();
        assert_eq!(&heard, b"abcd");
        assert!(took >= Duration::from_millis(100) && took < Duration::from_millis(300), "{took:?}");
    }

    #[tokio::test]
    async fn what_lost_bytes_is_cut_when_the_link_is_well_again_and_the_rest_goes_on() {
        let proxy = echo().await;
        let (mut spoke, mut silent) = (connected(&proxy).await, connected(&proxy).await);
        assert_eq!(said(&mut silent, "one").await.as_deref(), Some("one"));
        for swallowing in [Link::BlackHole, Link::Deaf(Direction::ToServer), Link::Deaf(Direction::ToClient)] {
            proxy.set(swallowing);
            assert_eq!(said(&mut spoke, "lost").await, None, "{swallowing:?}");
            proxy.set(Link::Pass);
            assert_eq!(said(&mut spoke, "after").await.as_deref(), Some("ended"), "{swallowing:?}");
            assert_eq!(said(&mut silent, "two").await.as_deref(), Some("two"), "{swallowing:?}");
            spoke = connected(&proxy).await;
        }
    }

    #[tokio::test]
    async fn a_link_that_refuses_lets_nobody_in_until_it_is_well_again() {
        let proxy = echo().await;
        let mut stream = connected(&proxy).await;
        assert_eq!(said(&mut stream, "one").await.as_deref(), Some("one"));
        proxy.set(Link::Refuse);
        assert_eq!(said(&mut stream, "two").await.as_deref(), Some("ended"));
        let deadline = Instant::now() + SOON;
        while TcpStream::connect(proxy.address).await.is_ok() {
            assert!(Instant::now() < deadline, "still somebody listens");
        }
        proxy.set(Link::Pass);
        let deadline = Instant::now() + SOON;
        let mut stream = loop {
            match TcpStream::connect(proxy.address).await {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
        };
        assert_eq!(said(&mut stream, "three").await.as_deref(), Some("three"));
    }

    #[tokio::test]
    async fn a_cut_ends_what_is_there_and_not_what_comes() {
        let proxy = echo().await;
        let mut stream = connected(&proxy).await;
        assert_eq!(said(&mut stream, "one").await.as_deref(), Some("one"));
        proxy.cut();
        assert_eq!(said(&mut stream, "two").await.as_deref(), Some("ended"));
        assert_eq!(said(&mut connected(&proxy).await, "three").await.as_deref(), Some("three"));
    }

    #[tokio::test]
    async fn a_connection_is_cut_after_so_many_bytes() {
        let proxy = echo().await;
        proxy.set(Link::CutAfter(6));
        let mut stream = connected(&proxy).await;
        assert_eq!(said(&mut stream, "12345").await.as_deref(), Some("12345"));
        assert_eq!(said(&mut stream, "6").await.as_deref(), Some("ended"));
    }

    #[tokio::test]
    async fn without_notices_only_who_listens_hears_nothing_and_his_connection_stays() {
        let proxy = echo().await;
        let (mut listens, mut asks) = (connected(&proxy).await, connected(&proxy).await);
        // In two pieces, as a network may bring it.
        assert_eq!(said(&mut listens, "Q LISTEN").await.as_deref(), Some("Q LISTEN"));
        assert_eq!(said(&mut listens, " changes").await.as_deref(), Some(" changes"));
        proxy.set(Link::NoNotices);
        assert_eq!(said(&mut listens, "a change").await, None);
        assert_eq!(proxy.swallowed(), "a change".len() as u64);
        assert_eq!(said(&mut asks, "a question").await.as_deref(), Some("a question"));
        proxy.set(Link::Pass);
        assert_eq!(said(&mut listens, "another").await.as_deref(), Some("another"));
    }
}
