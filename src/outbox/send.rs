//! One attempt: a signed POST to where it may go, and what came of it. What follows is the worker's to say.
//!
//! No redirect is followed and no proxy of the environment is used: either could lead where the check did not look.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, redirect};

use super::addresses::Networks;
use super::backoff::retry_after;
use super::destination::Destination;
use super::resolver::{LeadsHome, Lookup, Resolver};
use super::sign::signatures;
use crate::store::Outgoing;

/// Longest an attempt may take, all in all.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Longest a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Idle connections are kept for the next event of a busy receiver, and not for long: there may be many receivers.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// How much of an answer is read, so that its connection can be used again. What it says does not matter.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Sends. Cheap to clone; all clones share one pool of connections.
#[derive(Clone, Debug)]
pub struct Sender {
    networks: Arc<Networks>,
    encrypted: Client,
    in_the_clear: Client,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Delivered(u16),
    /// The receiver answered something else.
    Refused {
        /// The status.
        status: u16,
        /// How long it asks to be left alone.
        retry_after: Option<SignedDuration>,
    },
    /// No answer came in time.
    TimedOut,
    /// No connection, or it broke.
    Unreachable(&'static str),
    /// It would have gone where it may not.
    Private,
    /// The endpoint's secret does not open: nothing unsigned is sent.
    Unsigned,
}

impl Outcome {
    /// The word for the metric label.
    pub fn as_str(&self) -> &'static str {
        match self {
            Outcome::Delivered(_) => "delivered",
            Outcome::Refused { .. } => "refused",
            Outcome::TimedOut => "timeout",
            Outcome::Unreachable(_) => "unreachable",
            Outcome::Private => "private_address",
            Outcome::Unsigned => "unsigned",
        }
    }

    /// What went wrong, for the endpoint's owner. Tells nothing of the networks around us.
    pub fn error(&self) -> Option<String> {
        match self {
            Outcome::Delivered(_) => None,
            Outcome::Refused { status, .. } if (300..400).contains(status) => {
                Some(format!("the receiver answered {status}; redirects are not followed"))
            }
            Outcome::Refused { status, .. } => Some(format!("the receiver answered {status}")),
            Outcome::TimedOut => Some(format!("no answer within {} s", DEADLINE.as_secs())),
            Outcome::Unreachable(what) => Some((*what).to_owned()),
            Outcome::Private => Some("the URL leads to no public address".to_owned()),
            Outcome::Unsigned => Some("the secret cannot be read: rotate it".to_owned()),
        }
    }

    /// What the receiver answered, if it did.
    pub fn status(&self) -> Option<u16> {
        match self {
            Outcome::Delivered(status) | Outcome::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl Sender {
    /// A sender that reaches the public internet and these networks.
    pub fn new(networks: Networks, lookup: Lookup) -> anyhow::Result<Sender> {
        // Fails only if a provider is installed already, which is what we want.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let networks = Arc::new(networks);
        let resolver = |encrypted| Resolver { lookup: Arc::clone(&lookup), networks: Arc::clone(&networks), encrypted };
        let encrypted = || builder(resolver(true)).https_only(true);
        Ok(Sender {
            // A machine without root certificates has been told so by the client for providers.
            encrypted: encrypted().build().or_else(|_| encrypted().tls_certs_only([]).build())?,
            in_the_clear: builder(resolver(false)).tls_certs_only([]).build()?,
            networks,
        })
    }

    /// Sends a delivery, signed now.
    pub async fn send(&self, outgoing: &Outgoing, now: Timestamp) -> Outcome {
        if outgoing.secrets.is_empty() {
            return Outcome::Unsigned;
        }
        // Once more, although it was checked when it was kept: what is permitted may have changed, and an address
        // written in the URL itself is never asked of the resolver.
        let Ok(destination) = Destination::parse(&outgoing.url, &self.networks) else { return Outcome::Private };
        let client = if destination.encrypted { &self.encrypted } else { &self.in_the_clear };
        let request = client
            .post(destination.url)
            .timeout(DEADLINE)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", outgoing.id.as_str())
            .header("webhook-timestamp", now.as_second())
            .header("webhook-signature", signatures(&outgoing.secrets, &outgoing.id, now, &outgoing.payload))
            .body(outgoing.payload.clone());
        match request.send().await {
            Ok(answer) => outcome(answer, now).await,
            Err(error) => trouble(&error),
        }
    }
}

fn builder(resolver: Resolver) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("patchbay/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(resolver)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE)
        .tcp_nodelay(true)
}

async fn outcome(mut answer: Response, now: Timestamp) -> Outcome {
    let status = answer.status();
    let wish = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wish = wish.and_then(|value| retry_after(value, now));
    // The status has settled it; an answer that breaks off, lasts or never ends is dropped where it is.
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > ANSWER_BYTES_MAX {
            break;
        }
    }
    if status.is_success() {
        Outcome::Delivered(status.as_u16())
    } else {
        Outcome::Refused { status: status.as_u16(), retry_after: wish }
    }
}

fn trouble(error: &reqwest::Error) -> Outcome {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if current.is::<LeadsHome>() {
            return Outcome::Private;
        }
        cause = current.source();
    }
    if error.is_timeout() {
        Outcome::TimedOut
    } else if error.is_connect() {
        Outcome::Unreachable("could not connect, or the certificate is not good")
    } else {
        Outcome::Unreachable("the connection broke")
    }
}
