//! Twilio's REST API. Here what calls need of it: how is one, what was recorded of it, and the end of a recording; the
//! sound itself is streamed by `media`. Numbers are in `numbers`, SIP domains and who may call them in `sip`, numbers that
//! come from other carriers in `ports`, prices in `pricing`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use reqwest::{RequestBuilder, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::model::{Sid, TwilioAccount};
use crate::telemetry::Metrics;

use super::http::{Ask, Http, address};
use super::{CallState, ProviderError, Recording};

mod numbers;
mod ports;
mod pricing;
mod sip;

pub use numbers::{AccountKind, NOT_AVAILABLE, Offer, OwnedNumber, Search, Wiring};
pub use ports::{
    Bill, BillFormat, CustomerType, ListedPort, LosingCarrier, NotABill, Port, PortAddress, PortIn, PortKind,
    PortNumber, PortNumberStatus, PortStatus, PortWebhook, Portability, PortedNumber,
};
pub use pricing::{NumberPrices, VoicePrices};
pub use sip::{SipAddress, SipDomain, SipList, SipListKind};

const PROVIDER: &str = "Twilio";
const DEADLINE: Duration = Duration::from_secs(10);

/// The version of the API, the first part of every path.
const VERSION: &str = "2010-04-01";

/// How many items a page has: a number is more than a kilobyte, and no answer may be longer than a mebibyte.
const PAGE_SIZE: &str = "200";

/// Most pages of a list: a hundred thousand items.
const PAGES_MAX: usize = 500;

/// Twilio's API.
#[derive(Clone, Debug)]
pub struct Twilio {
    pub(super) http: Http,
    pub(super) base: Url,
    /// Where ports are asked for.
    numbers: Url,
    /// Where their documents go.
    upload: Url,
    /// Where prices are asked for.
    pricing: Url,
    pub(super) metrics: Arc<Metrics>,
}

#[derive(Deserialize)]
struct Call {
    status: String,
}

#[derive(Deserialize)]
struct Recordings {
    recordings: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    sid: String,
    status: String,
    duration: Option<String>,
    date_created: Option<String>,
}

impl Twilio {
    /// Twilio at this address: `https://api.twilio.com`, or a simulator, which speaks for all of Twilio's hosts.
    pub fn new(http: &Http, base_url: &str, metrics: Arc<Metrics>) -> anyhow::Result<Twilio> {
        let base = host(base_url)?;
        metrics.provider_asked_for("twilio", &["call", "recordings", "media", "delete_recording"]);
        metrics.provider_asked_for("twilio", &numbers::OPERATIONS);
        metrics.provider_asked_for("twilio", &sip::OPERATIONS);
        metrics.provider_asked_for("twilio", &ports::OPERATIONS);
        metrics.provider_asked_for("twilio", &pricing::OPERATIONS);
        let (numbers, upload, pricing) = (base.clone(), base.clone(), base.clone());
        Ok(Twilio { http: http.clone(), numbers, upload, pricing, base, metrics })
    }

    /// The same, with the hosts of porting: `https://numbers.twilio.com` and `https://numbers-upload.twilio.com`.
    pub fn with_porting(self, numbers_url: &str, upload_url: &str) -> anyhow::Result<Twilio> {
        Ok(Twilio { numbers: host(numbers_url)?, upload: host(upload_url)?, ..self })
    }

    /// The same, with the host of prices: `https://pricing.twilio.com`.
    pub fn with_pricing(self, pricing_url: &str) -> anyhow::Result<Twilio> {
        Ok(Twilio { pricing: host(pricing_url)?, ..self })
    }

    /// How is this call?
    pub async fn call_state(&self, account: &TwilioAccount, call: &Sid) -> Result<CallState, ProviderError> {
        let file = format!("{call}.json");
        let Some(url) = self.of_account(account, &["Calls", &file]) else {
            return Ok(CallState::NotFound);
        };
        let secrets = [account.auth_token.reveal()];
        let ask = ask("call", &secrets);
        let found: Option<Call> = ask.json_or_absent(self.get(url, account), &self.metrics).await?;
        match found {
            None => Ok(CallState::NotFound),
            Some(call) => match call.status.as_str() {
                "queued" | "initiated" | "ringing" | "in-progress" => Ok(CallState::Live),
                "completed" | "busy" | "failed" | "no-answer" | "canceled" => Ok(CallState::Ended(call.status)),
                // A word we do not know is no definite answer: nothing may be ended on it.
                other => Err(ask.nonsense(format!("call status `{other}`"))),
            },
        }
    }

    /// The recordings of a call, newest first.
    pub async fn recordings(&self, account: &TwilioAccount, call: &Sid) -> Result<Vec<Recording>, ProviderError> {
        let Some(url) = self.of_account(account, &["Calls", call.as_str(), "Recordings.json"]) else {
            return Ok(Vec::new());
        };
        let secrets = [account.auth_token.reveal()];
        let ask = ask("recordings", &secrets);
        let found: Option<Recordings> = ask.json_or_absent(self.get(url, account), &self.metrics).await?;
        let mut listed = found.map(|page| page.recordings).unwrap_or_default();
        // Twilio lists the newest first, but does not say so; an undated one goes last.
        listed.sort_by_key(|recorded| std::cmp::Reverse(recorded.created_at()));
        listed
            .into_iter()
            .map(|recorded| {
                let sid = Sid::parse(&recorded.sid).map_err(|error| ask.nonsense(error.to_string()))?;
                let url = self
                    .of_account(account, &["Recordings", sid.as_str()])
                    .ok_or_else(|| ask.nonsense("a recording without a usable SID".to_owned()))?;
                Ok(Recording {
                    sid,
                    status: recorded.status,
                    duration_seconds: recorded.duration.and_then(|seconds| seconds.parse().ok()),
                    url: url.into(),
                })
            })
            .collect()
    }

    /// Deletes a recording. One that is gone already is deleted.
    pub async fn delete_recording(&self, account: &TwilioAccount, recording: &Sid) -> Result<(), ProviderError> {
        let file = format!("{recording}.json");
        let Some(url) = self.of_account(account, &["Recordings", &file]) else { return Ok(()) };
        self.delete("delete_recording", url, account).await
    }

    fn get(&self, url: Url, account: &TwilioAccount) -> RequestBuilder {
        as_account(self.http.client().get(url), account)
    }

    /// Posts a form; what comes back is the thing it made or changed.
    async fn post<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        url: Url,
        account: &TwilioAccount,
        form: &[(&str, &str)],
    ) -> Result<T, ProviderError> {
        let secrets = [account.auth_token.reveal()];
        let request = as_account(self.http.client().post(url), account).form(form);
        ask(operation, &secrets).json(request, &self.metrics).await
    }

    /// One thing, if it is there.
    async fn one<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        url: Url,
        account: &TwilioAccount,
    ) -> Result<Option<T>, ProviderError> {
        let secrets = [account.auth_token.reveal()];
        ask(operation, &secrets).json_or_absent(self.get(url, account), &self.metrics).await
    }

    /// Deletes what is at this address. What is gone already is deleted.
    async fn delete(&self, operation: &'static str, url: Url, account: &TwilioAccount) -> Result<(), ProviderError> {
        let secrets = [account.auth_token.reveal()];
        let request = as_account(self.http.client().delete(url), account);
        ask(operation, &secrets).gone(request, &self.metrics).await
    }

    /// A list whole, page by page. The pages name each other; only those below our own base are followed.
    async fn all<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        first: Url,
        account: &TwilioAccount,
        name: &str,
    ) -> Result<Vec<T>, ProviderError> {
        let secrets = [account.auth_token.reveal()];
        let ask = ask(operation, &secrets);
        let (mut found, mut next) = (Vec::new(), Some(first));
        for _ in 0..PAGES_MAX {
            let Some(url) = next.take() else { return Ok(found) };
            let mut page: Map<String, Value> = ask.json(self.get(url, account), &self.metrics).await?;
            let items = page.remove(name).ok_or_else(|| ask.nonsense(format!("a page without `{name}`")))?;
            let items: Vec<T> = serde_json::from_value(items).map_err(|error| ask.nonsense(error.to_string()))?;
            found.extend(items);
            let uri = page.get("next_page_uri").and_then(Value::as_str).filter(|uri| !uri.is_empty());
            next = uri
                .map(|uri| self.page(uri).ok_or_else(|| ask.nonsense("a next page elsewhere".into())))
                .transpose()?;
        }
        Err(ask.nonsense(format!("more than {PAGES_MAX} pages")))
    }

    /// The page a relative address names, below the base.
    fn page(&self, uri: &str) -> Option<Url> {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let mut url = address(&self.base, &path.trim_start_matches('/').split('/').collect::<Vec<_>>())?;
        url.set_query(Some(query));
        Some(url)
    }

    /// An address of the account; an identifier that fits none is the asker's fault.
    fn place(&self, operation: &'static str, account: &TwilioAccount, rest: &[&str]) -> Result<Url, ProviderError> {
        let unusable = || ask(operation, &[]).nonsense("an unusable address".to_owned());
        self.of_account(account, rest).ok_or_else(unusable)
    }

    pub(super) fn of_account(&self, account: &TwilioAccount, rest: &[&str]) -> Option<Url> {
        let mut parts = vec![VERSION, "Accounts", account.sid.as_str()];
        parts.extend(rest);
        address(&self.base, &parts)
    }
}

impl Recorded {
    fn created_at(&self) -> Option<Timestamp> {
        instant(self.date_created.as_deref()?)
    }
}

/// An instant as Twilio writes it.
fn instant(written: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(written).ok().map(|zoned| zoned.timestamp())
}

fn host(url: &str) -> anyhow::Result<Url> {
    let base = Url::parse(url).with_context(|| format!("could not read Twilio's address `{url}`"))?;
    anyhow::ensure!(base.has_host(), "Twilio's address `{url}` names no host");
    Ok(base)
}

fn as_account(request: RequestBuilder, account: &TwilioAccount) -> RequestBuilder {
    request.basic_auth(account.sid.as_str(), Some(account.auth_token.reveal()))
}

fn ask<'a>(operation: &'static str, secrets: &'a [&'a str]) -> Ask<'a> {
    Ask { provider: PROVIDER, operation, deadline: DEADLINE, secrets }
}
