//! Numbers at Twilio: which can be bought, which an account owns, where one leads.
//!
//! A purchase has no idempotency key. Whoever lost its answer asks `owned` for the number before it buys again.

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{E164, Sid, TwilioAccount};

use super::super::ProviderError;
use super::{PAGE_SIZE, SipDomain, Twilio, VERSION, address, ask};

pub(super) const OPERATIONS: [&str; 7] =
    ["account", "search_numbers", "buy_number", "numbers", "number", "wire_number", "release_number"];

/// Twilio's word for a number that somebody has.
pub const NOT_AVAILABLE: i64 = 21422;

/// How many numbers a search asks for.
const OFFERS: &str = "30";

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// It pays.
    Full,
    /// It may own one number and reach verified ones.
    Trial,
}

/// Which numbers are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The country, as ISO 3166 has it.
    pub country: &'a str,
    /// An area code of North America.
    pub area_code: Option<&'a str>,
}

/// A number that can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The number.
    pub e164: E164,
    /// Twilio wants an address of its owner.
    pub needs_address: bool,
}

/// A number an account owns, and where it leads. A URL that is not set is empty.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OwnedNumber {
    /// Its SID.
    pub sid: Sid,
    /// The number.
    #[serde(rename = "phone_number")]
    pub e164: E164,
    /// Its name.
    #[serde(default)]
    pub friendly_name: Option<String>,
    /// Where calls are answered, unless an application or a trunk is set.
    #[serde(default)]
    pub voice_url: Option<String>,
    /// Where they are answered if that fails.
    #[serde(default)]
    pub voice_fallback_url: Option<String>,
    /// Where ends of calls are told.
    #[serde(default)]
    pub status_callback: Option<String>,
    /// An application that answers instead.
    #[serde(default)]
    pub voice_application_sid: Option<String>,
    /// A trunk that calls go to instead.
    #[serde(default)]
    pub trunk_sid: Option<String>,
    #[serde(default)]
    date_created: Option<String>,
}

impl OwnedNumber {
    /// Since when the account has it.
    pub fn created_at(&self) -> Option<Timestamp> {
        super::instant(self.date_created.as_deref()?)
    }
}

/// Where a number is to lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wiring {
    /// Where calls are answered.
    pub voice_url: String,
    /// Where they are answered if that fails.
    pub voice_fallback_url: String,
    /// Where ends of calls are told.
    pub status_callback: String,
}

#[derive(Deserialize)]
struct Account {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Available {
    available_phone_numbers: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    phone_number: String,
    address_requirements: Option<String>,
}

impl Twilio {
    /// Of which kind is this account?
    pub async fn account_kind(&self, account: &TwilioAccount) -> Result<AccountKind, ProviderError> {
        let ask = ask("account", &[]);
        let file = format!("{}.json", account.sid);
        let url = address(&self.base, &[VERSION, "Accounts", &file]);
        let url = url.ok_or_else(|| ask.nonsense("an unusable address".to_owned()))?;
        match self.one::<Account>("account", url, account).await?.map(|account| account.kind).as_deref() {
            Some("Full") => Ok(AccountKind::Full),
            Some("Trial") => Ok(AccountKind::Trial),
            other => Err(ask.nonsense(format!("an account of the kind {other:?}"))),
        }
    }

    /// Local numbers that can be bought. None where Twilio sells none in that country.
    pub async fn search_numbers(
        &self,
        account: &TwilioAccount,
        search: Search<'_>,
    ) -> Result<Vec<Offer>, ProviderError> {
        let operation = "search_numbers";
        let mut url = self.place(operation, account, &["AvailablePhoneNumbers", search.country, "Local.json"])?;
        url.query_pairs_mut().append_pair("VoiceEnabled", "true").append_pair("PageSize", OFFERS);
        if let Some(area) = search.area_code {
            url.query_pairs_mut().append_pair("AreaCode", area);
        }
        let found: Option<Available> = self.one(operation, url, account).await?;
        let listed = found.map(|found| found.available_phone_numbers).unwrap_or_default();
        let offer = |listed: Listed| {
            let needs_address = listed.address_requirements.is_some_and(|kind| kind != "none");
            Some(Offer { e164: E164::parse(&listed.phone_number).ok()?, needs_address })
        };
        Ok(listed.into_iter().filter_map(offer).collect())
    }

    /// Buys this number and no other, wired from the first moment.
    pub async fn buy_number(
        &self,
        account: &TwilioAccount,
        number: E164,
        name: &str,
        wiring: &Wiring,
    ) -> Result<OwnedNumber, ProviderError> {
        let url = self.place("buy_number", account, &["IncomingPhoneNumbers.json"])?;
        let number = number.to_string();
        let mut form = vec![("PhoneNumber", number.as_str()), ("FriendlyName", name)];
        form.extend(wiring.form());
        self.post("buy_number", url, account, &form).await
    }

    /// The numbers of an account; of one number, whether it is among them.
    pub async fn numbers(
        &self,
        account: &TwilioAccount,
        only: Option<E164>,
    ) -> Result<Vec<OwnedNumber>, ProviderError> {
        let mut url = self.place("numbers", account, &["IncomingPhoneNumbers.json"])?;
        url.query_pairs_mut().append_pair("PageSize", PAGE_SIZE);
        if let Some(number) = only {
            url.query_pairs_mut().append_pair("PhoneNumber", &number.to_string());
        }
        let mut found: Vec<OwnedNumber> = self.all("numbers", url, account, "incoming_phone_numbers").await?;
        // Twilio also finds numbers that contain this one.
        found.retain(|owned| only.is_none_or(|number| owned.e164 == number));
        Ok(found)
    }

    /// A number by its SID.
    pub async fn number(&self, account: &TwilioAccount, sid: &Sid) -> Result<Option<OwnedNumber>, ProviderError> {
        let url = self.place("number", account, &["IncomingPhoneNumbers", &format!("{sid}.json")])?;
        self.one("number", url, account).await
    }

    /// Makes a number lead to us: nothing else may answer for it.
    pub async fn wire_number(
        &self,
        account: &TwilioAccount,
        sid: &Sid,
        wiring: &Wiring,
    ) -> Result<OwnedNumber, ProviderError> {
        let url = self.place("wire_number", account, &["IncomingPhoneNumbers", &format!("{sid}.json")])?;
        let mut form = vec![("VoiceApplicationSid", ""), ("TrunkSid", "")];
        form.extend(wiring.form());
        self.post("wire_number", url, account, &form).await
    }

    /// Gives a number another name.
    pub async fn rename_number(&self, account: &TwilioAccount, sid: &Sid, name: &str) -> Result<(), ProviderError> {
        let url = self.place("wire_number", account, &["IncomingPhoneNumbers", &format!("{sid}.json")])?;
        let _: OwnedNumber = self.post("wire_number", url, account, &[("FriendlyName", name)]).await?;
        Ok(())
    }

    /// Gives a number back for good. One that is gone already is given back.
    pub async fn release_number(&self, account: &TwilioAccount, sid: &Sid) -> Result<(), ProviderError> {
        let url = self.place("release_number", account, &["IncomingPhoneNumbers", &format!("{sid}.json")])?;
        self.delete("release_number", url, account).await
    }
}

impl Wiring {
    fn form(&self) -> [(&str, &str); 6] {
        [
            ("VoiceUrl", &self.voice_url),
            ("VoiceMethod", "POST"),
            ("VoiceFallbackUrl", &self.voice_fallback_url),
            ("VoiceFallbackMethod", "POST"),
            ("StatusCallback", &self.status_callback),
            ("StatusCallbackMethod", "POST"),
        ]
    }

    /// Where we are: what every URL of ours begins with.
    pub fn base(&self) -> &str {
        self.voice_url.split("/api/").next().unwrap_or(&self.voice_url)
    }

    /// Does the domain lead here?
    pub fn is_of_domain(&self, domain: &SipDomain) -> bool {
        let is = |set: &Option<String>, wanted: &str| set.as_deref().unwrap_or("") == wanted;
        is(&domain.voice_url, &self.voice_url)
            && is(&domain.voice_fallback_url, &self.voice_fallback_url)
            && is(&domain.voice_status_callback_url, &self.status_callback)
    }

    /// Does the number lead here, and nothing before it?
    pub fn is_of(&self, number: &OwnedNumber) -> bool {
        let is = |set: &Option<String>, wanted: &str| set.as_deref().unwrap_or("") == wanted;
        is(&number.voice_url, &self.voice_url)
            && is(&number.voice_fallback_url, &self.voice_fallback_url)
            && is(&number.status_callback, &self.status_callback)
            && is(&number.voice_application_sid, "")
            && is(&number.trunk_sid, "")
    }
}
