//! The sections of the settings: which settings there are, of what kind, and what must fit together.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use tracing::level_filters::LevelFilter;

use super::reader::Reader;
use super::values::{self, BaseUrl, Listen, LiveUrl, LogFormat, SealingKey, StoreUrl, UnknownNumber};
use crate::model::{self, DAYS_MAX, E164, Secret, Sid, Target, TwilioAccount};

/// The public listener.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Where it listens.
    pub listen: Listen,
    /// The bases Twilio calls. The first is written to providers, all are accepted in signatures.
    pub public_url: Vec<BaseUrl>,
    /// Where Twilio turns when the edge fails, if it was given.
    pub fallback_url: Option<String>,
    /// Proxies whose headers count.
    pub trusted_proxies: Vec<IpNet>,
    /// TLS in the process.
    pub tls: Option<Tls>,
}

/// The files of TLS in the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Edge {
    pub(super) fn read(reader: &mut Reader) -> Edge {
        let listen = reader.text("edge.listen", Listen::parse);
        let public_url = reader.list("edge.public_url", BaseUrl::parse);
        let fallback_url = reader.optional_text("edge.fallback_url", values::callback_url);
        let trusted_proxies = reader.list("edge.trusted_proxies", values::network);
        let cert = reader.optional_text("edge.tls.cert", values::path);
        let key = reader.optional_text("edge.tls.key", values::path);
        both_or_neither(reader, "edge.tls.cert", "edge.tls.key");
        let tls = cert.zip(key).map(|(cert, key)| Tls { cert, key });
        Edge { listen, public_url, fallback_url, trusted_proxies, tls }
    }

    /// The base of our URLs where no request tells one: the first public one, else the listener itself.
    pub fn public_base(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.public_url.first().map_or_else(|| format!("{scheme}://{}", self.listen), ToString::to_string)
    }

    /// Where Twilio turns when the edge fails: as given, else our own canned answers under the first public base.
    pub fn fallback_url(&self) -> Option<String> {
        let own = || self.public_url.first().map(|base| format!("{base}/api/twilio/fallback"));
        self.fallback_url.clone().or_else(own)
    }
}

/// The private listener.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where it listens.
    pub listen: Listen,
    /// The operator's first token.
    pub token: Option<Secret>,
}

impl Admin {
    pub(super) fn read(reader: &mut Reader) -> Admin {
        let listen = reader.text("admin.listen", Listen::parse);
        let token = reader.optional_text("admin.token", values::secret);
        Admin { listen, token }
    }
}

/// What is kept.
#[derive(Clone, Debug)]
pub struct Store {
    /// Where.
    pub url: StoreUrl,
    /// The server itself, where `url` leads to it through a pooler.
    pub direct_url: Option<StoreUrl>,
}

impl Store {
    pub(super) fn read(reader: &mut Reader) -> Store {
        let url: StoreUrl = reader.text("store.url", StoreUrl::parse);
        let direct_url = reader.optional_text("store.direct_url", StoreUrl::parse_server);
        if direct_url.is_some() && !url.is_server() {
            reader.fault("store.direct_url", "is given without a server in store.url");
        }
        Store { url, direct_url }
    }
}

/// What waits on its way into the store.
#[derive(Clone, Debug)]
pub struct Spool {
    /// The directory.
    pub dir: PathBuf,
}

impl Spool {
    pub(super) fn read(reader: &mut Reader) -> Spool {
        Spool { dir: reader.text("spool.dir", values::path) }
    }
}

/// The ledger of live calls.
#[derive(Clone, Debug)]
pub struct Live {
    /// Where.
    pub url: LiveUrl,
    /// Longest that Redis may take to count a call.
    pub answer_within: Duration,
}

impl Live {
    pub(super) fn read(reader: &mut Reader) -> Live {
        let url = reader.text("live.url", LiveUrl::parse);
        Live { url, answer_within: Duration::from_millis(u64::from(reader.number("live.answer_within_ms", 10..=500))) }
    }
}

/// The keys under which credentials are sealed. `secrets::keys` finds or makes those that hold.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The key that seals.
    pub key: Option<SealingKey>,
    /// Keys that sealed before.
    pub previous: Vec<SealingKey>,
    /// A file that holds them.
    pub key_file: Option<PathBuf>,
}

impl Secrets {
    pub(super) fn read(reader: &mut Reader, store: &Store) -> Secrets {
        let key = reader.optional_text("secrets.key", SealingKey::parse);
        let previous = reader.list("secrets.previous", SealingKey::parse);
        let key_file = reader.optional_text("secrets.key_file", values::path);
        if reader.is_given("secrets.key") && reader.is_given("secrets.key_file") {
            reader.fault("secrets.key", "is given beside secrets.key_file: give one of the two");
        }
        if reader.is_given("secrets.previous") && !reader.is_given("secrets.key") {
            reader.fault("secrets.previous", "is given without secrets.key: in a key file, older keys stand behind it");
        }
        let is_given = reader.is_given("secrets.key") || reader.is_given("secrets.key_file");
        if store.url.is_server() && !is_given {
            reader.fault("secrets.key", "must be given where store.url is a server: all who use it need the same key");
        }
        Secrets { key, previous, key_file }
    }
}

/// Twilio's API and the global account.
#[derive(Clone, Debug)]
pub struct Twilio {
    /// The API.
    pub api_base: BaseUrl,
    /// Porting.
    pub numbers_base: BaseUrl,
    /// Documents of porting.
    pub upload_base: BaseUrl,
    /// Prices.
    pub pricing_base: BaseUrl,
    /// The global account's SID.
    pub account_sid: Option<Sid>,
    /// The token that signs.
    pub auth_token: Option<Secret>,
    /// The token that will sign after the next rotation.
    pub auth_token_next: Option<Secret>,
    /// An API key, in place of the token.
    pub api_key_sid: Option<Sid>,
    /// Its secret.
    pub api_key_secret: Option<Secret>,
    /// A number of the account.
    pub phone_number: Option<E164>,
    is_real: bool,
}

/// The API of the real Twilio.
const TWILIO: &str = "https://api.twilio.com";

impl Twilio {
    pub(super) fn read(reader: &mut Reader) -> Twilio {
        let api_base = reader.text("twilio.api_base", BaseUrl::parse);
        let is_real = api_base.as_str().eq_ignore_ascii_case(TWILIO);
        let mut base = |key| {
            let given = reader.text(key, BaseUrl::parse);
            if is_real || reader.is_given(key) { given } else { api_base.clone() }
        };
        let numbers_base = base("twilio.numbers_base");
        let upload_base = base("twilio.upload_base");
        let pricing_base = base("twilio.pricing_base");
        let twilio = Twilio {
            numbers_base,
            upload_base,
            pricing_base,
            account_sid: reader.optional_text("twilio.account_sid", values::sid),
            auth_token: reader.optional_text("twilio.auth_token", values::secret),
            auth_token_next: reader.optional_text("twilio.auth_token_next", values::secret),
            api_key_sid: reader.optional_text("twilio.api_key_sid", values::sid),
            api_key_secret: reader.optional_text("twilio.api_key_secret", values::secret),
            phone_number: reader.optional_text("twilio.phone_number", values::phone_number),
            api_base,
            is_real,
        };
        both_or_neither(reader, "twilio.account_sid", "twilio.auth_token");
        both_or_neither(reader, "twilio.api_key_sid", "twilio.api_key_secret");
        twilio
    }

    /// It is Twilio itself, and no simulator.
    pub fn is_real(&self) -> bool {
        self.is_real
    }

    /// The global account, if there is one.
    pub fn account(&self) -> Option<TwilioAccount> {
        let (sid, auth_token) = self.account_sid.clone().zip(self.auth_token.clone())?;
        let auth_token_next = self.auth_token_next.clone();
        Some(TwilioAccount { sid, auth_token, auth_token_next, phone_number: self.phone_number })
    }
}

/// Vapi's API and the account.
#[derive(Clone, Debug)]
pub struct Vapi {
    /// The API.
    pub api_base: BaseUrl,
    /// The private API key.
    pub api_key: Option<Secret>,
    /// The secret Vapi sends with its server messages.
    pub webhook_secret: Option<Secret>,
    /// Who answers for tenants without a target of their own.
    pub default_target: Option<Target>,
    /// Host of Vapi's SIP endpoints.
    pub sip_host: String,
    /// How many free numbers Vapi gives.
    pub free_number_limit: u32,
    /// How many calls Vapi carries at once, where known.
    pub concurrency_limit: Option<u32>,
}

impl Vapi {
    pub(super) fn read(reader: &mut Reader, twilio: &Twilio) -> Vapi {
        let given = reader.text("vapi.api_base", BaseUrl::parse);
        let follows = !twilio.is_real && !reader.is_given("vapi.api_base");
        Vapi {
            api_base: if follows { twilio.api_base.clone() } else { given },
            api_key: reader.optional_text("vapi.api_key", values::secret),
            webhook_secret: reader.optional_text("vapi.webhook_secret", values::secret),
            default_target: reader.optional_text("vapi.default_target", values::target),
            sip_host: reader.text("vapi.sip_host", values::host),
            free_number_limit: reader.number("vapi.free_number_limit", 0..=10_000),
            concurrency_limit: reader.optional_number("vapi.concurrency_limit", 1..=1_000_000),
        }
    }
}

/// The SIP domains all tenants share.
#[derive(Clone, Debug)]
pub struct Sip {
    /// The domain whose callers show credentials.
    pub domain: Option<String>,
    /// The domain whose callers are known by their address.
    pub acl_domain: Option<String>,
    /// How long an older password is good beside a newer that is in use, in days.
    pub password_overlap_days: u32,
    /// How many names a list at Twilio takes.
    pub names_per_list: u32,
    /// How many networks one takes.
    pub addresses_per_list: u32,
}

impl Sip {
    pub(super) fn read(reader: &mut Reader) -> Sip {
        let domain = reader.optional_text("sip.domain", values::host);
        let acl_domain = reader.optional_text("sip.acl_domain", values::host);
        if domain.is_some() && domain == acl_domain {
            reader.fault("sip.acl_domain", "must differ from sip.domain: one domain would enforce both kinds at once");
        }
        Sip {
            domain,
            acl_domain,
            password_overlap_days: reader.number("sip.password_overlap_days", 0..=365),
            names_per_list: reader.number("sip.names_per_list", 1..=1_000),
            // A tenant has up to twenty, in one list.
            addresses_per_list: reader.number("sip.addresses_per_list", 20..=100),
        }
    }
}

/// What the installation allows.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Numbers are bought only for organizations whose billing is verified.
    pub require_payment: bool,
    /// How many numbers a tenant may have.
    pub numbers_per_tenant: u32,
    /// How long a number rests, in days.
    pub quarantine_days: u32,
    /// Countries a fallback may dial; empty: those of the tenant's own numbers.
    pub forward_countries: Vec<String>,
    /// What a caller of an unknown number gets.
    pub unknown_number: UnknownNumber,
}

impl Policy {
    pub(super) fn read(reader: &mut Reader) -> Policy {
        Policy {
            require_payment: reader.flag("policy.require_payment"),
            numbers_per_tenant: reader.number("policy.numbers_per_tenant", 1..=10_000),
            quarantine_days: reader.number("policy.quarantine_days", 0..=3_650),
            forward_countries: reader.list("policy.forward_countries", values::country),
            unknown_number: reader.text("policy.unknown_number", UnknownNumber::parse),
        }
    }

    /// True if a caller of an unknown number is not even picked up.
    pub fn rejects_unknown_numbers(&self) -> bool {
        self.unknown_number == UnknownNumber::Reject
    }
}

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The periods; what has none is kept until somebody erases it.
    pub periods: model::Retention,
}

impl Retention {
    pub(super) fn read(reader: &mut Reader) -> Retention {
        let mut days = |key| reader.optional_number(key, 1..=DAYS_MAX);
        Retention {
            periods: model::Retention {
                calls_days: days("retention.calls_days"),
                voicemails_days: days("retention.voicemails_days"),
                transcripts_days: days("retention.transcripts_days"),
                audit_days: days("retention.audit_days"),
            },
        }
    }
}

/// Webhooks that go out.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// Private networks they may go to.
    pub allow_networks: Vec<IpNet>,
}

impl Webhooks {
    pub(super) fn read(reader: &mut Reader) -> Webhooks {
        Webhooks { allow_networks: reader.list("webhooks.allow_networks", values::network) }
    }
}

/// The product's name.
#[derive(Clone, Debug)]
pub struct Brand {
    /// The name.
    pub name: String,
}

impl Brand {
    pub(super) fn read(reader: &mut Reader) -> Brand {
        Brand { name: reader.text("brand.name", values::one_line) }
    }
}

/// The log.
#[derive(Clone, Debug)]
pub struct Log {
    /// How lines are written; without it, text on a terminal and JSON elsewhere.
    pub format: Option<LogFormat>,
    /// The least grave level that is written.
    pub level: LevelFilter,
    /// Phone numbers are written in full.
    pub phone_numbers: bool,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Log {
        Log {
            format: reader.optional_text("log.format", LogFormat::parse),
            level: reader.text("log.level", values::level),
            phone_numbers: reader.flag("log.phone_numbers"),
        }
    }
}

fn both_or_neither(reader: &mut Reader, one: &str, other: &str) {
    let (given, missing) = match (reader.is_given(one), reader.is_given(other)) {
        (true, false) => (one, other),
        (false, true) => (other, one),
        _ => return,
    };
    reader.fault(given, format!("is given without {missing}: give both or neither"));
}
