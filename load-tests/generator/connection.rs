//! One keep-alive connection: a request out, its answer in, as little as HTTP/1.1 allows between them.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream as Blocking};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

/// Longest an answer may be: Twilio takes 64,000 bytes of TwiML, and heads are short.
const ANSWER_BYTES_MAX: usize = 128 * 1024;

/// Longest wait for a connection to be made; on one machine it takes microseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub struct Connection {
    socket: TcpStream,
    /// The request under way, and how much of it has been sent.
    pub out: Vec<u8>,
    sent: usize,
    inbox: Vec<u8>,
    filled: usize,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Where in the inbox the body is.
    pub body: (usize, usize),
    /// The server closes after it.
    pub closes: bool,
}

/// What came of listening.
#[derive(Debug)]
pub enum Heard {
    /// A whole answer.
    Answer(Answer),
    /// Not all of it yet.
    Waiting,
    /// The connection is over; why, where it was not simply closed.
    Over(Option<io::Error>),
}

impl Connection {
    pub fn open(target: SocketAddr, registry: &Registry, token: Token) -> io::Result<Connection> {
        let socket = Blocking::connect_timeout(&target, CONNECT_TIMEOUT)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        // Told of edges only: being writable costs a wake-up once, at the beginning.
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Connection { socket, out: Vec::with_capacity(2048), sent: 0, inbox: vec![0; 4096], filled: 0 })
    }

    /// Sends what stands in `out`.
    pub fn send(&mut self) -> io::Result<()> {
        self.sent = 0;
        self.filled = 0;
        self.go_on()
    }

    /// Sends what could not be sent before; mostly nothing.
    pub fn go_on(&mut self) -> io::Result<()> {
        while self.sent < self.out.len() {
            match self.socket.write(&self.out[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads until an answer is whole or nothing more is there.
    pub fn listen(&mut self) -> Heard {
        loop {
            match self.socket.read(&mut self.inbox[self.filled..]) {
                Ok(0) => return Heard::Over(None),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Heard::Waiting,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Heard::Over(Some(error)),
            }
            match read_answer(&self.inbox[..self.filled]) {
                // Whatever is not read now makes no new edge; but after a whole answer there is nothing.
                Ok(Some(answer)) => return Heard::Answer(answer),
                Ok(None) if self.filled == ANSWER_BYTES_MAX => return Heard::Over(Some(odd("it is too long"))),
                Ok(None) if self.filled == self.inbox.len() => {
                    self.inbox.resize((self.filled * 4).min(ANSWER_BYTES_MAX), 0);
                }
                Ok(None) => {}
                Err(error) => return Heard::Over(Some(error)),
            }
        }
    }

    pub fn body(&self, answer: Answer) -> &[u8] {
        &self.inbox[answer.body.0..answer.body.1]
    }
}

/// Reads an answer with a length, or one that has no body by its status. None if it is not whole yet.
pub fn read_answer(text: &[u8]) -> io::Result<Option<Answer>> {
    let Some(status_line) = text.get(..13) else { return Ok(None) };
    let digits = &status_line[9..12];
    if !status_line.starts_with(b"HTTP/1.1 ") || !digits.iter().all(u8::is_ascii_digit) {
        return Err(odd("it does not begin as HTTP/1.1 does"));
    }
    let status = digits.iter().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
    let (mut length, mut closes) = (None, false);
    let mut begin = 13;
    loop {
        let Some(end) = text[begin..].iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let line = text[begin..begin + end].trim_ascii_end();
        begin += end + 1;
        if line.is_empty() {
            break;
        }
        match line.first() {
            Some(b'c' | b'C') => {
                if let Some(value) = value_of(line, b"content-length:") {
                    length = std::str::from_utf8(value).ok().and_then(|digits| digits.parse::<usize>().ok());
                } else if let Some(value) = value_of(line, b"connection:") {
                    closes = value.eq_ignore_ascii_case(b"close");
                }
            }
            Some(b't' | b'T') if value_of(line, b"transfer-encoding:").is_some() => {
                return Err(odd("it comes in chunks, which this client does not read"));
            }
            _ => {}
        }
    }
    let bodyless = status == 204 || status == 304;
    let length = match length {
        Some(length) => length,
        None if bodyless => 0,
        None => return Err(odd("it says no Content-Length")),
    };
    let end = begin.saturating_add(length);
    Ok((text.len() >= end).then_some(Answer { status, body: (begin, end), closes }))
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (begin, value) = line.split_at_checked(name.len())?;
    begin.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

fn odd(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("could not read the answer: {what}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_when_they_are_whole() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\ncontent-length: 5\r\n\r\nhello";
        for end in 0..text.len() {
            assert_eq!(read_answer(&text[..end]).unwrap(), None, "{end} bytes");
        }
        let answer = read_answer(text).unwrap().unwrap();
        assert_eq!((answer.status, answer.closes), (200, false));
        assert_eq!(&text[answer.body.0..answer.body.1], b"hello");
    }

    #[test]
    fn no_content_has_no_body_and_closing_is_seen() {
        let answer = read_answer(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap().unwrap();
        assert_eq!((answer.status, answer.closes, answer.body.1 - answer.body.0), (204, true, 0));
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        for text in [
            &b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(read_answer(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }
}
