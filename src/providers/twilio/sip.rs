//! SIP domains at Twilio, and the lists of who may call them: by credentials, by address.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::Deserialize;

use crate::model::{Secret, Sid, TwilioAccount};

use super::super::ProviderError;
use super::{PAGE_SIZE, Twilio, ask};

pub(super) const OPERATIONS: [&str; 13] = [
    "sip_addresses",
    "make_sip_address",
    "delete_sip_address",
    "sip_domains",
    "make_sip_domain",
    "wire_sip_domain",
    "sip_lists",
    "make_sip_list",
    "mapped_sip_lists",
    "map_sip_list",
    "sip_credentials",
    "make_sip_credential",
    "delete_sip_credential",
];

/// A SIP domain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SipDomain {
    /// Its SID.
    pub sid: Sid,
    /// Its name, which nobody else in the world has.
    pub domain_name: String,
    /// Where calls are answered.
    #[serde(default)]
    pub voice_url: Option<String>,
    /// Where they are answered if that fails.
    #[serde(default)]
    pub voice_fallback_url: Option<String>,
    /// Where ends of calls are told.
    #[serde(default)]
    pub voice_status_callback_url: Option<String>,
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SipListKind {
    /// Names and passwords.
    Credentials,
    /// Addresses of the Internet.
    Addresses,
}

/// A list of who may call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SipList {
    /// Its SID.
    pub sid: Sid,
    /// Its name.
    #[serde(default)]
    pub friendly_name: Option<String>,
}

/// A network in a list of addresses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SipAddress {
    /// Its SID.
    pub sid: Sid,
    /// Whose it is.
    #[serde(default)]
    pub friendly_name: Option<String>,
    ip_address: Ipv4Addr,
    #[serde(default)]
    cidr_prefix_length: Option<u8>,
}

impl SipAddress {
    /// The network itself; an address without a length is one address.
    pub fn network(&self) -> Option<Ipv4Net> {
        Ipv4Net::new(self.ip_address, self.cidr_prefix_length.unwrap_or(32)).ok()
    }
}

#[derive(Deserialize)]
struct Made {
    sid: Sid,
}

#[derive(Deserialize)]
struct Credential {
    sid: Sid,
    username: String,
}

impl SipListKind {
    /// The folder of the lists, the name of a page of them, the folder of their mappings, the mapping's parameter.
    fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            SipListKind::Credentials => {
                ("CredentialLists", "credential_lists", "CredentialListMappings", "CredentialListSid")
            }
            SipListKind::Addresses => (
                "IpAccessControlLists",
                "ip_access_control_lists",
                "IpAccessControlListMappings",
                "IpAccessControlListSid",
            ),
        }
    }
}

impl Twilio {
    /// The domain of this name, if the account has it.
    pub async fn sip_domain(&self, account: &TwilioAccount, name: &str) -> Result<Option<SipDomain>, ProviderError> {
        let mut url = self.place("sip_domains", account, &["SIP", "Domains.json"])?;
        url.query_pairs_mut().append_pair("PageSize", PAGE_SIZE);
        let all: Vec<SipDomain> = self.all("sip_domains", url, account, "domains").await?;
        Ok(all.into_iter().find(|domain| domain.domain_name.eq_ignore_ascii_case(name)))
    }

    /// Makes a domain that leads nowhere yet.
    pub async fn make_sip_domain(&self, account: &TwilioAccount, name: &str) -> Result<SipDomain, ProviderError> {
        let url = self.place("make_sip_domain", account, &["SIP", "Domains.json"])?;
        self.post("make_sip_domain", url, account, &[("DomainName", name), ("FriendlyName", name)]).await
    }

    /// Makes a domain lead to us.
    pub async fn wire_sip_domain(
        &self,
        account: &TwilioAccount,
        domain: &Sid,
        wiring: &super::Wiring,
    ) -> Result<SipDomain, ProviderError> {
        let url = self.place("wire_sip_domain", account, &["SIP", "Domains", &format!("{domain}.json")])?;
        let form = [
            ("VoiceUrl", wiring.voice_url.as_str()),
            ("VoiceMethod", "POST"),
            ("VoiceFallbackUrl", &wiring.voice_fallback_url),
            ("VoiceFallbackMethod", "POST"),
            ("VoiceStatusCallbackUrl", &wiring.status_callback),
            ("VoiceStatusCallbackMethod", "POST"),
        ];
        self.post("wire_sip_domain", url, account, &form).await
    }

    /// All lists of a kind.
    pub async fn sip_lists(&self, account: &TwilioAccount, kind: SipListKind) -> Result<Vec<SipList>, ProviderError> {
        let (folder, page, ..) = kind.words();
        let mut url = self.place("sip_lists", account, &["SIP", &format!("{folder}.json")])?;
        url.query_pairs_mut().append_pair("PageSize", PAGE_SIZE);
        self.all("sip_lists", url, account, page).await
    }

    /// Makes an empty list.
    pub async fn make_sip_list(
        &self,
        account: &TwilioAccount,
        kind: SipListKind,
        name: &str,
    ) -> Result<SipList, ProviderError> {
        let url = self.place("make_sip_list", account, &["SIP", &format!("{}.json", kind.words().0)])?;
        self.post("make_sip_list", url, account, &[("FriendlyName", name)]).await
    }

    /// The lists of a kind that calls to a domain are checked against.
    pub async fn mapped_sip_lists(
        &self,
        account: &TwilioAccount,
        domain: &Sid,
        kind: SipListKind,
    ) -> Result<Vec<Sid>, ProviderError> {
        let mut url = self.mappings_of("mapped_sip_lists", account, domain, kind)?;
        url.query_pairs_mut().append_pair("PageSize", PAGE_SIZE);
        let mapped: Vec<Made> = self.all("mapped_sip_lists", url, account, "contents").await?;
        Ok(mapped.into_iter().map(|mapped| mapped.sid).collect())
    }

    /// Calls to a domain are checked against this list too from now on. That they are already is refused.
    pub async fn map_sip_list(
        &self,
        account: &TwilioAccount,
        domain: &Sid,
        kind: SipListKind,
        list: &Sid,
    ) -> Result<(), ProviderError> {
        let url = self.mappings_of("map_sip_list", account, domain, kind)?;
        let (.., parameter) = kind.words();
        let _: Made = self.post("map_sip_list", url, account, &[(parameter, list.as_str())]).await?;
        Ok(())
    }

    /// The names in a list of credentials, each with its SID.
    pub async fn sip_credentials(
        &self,
        account: &TwilioAccount,
        list: &Sid,
    ) -> Result<Vec<(String, Sid)>, ProviderError> {
        let mut url = self.credentials_of("sip_credentials", account, list)?;
        url.query_pairs_mut().append_pair("PageSize", PAGE_SIZE);
        let all: Vec<Credential> = self.all("sip_credentials", url, account, "credentials").await?;
        Ok(all.into_iter().map(|credential| (credential.username, credential.sid)).collect())
    }

    /// Puts a name and its password into a list.
    pub async fn make_sip_credential(
        &self,
        account: &TwilioAccount,
        list: &Sid,
        name: &str,
        password: &Secret,
    ) -> Result<Sid, ProviderError> {
        let url = self.credentials_of("make_sip_credential", account, list)?;
        let secrets = [account.auth_token.reveal(), password.reveal()];
        let form = [("Username", name), ("Password", password.reveal())];
        let request = super::as_account(self.http.client().post(url), account).form(&form);
        let made: Made = ask("make_sip_credential", &secrets).json(request, &self.metrics).await?;
        Ok(made.sid)
    }

    /// Takes a name out of a list. One that is gone already is out of it.
    pub async fn delete_sip_credential(
        &self,
        account: &TwilioAccount,
        list: &Sid,
        credential: &Sid,
    ) -> Result<(), ProviderError> {
        let file = format!("{credential}.json");
        let place = ["SIP", "CredentialLists", list.as_str(), "Credentials", &file];
        let url = self.place("delete_sip_credential", account, &place)?;
        self.delete("delete_sip_credential", url, account).await
    }

    /// The addresses in a list, each with whose it is.
    pub async fn sip_addresses(&self, account: &TwilioAccount, list: &Sid) -> Result<Vec<SipAddress>, ProviderError> {
        let mut url = self.addresses_of("sip_addresses", account, list, "IpAddresses.json")?;
        url.query_pairs_mut().append_pair("PageSize", PAGE_SIZE);
        self.all("sip_addresses", url, account, "ip_addresses").await
    }

    /// Puts a network into a list, under a name that says whose it is.
    pub async fn make_sip_address(
        &self,
        account: &TwilioAccount,
        list: &Sid,
        name: &str,
        network: Ipv4Net,
    ) -> Result<(), ProviderError> {
        let url = self.addresses_of("make_sip_address", account, list, "IpAddresses.json")?;
        let (address, length) = (network.network().to_string(), network.prefix_len().to_string());
        let form = [("FriendlyName", name), ("IpAddress", &address), ("CidrPrefixLength", &length)];
        let _: Made = self.post("make_sip_address", url, account, &form).await?;
        Ok(())
    }

    /// Takes a network out of a list. One that is gone already is out of it.
    pub async fn delete_sip_address(
        &self,
        account: &TwilioAccount,
        list: &Sid,
        address: &Sid,
    ) -> Result<(), ProviderError> {
        let place = ["SIP", "IpAccessControlLists", list.as_str(), "IpAddresses", &format!("{address}.json")];
        let url = self.place("delete_sip_address", account, &place)?;
        self.delete("delete_sip_address", url, account).await
    }

    fn mappings_of(
        &self,
        operation: &'static str,
        account: &TwilioAccount,
        domain: &Sid,
        kind: SipListKind,
    ) -> Result<reqwest::Url, ProviderError> {
        let (.., folder, _) = kind.words();
        let file = format!("{folder}.json");
        self.place(operation, account, &["SIP", "Domains", domain.as_str(), "Auth", "Calls", &file])
    }

    fn addresses_of(
        &self,
        operation: &'static str,
        account: &TwilioAccount,
        list: &Sid,
        rest: &str,
    ) -> Result<reqwest::Url, ProviderError> {
        self.place(operation, account, &["SIP", "IpAccessControlLists", list.as_str(), rest])
    }

    fn credentials_of(
        &self,
        operation: &'static str,
        account: &TwilioAccount,
        list: &Sid,
    ) -> Result<reqwest::Url, ProviderError> {
        self.place(operation, account, &["SIP", "CredentialLists", list.as_str(), "Credentials.json"])
    }
}
