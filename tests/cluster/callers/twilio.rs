//! Twilio: signs a request, sends it, and asks again where the fragment of the URL says so.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use patchbay::edge::Form;
use patchbay::model::{Secret, SigningKey};

use crate::cluster::web;
use crate::servers::SERVED_BY;

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const TOKEN: &str = "an-invented-auth-token";

/// What Twilio lets a request take with all its tries.
const TOTAL: Duration = Duration::from_secs(15);

/// The URLs of a number, as patchbay writes them.
pub const VOICE: &str = "/api/twilio/voice#ct=2000&rt=4000&rc=1&rp=5xx,ct,rt";
pub const STATUS: &str = "/api/twilio/status#rc=3&rp=5xx,ct,rt&rt=3000";

/// Twilio, which knows the service by one address.
#[derive(Clone)]
pub struct Twilio {
    web: reqwest::Client,
    balancer: SocketAddr,
    key: SigningKey,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// Which edge gave it, as the balancer says.
    pub served_by: Option<String>,
    /// From the first try.
    pub took: Duration,
    pub at: Instant,
    /// Tries before this one.
    pub retries: u32,
}

/// What the fragment of a URL asks for.
#[derive(Debug, PartialEq, Eq)]
struct Overrides {
    retries: u32,
    on: Vec<String>,
    read: Duration,
}

impl Twilio {
    pub fn calling(balancer: SocketAddr) -> Twilio {
        Twilio { web: web(), balancer, key: SigningKey::new(&Secret::new(TOKEN)) }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.balancer)
    }

    /// Asks through the balancer, with all the tries the URL allows.
    pub async fn ask(&self, url: &str, fields: &[(&str, &str)]) -> Result<Answer, String> {
        let (signed, fragment) = url.split_once('#').unwrap_or((url, ""));
        let overrides = Overrides::of(fragment);
        let began = Instant::now();
        let mut retries = 0;
        loop {
            let read = overrides.read.min(TOTAL.saturating_sub(began.elapsed()));
            let tried = self.once(signed, signed, fields, read).await;
            if retries == overrides.retries || !overrides.again(&tried) || began.elapsed() >= TOTAL {
                let answer = tried.map_err(|(_, error)| error)?;
                return Ok(Answer { took: began.elapsed(), retries, ..answer });
            }
            retries += 1;
        }
    }

    /// Asks one edge, past the balancer, once.
    pub async fn ask_at(&self, edge: SocketAddr, path: &str, fields: &[(&str, &str)]) -> Result<Answer, String> {
        let path = path.split('#').next().unwrap_or_default();
        let (signed, sent) = (self.url(path), format!("http://{edge}{path}"));
        self.once(&signed, &sent, fields, TOTAL).await.map_err(|(_, error)| error)
    }

    /// One try. What failed comes with the word the fragment has for it.
    async fn once(
        &self,
        signed: &str,
        sent: &str,
        fields: &[(&str, &str)],
        read: Duration,
    ) -> Result<Answer, (&'static str, String)> {
        let body = encoded(fields);
        let form = Form::parse(body.as_bytes()).expect("a form");
        let signature = patchbay::edge::sign(signed, Some(&form), &self.key);
        let request = self.web.post(sent).header("X-Twilio-Signature", signature).timeout(read);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8").body(body);
        let began = Instant::now();
        let failed = |error: reqwest::Error| {
            let word = if error.is_connect() { "ct" } else { "rt" };
            (word, format!("{:#}", anyhow::Error::new(error)))
        };
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let served_by = answer.headers().get(SERVED_BY).and_then(|name| name.to_str().ok()).map(str::to_owned);
        let body = answer.text().await.map_err(failed)?;
        let at = Instant::now();
        Ok(Answer { status, body, served_by, took: at - began, at, retries: 0 })
    }
}

impl Overrides {
    fn of(fragment: &str) -> Overrides {
        let mut overrides = Overrides { retries: 1, on: vec!["ct".to_owned()], read: TOTAL };
        for pair in fragment.split('&') {
            match pair.split_once('=') {
                Some(("rc", count)) => overrides.retries = count.parse().expect("a count"),
                Some(("rp", on)) => overrides.on = on.split(',').map(str::to_owned).collect(),
                Some(("rt", ms)) => overrides.read = Duration::from_millis(ms.parse().expect("milliseconds")),
                _ => {}
            }
        }
        overrides
    }

    fn again(&self, tried: &Result<Answer, (&'static str, String)>) -> bool {
        let met = match tried {
            Err((word, _)) => word,
            Ok(answer) if answer.status >= 500 => "5xx",
            Ok(_) => return false,
        };
        self.on.iter().any(|on| on == met)
    }
}

/// A SID no other call of this process has, nor one of another run.
pub fn call_sid() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("CA{:08x}{:024x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The value of an attribute in an answer, with the escapes of XML undone.
pub fn attribute(twiml: &str, name: &str) -> Option<String> {
    let start = twiml.find(&format!(" {name}=\""))? + name.len() + 3;
    let end = start + twiml[start..].find('"')?;
    Some(twiml[start..end].replace("&amp;", "&"))
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let account = [("AccountSid", ACCOUNT), ("ApiVersion", "2010-04-01")];
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let encode = |text: &str| -> String { text.bytes().map(letter).collect() };
    let pairs = account.iter().chain(fields).map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_made_again_only_for_what_its_url_names() {
        let answer = |status| {
            let at = Instant::now();
            Ok(Answer { status, body: String::new(), served_by: None, took: Duration::ZERO, at, retries: 0 })
        };
        for (url, tried, again) in [
            (VOICE, answer(200), false),
            (VOICE, answer(502), true),
            (VOICE, answer(403), false),
            (VOICE, Err(("rt", String::new())), true),
            ("/x", Err(("ct", String::new())), true),
            ("/x", Err(("rt", String::new())), false),
            ("/x", answer(503), false),
        ] {
            let fragment = url.split_once('#').map_or("", |(_, fragment)| fragment);
            assert_eq!(Overrides::of(fragment).again(&tried), again, "{url} {tried:?}");
        }
        let overrides = Overrides::of(STATUS.split_once('#').expect("a fragment").1);
        assert_eq!((overrides.retries, overrides.read), (3, Duration::from_secs(3)));
    }
}
