//! Before anything is measured: does the server do the work at all?

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::calls::Call;
use super::connection::read_answer;
use super::webhook::Webhook;

/// Longest a first answer is waited for: a store may be cold.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks for one call, for the same with another letter in its form, and ends the call.
pub fn check(target: SocketAddr, voice: &Webhook, status: &Webhook, call: &Call, to: &str) -> Result<()> {
    let (mut request, mut scratch) = (Vec::new(), Vec::new());
    voice.write(call, to, 0, 0, &mut request, &mut scratch);
    let (code, body) = ask(target, &request)?;
    ensure!(
        (200..300).contains(&code) && body.contains("<Response"),
        "a signed call was answered {code}, not with TwiML: do public URL, account and token agree with the server's?\n{body}"
    );

    let city = request.windows(7).position(|letters| letters == b"TORONTO").context("a city in the form")?;
    request[city] = b'P';
    let (code, body) = ask(target, &request)?;
    ensure!(code == 403, "a form that was altered after it had been signed was answered {code}, not 403\n{body}");

    status.write(call, to, 0, 0, &mut request, &mut scratch);
    let (code, body) = ask(target, &request)?;
    ensure!((200..300).contains(&code), "the end of a call was answered {code}\n{body}");
    Ok(())
}

/// One request on a connection of its own.
pub fn ask(target: SocketAddr, request: &[u8]) -> Result<(u16, String)> {
    let mut socket = connect(target)?;
    ask_on(&mut socket, request)
}

pub fn connect(target: SocketAddr) -> Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&target, TIMEOUT);
    let socket = socket.with_context(|| format!("could not reach {target}: is the server running?"))?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    Ok(socket)
}

/// One request on a connection that is there.
pub fn ask_on(socket: &mut TcpStream, request: &[u8]) -> Result<(u16, String)> {
    socket.write_all(request).context("could not send a request")?;
    let (mut text, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(answer) = read_answer(&text)? {
            let body = String::from_utf8_lossy(&text[answer.body.0..answer.body.1]).into_owned();
            return Ok((answer.status, body));
        }
        match socket.read(&mut piece) {
            Ok(0) => bail!("the server closed the connection in place of an answer"),
            Ok(count) => text.extend_from_slice(&piece[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                bail!("no answer within {} seconds", TIMEOUT.as_secs())
            }
            Err(error) => return Err(error).context("could not read an answer"),
        }
    }
}
