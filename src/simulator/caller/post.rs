//! One signed request to the edge, sent the way Twilio sends it: connection overrides read from the address's fragment
//! and cut off, parameters in the body or the query, retries with one idempotency token.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use reqwest::{Method, Url, header, redirect};

use crate::model::Secret;
use crate::simulator::wire::{encode, fresh_uuid};

use super::sign::{sign, signed_form};

/// Twilio's cap on a request that a call waits for.
const TOTAL: Duration = Duration::from_secs(15);

/// Longest answer that is read; Twilio stops at 64 kB.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// The line a caller calls from: whose account, where the edge is, what it believes to be called.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where requests are sent.
    pub edge: Url,
    /// The address the edge is known by, which is what gets signed; the edge's own where there is no other.
    pub public: Option<Url>,
    /// The AccountSid.
    pub account: String,
    /// The token that signs.
    pub token: Secret,
}

/// What the edge answered.
pub(super) struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: Bytes,
}

/// Sends requests for one line.
#[derive(Clone, Debug)]
pub(super) struct Post {
    client: reqwest::Client,
    line: Line,
}

/// What the fragment of an address asks for.
#[derive(Debug, PartialEq, Eq)]
struct Overrides {
    retries: u32,
    on: Vec<String>,
    read: Duration,
}

/// Why no answer came.
enum Failed {
    Connect(String),
    Read,
}

/// A client as Twilio is one, for an address that may be near.
pub(in crate::simulator) fn client(to: &Url) -> reqwest::Result<reqwest::Client> {
    // Fails only if a provider is installed already, which is what we want.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = || {
        let builder = reqwest::Client::builder()
            .user_agent("TwilioProxy/1.1")
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5));
        if near(to) { builder.no_proxy() } else { builder }
    };
    // Without root certificates on this machine an edge on plain http can still be called.
    builder().build().or_else(|_| builder().tls_certs_only([]).build())
}

impl Post {
    pub fn new(line: Line) -> anyhow::Result<Post> {
        for base in [Some(&line.edge), line.public.as_ref()].into_iter().flatten() {
            anyhow::ensure!(base.has_host(), "`{base}` names no host");
        }
        let client = client(&line.edge).context("could not make a client to call the edge with")?;
        Ok(Post { client, line })
    }

    /// The address of a path of the edge, as it is signed.
    pub fn entrance(&self, path: &str) -> Url {
        let mut url = self.public().clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }

    /// Whether an address leads to the edge. Nothing else is ever called.
    pub fn is_edge(&self, url: &Url) -> bool {
        self.way(url).is_some()
    }

    pub fn account(&self) -> &str {
        &self.line.account
    }

    /// Sends a request and reads its answer, or says why there is none.
    pub async fn send(&self, url: &Url, method: &str, form: &[(String, String)]) -> Result<Answer, String> {
        let overrides = Overrides::of(url.fragment());
        let token = fresh_uuid();
        let answer = async {
            let mut tries = 0;
            loop {
                let result = self.once(url, method, form, &token, overrides.read).await;
                if tries == overrides.retries || !overrides.again(&result) {
                    return result;
                }
                tries += 1;
            }
        };
        match tokio::time::timeout(TOTAL, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Failed::Connect(cause))) => Err(format!("could not connect to {}: {cause}", self.line.edge)),
            Ok(Err(Failed::Read)) | Err(_) => Err("no whole answer came in time".to_owned()),
        }
    }

    async fn once(
        &self,
        url: &Url,
        method: &str,
        form: &[(String, String)],
        token: &str,
        read: Duration,
    ) -> Result<Answer, Failed> {
        let mut url = url.clone();
        let get = method.eq_ignore_ascii_case("GET");
        if get {
            let joined = [url.query().unwrap_or(""), &encode(form)].join("&");
            url.set_query(Some(joined.trim_matches('&')));
        }
        let signed = signed_form(&url);
        let signature = sign(self.line.token.reveal(), &signed, if get { &[] } else { form });
        let way = self.way(&url).ok_or_else(|| Failed::Connect("this is not the edge".to_owned()))?;
        let host = Url::parse(&signed).ok().as_ref().and_then(host_of).unwrap_or_default();
        let request = self
            .client
            .request(if get { Method::GET } else { Method::POST }, way)
            .header(header::HOST, host)
            .header("X-Twilio-Signature", signature)
            .header("I-Twilio-Idempotency-Token", token)
            .timeout(read);
        let request = if get {
            request
        } else {
            let form_type = "application/x-www-form-urlencoded; charset=UTF-8";
            request.header(header::CONTENT_TYPE, form_type).body(encode(form))
        };
        let failed = |error: reqwest::Error| match error.is_connect() {
            true => Failed::Connect(anyhow::Error::new(error).root_cause().to_string()),
            false => Failed::Read,
        };
        let mut response = request.send().await.map_err(failed)?;
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_BYTES_MAX {
                return Err(Failed::Read);
            }
        }
        Ok(Answer { status, content_type, body: body.into() })
    }

    fn public(&self) -> &Url {
        self.line.public.as_ref().unwrap_or(&self.line.edge)
    }

    /// Where a request to this address is really sent: the public base is replaced by the edge's.
    fn way(&self, url: &Url) -> Option<Url> {
        let mut way = if let Some(rest) = below(self.public(), url) {
            let mut way = self.line.edge.clone();
            let base = way.path().trim_end_matches('/').to_owned();
            way.set_path(&format!("{base}/{rest}"));
            way
        } else if below(&self.line.edge, url).is_some() {
            url.clone()
        } else {
            return None;
        };
        way.set_query(url.query());
        way.set_fragment(None);
        Some(way)
    }
}

/// The rest of an address's path below a base, if it lies below it.
fn below<'a>(base: &Url, url: &'a Url) -> Option<&'a str> {
    if base.origin() != url.origin() {
        return None;
    }
    let rest = url.path().strip_prefix(base.path().trim_end_matches('/'))?;
    rest.strip_prefix('/').or(rest.is_empty().then_some(""))
}

fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn near(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Overrides {
    fn of(fragment: Option<&str>) -> Overrides {
        let mut overrides = Overrides { retries: 1, on: vec!["ct".to_owned()], read: TOTAL };
        for pair in fragment.unwrap_or("").split('&') {
            match pair.split_once('=') {
                Some(("rc", count)) => overrides.retries = count.parse().unwrap_or(1).min(5),
                Some(("rp", on)) => overrides.on = on.split(',').map(str::to_owned).collect(),
                Some(("rt", ms)) => {
                    overrides.read = ms.parse().map_or(TOTAL, Duration::from_millis).min(TOTAL);
                }
                _ => {}
            }
        }
        overrides
    }

    fn again(&self, result: &Result<Answer, Failed>) -> bool {
        let met = match result {
            Err(Failed::Connect(_)) => "ct",
            Err(Failed::Read) => "rt",
            Ok(answer) if answer.status >= 500 => "5xx",
            Ok(answer) if answer.status >= 400 => "4xx",
            Ok(_) => return false,
        };
        self.on.iter().any(|on| on == met || on == "all")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(edge: &str, public: Option<&str>) -> Post {
        let line = Line {
            edge: Url::parse(edge).expect("a url"),
            public: public.map(|url| Url::parse(url).expect("a url")),
            account: "AC1".to_owned(),
            token: Secret::new("t"),
        };
        Post::new(line).expect("a post")
    }

    #[test]
    fn the_public_base_is_signed_and_the_edge_is_called() {
        let post = post("http://127.0.0.1:8080", Some("https://edge.example.com/phone/"));
        let url = post.entrance("/api/twilio/voice");
        assert_eq!(url.as_str(), "https://edge.example.com/phone/api/twilio/voice");
        assert_eq!(post.way(&url).expect("a way").as_str(), "http://127.0.0.1:8080/api/twilio/voice");
        let next = Url::parse("https://edge.example.com/phone/api/next?w=1#rc=1").expect("a url");
        assert_eq!(post.way(&next).expect("a way").as_str(), "http://127.0.0.1:8080/api/next?w=1");
    }

    #[test]
    fn nothing_but_the_edge_is_ever_called() {
        let post = post("http://127.0.0.1:8080", Some("https://edge.example.com/phone"));
        for foreign in [
            "https://api.vapi.ai/twilio/inbound_call",
            "https://edge.example.com/other",
            "https://edge.example.com/phoney/x",
            "https://edge.example.com:444/phone/x",
            "http://edge.example.com/phone/x",
        ] {
            assert!(!post.is_edge(&Url::parse(foreign).expect("a url")), "{foreign}");
        }
    }

    #[test]
    fn overrides_are_read_from_the_fragment() {
        let read = |ms| Duration::from_millis(ms);
        let plain = Overrides { retries: 1, on: vec!["ct".to_owned()], read: TOTAL };
        assert_eq!(Overrides::of(None), plain);
        let ours = Overrides::of(Some("rc=3&rp=5xx,ct,rt&rt=3000"));
        assert_eq!((ours.retries, ours.read), (3, read(3000)));
        assert!(ours.again(&Err(Failed::Read)) && !plain.again(&Err(Failed::Read)));
        assert_eq!(Overrides::of(Some("rc=99&rt=99999")).retries, 5);
        assert_eq!(Overrides::of(Some("rt=99999")).read, TOTAL);
    }
}
