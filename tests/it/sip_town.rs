//! Telephone systems in a town: configured, deployed, calling, and what Twilio's lists hold of them.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::provision::Town;
use crate::rig::{ACCOUNT, TOKEN, call_sid};

pub const DOMAIN: &str = "example.sip.twilio.com";
pub const ACL_DOMAIN: &str = "addresses.sip.twilio.com";

impl Town {
    /// Configures a tenant for SIP.
    pub async fn sip(&self, tenant: &str, extra: Value) -> (u16, Value) {
        let digits = tenant.bytes().rev().take(6).fold(0u64, |sum, byte| sum * 36 + u64::from(byte) % 36);
        let mut put = json!({ "method": "sip", "clinicNumber": format!("+1312{:07}", digits % 10_000_000),
            "needsPhoneNumber": false });
        extra.as_object().into_iter().flatten().for_each(|(key, value)| put[key] = value.clone());
        self.ask(Method::PUT, &format!("/api/tenants/{tenant}/phone-integration"), put).await
    }

    /// Makes it so.
    pub async fn deployed(&self, tenant: &str) -> Value {
        let job = self.done(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await;
        assert_eq!(job["state"], "succeeded", "{job:#}");
        job
    }

    /// A tenant whose telephone system signs in; its id and the name.
    pub async fn with_sip(&self, name: &str) -> (String, String) {
        let tenant = self.tenant(name, json!({})).await;
        let (status, phone) = self.sip(&tenant, json!({})).await;
        assert_eq!(status, 200, "{phone}");
        self.deployed(&tenant).await;
        (tenant, phone["sipUsername"].as_str().expect("a name").to_owned())
    }

    /// Another name and password, not deployed yet: the name.
    pub async fn renewed(&self, tenant: &str) -> String {
        let (status, phone) = self.sip(tenant, json!({ "renewSipPassword": true })).await;
        assert_eq!(status, 200, "{phone}");
        assert_eq!(phone["sipPassword"].as_str().map(str::len), Some(32), "{phone}");
        phone["sipUsername"].as_str().expect("a name").to_owned()
    }

    /// The names that are good, as the API tells them.
    pub async fn sip_names(&self, tenant: &str) -> Vec<Value> {
        self.get(&format!("/api/tenants/{tenant}/sip-names")).await["data"].as_array().expect("names").clone()
    }

    /// Does a call that signed in with this name, and dialled that, reach the AI?
    pub async fn sip_call(&self, username: &str, user: &str) -> bool {
        self.sip_called(&format!("sip:{user}@{DOMAIN}"), [("SipDomain", DOMAIN), ("SipUsername", username)]).await
    }

    /// The same from an address.
    pub async fn sip_call_from(&self, address: &str, user: &str) -> bool {
        self.sip_called(&format!("sip:{user}@{ACL_DOMAIN}"), [("SipDomain", ACL_DOMAIN), ("SipSourceIp", address)])
            .await
    }

    /// Tried again while the line has trouble: a machine busy with other tests may be too slow to look something up.
    async fn sip_called(&self, to: &str, of_sip: [(&str, &str); 2]) -> bool {
        for _ in 0..40 {
            let sid = call_sid();
            let mut fields = vec![
                ("CallSid", sid.as_str()),
                ("From", "+16475550111"),
                ("To", to),
                ("CallStatus", "ringing"),
                ("Direction", "inbound"),
            ];
            fields.extend(of_sip);
            let heard = self.rig.post("/api/twilio/sip", &fields).await;
            if !heard.body.contains("having trouble") {
                return heard.body.contains("<Sip");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the line to {to} has trouble and goes on having it")
    }

    /// Waits until a call with this name has come to the store.
    pub async fn has_called(&self, tenant: &str, username: &str) {
        self.rig
            .eventually("the call is written down", async || {
                let names = self.sip_names(tenant).await;
                names.iter().any(|name| name["username"] == username && name["firstCallAt"].is_string()).then_some(())
            })
            .await;
    }

    /// What each list of names at Twilio holds, by its name.
    pub async fn names_at_twilio(&self) -> BTreeMap<String, Vec<String>> {
        self.lists_at_twilio("CredentialLists", "credential_lists", "Credentials", "credentials", "username").await
    }

    /// What each list of addresses holds: whose each is.
    pub async fn addresses_at_twilio(&self) -> BTreeMap<String, Vec<String>> {
        let at = ("IpAccessControlLists", "ip_access_control_lists", "IpAddresses", "ip_addresses", "friendly_name");
        self.lists_at_twilio(at.0, at.1, at.2, at.3, at.4).await
    }

    async fn lists_at_twilio(
        &self,
        folder: &str,
        page: &str,
        items: &str,
        item_page: &str,
        told: &str,
    ) -> BTreeMap<String, Vec<String>> {
        let mut all = BTreeMap::new();
        let lists = self.asked_of_twilio(&format!("SIP/{folder}.json?PageSize=1000")).await;
        for list in lists[page].as_array().expect("lists") {
            let sid = list["sid"].as_str().expect("a sid");
            let held = self.asked_of_twilio(&format!("SIP/{folder}/{sid}/{items}.json?PageSize=1000")).await;
            let held = held[item_page].as_array().expect("items").iter();
            let held = held.map(|item| item[told].as_str().expect("a text").to_owned()).collect();
            all.insert(list["friendly_name"].as_str().expect("a name").to_owned(), held);
        }
        all
    }

    /// Reads something of the global account.
    pub async fn asked_of_twilio(&self, path: &str) -> Value {
        let url = format!("{}/2010-04-01/Accounts/{ACCOUNT}/{path}", self.sim.url());
        let asked = self.rig.http.get(url).basic_auth(ACCOUNT, Some(TOKEN)).send().await.expect("sent");
        asked.json().await.expect("JSON")
    }

    /// Every name at Twilio is one of these, once.
    pub async fn twilio_lets_in(&self, names: &[&str]) {
        let lists = self.names_at_twilio().await;
        let mut held: Vec<&str> = lists.values().flatten().map(String::as_str).collect();
        let mut names = names.to_vec();
        held.sort_unstable();
        names.sort_unstable();
        assert_eq!(held, names);
    }
}
