//! Many Twilio accounts on one edge: whose token signs, and whose numbers an account may call in on.

use patchbay::config;
use patchbay::model::{Billing, Change, Org, OrgId, Secret, Seed, Sid, TwilioAccount};
use patchbay::store::Store;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::rig::{self, ACCOUNT, Heard, Rig, TOKEN, attribute, call_sid, sign_with};
use crate::store_fixtures::put_org;

const CALLER: &str = "+14165550101";
/// A number of the global account, and one of the reseller's.
const PLATFORM_NUMBER: &str = "+16475550111";
const RESELLER_NUMBER: &str = "+16475550112";

const RESELLER: &str = "AC00000000000000000000000000000002";
const RESELLER_TOKEN: &str = "an-invented-reseller-token";
const RESELLER_NEXT: &str = "the-next-invented-reseller-token";
const OTHER: &str = "AC00000000000000000000000000000003";
const OTHER_TOKEN: &str = "another-invented-token";

struct House {
    rig: Rig,
    reseller: OrgId,
    clinic: String,
    pizzeria: String,
}

fn org(n: u8, account: &str, token: &str, next: Option<&str>) -> Org {
    let at = jiff::Timestamp::from_second(1_790_000_000).unwrap();
    Org {
        id: OrgId::new(Seed { at, random: [n; 10] }),
        name: format!("Reseller {n}"),
        twilio: Some(TwilioAccount {
            sid: Sid::parse(account).unwrap(),
            auth_token: Secret::new(token),
            auth_token_next: next.map(Secret::new),
            phone_number: None,
        }),
        billing: Billing::Verified,
        version: 1,
        created_at: at,
        updated_at: at,
    }
}

/// Keeps an organization past the running patchbay, which has no door for it yet.
async fn put(dir: &TempDir, org: &Org) {
    let settings = rig::settings(dir.path(), &[]);
    let keys = config::secrets::keys(&settings).unwrap();
    let store = Store::open(&settings.store.url, &*keys.current).await.unwrap();
    put_org(&store, org).await.unwrap();
}

impl House {
    /// Smile Dental on the global account, Acme Pizza on the reseller's, and a third account without tenants.
    async fn new() -> House {
        let dir = TempDir::new().unwrap();
        let reseller = org(2, RESELLER, RESELLER_TOKEN, Some(RESELLER_NEXT));
        put(&dir, &reseller).await;
        put(&dir, &org(3, OTHER, OTHER_TOKEN, None)).await;
        let rig = Rig::start_in(dir, &[]).await;
        let clinic = rig.tenant("Smile Dental", PLATFORM_NUMBER, json!({"mode": "always"})).await;
        let tenant = json!({
            "name": "Acme Pizza", "orgId": reseller.id.as_str(), "timezone": "America/Toronto", "country": "CA",
            "target": {"kind": "assistant", "id": "asst-2"},
            "connect": {"via": "sip", "sipUri": "sip:pizza@sip.vapi.ai",
                "username": "a-user-name-of-twenty-chars", "password": "a-password-of-twenty-and-more"},
        });
        let (status, tenant) = rig.admin(Method::POST, "/api/tenants", Some(tenant)).await;
        assert_eq!(status, 201, "{tenant}");
        let pizzeria = tenant["id"].as_str().unwrap().to_owned();
        rig.owned(&pizzeria, RESELLER_NUMBER, json!({"accountSid": RESELLER})).await;
        House { rig, reseller: reseller.id, clinic, pizzeria }
    }

    async fn post(&self, account: &str, token: &str, url: &str, fields: &[(&str, &str)]) -> Heard {
        let url = url.split('#').next().unwrap();
        let fields = [&[("AccountSid", account)], fields].concat();
        let signature = sign_with(token, url, &fields);
        let request = self.rig.http.post(url).header("X-Twilio-Signature", signature).form(&fields);
        let answer = request.send().await.unwrap();
        Heard { status: answer.status().as_u16(), content_type: String::new(), body: answer.text().await.unwrap() }
    }

    async fn voice(&self, account: &str, token: &str, to: &str) -> Heard {
        let (url, sid) = (format!("{}/api/twilio/voice", self.rig.base()), call_sid());
        let fields = [("CallSid", sid.as_str()), ("From", CALLER), ("To", to), ("CallStatus", "ringing")];
        self.post(account, token, &url, &fields).await
    }
}

fn is_unknown(heard: &Heard) -> bool {
    heard.status == 200
        && heard.body.contains("<Say")
        && heard.body.contains("<Hangup/>")
        && !heard.body.contains("<Dial")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organizations_current_and_next_token_both_count_for_its_calls() {
    let house = House::new().await;
    for token in [RESELLER_TOKEN, RESELLER_NEXT] {
        let heard = house.voice(RESELLER, token, RESELLER_NUMBER).await;
        assert!(heard.body.contains("sip:pizza@sip.vapi.ai"), "{heard:?}");
    }
    let heard = house.voice(ACCOUNT, TOKEN, PLATFORM_NUMBER).await;
    assert!(heard.body.contains("sip:desk@sip.vapi.ai"), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_another_account_signs_nothing() {
    let house = House::new().await;
    for (account, token) in [
        (RESELLER, TOKEN),
        (RESELLER, OTHER_TOKEN),
        (RESELLER, ""),
        (ACCOUNT, RESELLER_TOKEN),
        (ACCOUNT, RESELLER_NEXT),
        (OTHER, RESELLER_TOKEN),
        ("AC00000000000000000000000000000009", TOKEN),
    ] {
        for number in [RESELLER_NUMBER, PLATFORM_NUMBER] {
            assert_eq!(house.voice(account, token, number).await.status, 403, "{account} with {token}");
        }
    }
    assert!(house.rig.running.handler.ledger.live().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_one_account_on_anothers_number_is_a_call_to_an_unknown_number() {
    let house = House::new().await;
    for (account, token, number) in [
        (RESELLER, RESELLER_TOKEN, PLATFORM_NUMBER),
        (ACCOUNT, TOKEN, RESELLER_NUMBER),
        (OTHER, OTHER_TOKEN, PLATFORM_NUMBER),
        (OTHER, OTHER_TOKEN, RESELLER_NUMBER),
    ] {
        let heard = house.voice(account, token, number).await;
        assert!(is_unknown(&heard), "{account} on {number}: {heard:?}");
    }
    assert!(house.rig.running.handler.ledger.live().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sip_name_answers_to_its_own_account_only() {
    let house = House::new().await;
    let url = format!("{}/api/twilio/sip", house.rig.base());
    for (account, token, tenant, is_its_own) in [
        (RESELLER, RESELLER_TOKEN, &house.pizzeria, true),
        (RESELLER, RESELLER_TOKEN, &house.clinic, false),
        (ACCOUNT, TOKEN, &house.clinic, true),
    ] {
        let (sid, to) = (call_sid(), format!("sip:clinic-{tenant}@acme.sip.twilio.com"));
        let fields = [("CallSid", sid.as_str()), ("From", "sip:pbx@10.0.0.1"), ("To", &to), ("CallStatus", "ringing")];
        let heard = house.post(account, token, &url, &fields).await;
        assert_eq!(heard.body.contains("sip.vapi.ai"), is_its_own, "{account} to {tenant}: {heard:?}");
        assert!(is_its_own || is_unknown(&heard), "{heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_can_neither_steer_nor_end_a_call_nor_hear_its_answer() {
    let house = House::new().await;
    let (base, sid) = (house.rig.base(), call_sid());
    let call = [("CallSid", sid.as_str()), ("From", CALLER), ("To", RESELLER_NUMBER)];
    let fields = |more: &[(&'static str, &'static str)]| [&call[..], more].concat();
    let ringing = fields(&[("CallStatus", "ringing")]);
    let first = house.post(RESELLER, RESELLER_TOKEN, &format!("{base}/api/twilio/voice"), &ringing).await;
    let action = attribute(&first.body, "action").unwrap();
    let no_answer = fields(&[("CallStatus", "in-progress"), ("DialCallStatus", "no-answer")]);
    assert_eq!(house.post(OTHER, OTHER_TOKEN, &action, &no_answer).await.status, 403);

    // On a number of its own, but under the CallSid of another's call.
    house.rig.owned(&house.clinic, "+16475550114", json!({"accountSid": OTHER})).await;
    let stolen = [("CallSid", sid.as_str()), ("From", CALLER), ("To", "+16475550114")];
    let heard = house.post(OTHER, OTHER_TOKEN, &format!("{base}/api/twilio/voice"), &stolen).await;
    assert!(!heard.body.contains("sip:pizza"), "{heard:?}");

    let completed = fields(&[("CallStatus", "completed")]);
    let status = format!("{base}/api/twilio/status");
    assert_eq!(house.post(OTHER, OTHER_TOKEN, &status, &completed).await.status, 204);
    assert_eq!(house.rig.running.handler.ledger.live().await.len(), 1, "the call goes on");

    let second = house.post(RESELLER, RESELLER_TOKEN, &action, &no_answer).await;
    assert!(second.body.contains("<Record"), "{second:?}");
    assert_eq!(house.post(RESELLER, RESELLER_TOKEN, &status, &completed).await.status, 204);
    assert!(house.rig.running.handler.ledger.live().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_told_by_another_account_gets_into_nobodys_box_and_hangs_up_nobodys_call() {
    let house = House::new().await;
    let (base, sid) = (house.rig.base(), call_sid());
    let call = [("CallSid", sid.as_str()), ("From", CALLER), ("To", RESELLER_NUMBER)];
    let ringing = [&call[..], &[("CallStatus", "ringing")]].concat();
    house.post(RESELLER, RESELLER_TOKEN, &format!("{base}/api/twilio/voice"), &ringing).await;
    let told = [("RecordingSid", "RE1"), ("RecordingUrl", "https://recordings.example.com/RE1")];
    let (box_of_pizzeria, stolen) = (format!("?t={}", house.pizzeria), [&call[..], &told].concat());
    for path in ["/api/twilio/voicemail", "/api/twilio/voicemail/done"] {
        let heard = house.post(OTHER, OTHER_TOKEN, &format!("{base}{path}{box_of_pizzeria}"), &stolen).await;
        assert!(heard.status < 300, "{heard:?}");
    }
    let fallback = format!("{base}/api/twilio/fallback");
    let heard = house.post(OTHER, OTHER_TOKEN, &fallback, &[&call[..], &[("ErrorCode", "11200")]].concat()).await;
    assert!(heard.body.contains("having trouble"), "{heard:?}");
    let list = house
        .rig
        .eventually("the message is kept", async || {
            let (_, list) = house.rig.admin(Method::GET, "/api/voicemails", None).await;
            (!list["data"].as_array()?.is_empty()).then_some(list)
        })
        .await;
    let ledger = &house.rig.running.handler.ledger;
    ledger.sweep(jiff::Timestamp::now() + jiff::SignedDuration::from_mins(3)).await;
    assert_eq!(ledger.live().await.len(), 1, "the call goes on");
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{list}");
    assert!(list["data"][0]["tenantId"].is_null(), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_token_counts_at_once_and_the_old_one_no_more() {
    let house = House::new().await;
    assert_eq!(house.voice(RESELLER, RESELLER_TOKEN, RESELLER_NUMBER).await.status, 200);
    put(&house.rig.dir, &org(2, RESELLER, RESELLER_NEXT, None)).await;
    house.rig.running.handler.directory.changed(&Change::Org(house.reseller.clone()));
    assert_eq!(house.voice(RESELLER, RESELLER_NEXT, RESELLER_NUMBER).await.status, 200);
    assert_eq!(house.voice(RESELLER, RESELLER_TOKEN, RESELLER_NUMBER).await.status, 403);
}
