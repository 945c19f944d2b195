//! The provider clients ask for numbers, SIP domains and free numbers, and understand every answer.

use std::sync::Arc;
use std::time::Duration;

use patchbay::model::{E164, Secret, Sid, Target, TargetKind, TwilioAccount};
use patchbay::providers::{
    AccountKind, Denial, Http, NumberKind, Outlook, ProviderError, Search, SipListKind, SipWords, Twilio, Vapi,
    VapiServer, Wiring,
};
use patchbay::simulator::{Account, Options};
use serde_json::json;

use crate::sim::Sim;

struct Desk {
    sim: Sim,
    twilio: Twilio,
    vapi: Vapi,
    account: TwilioAccount,
}

impl Desk {
    async fn new(options: Options) -> Desk {
        let sim = Sim::start_with(options).await;
        let (http, metrics) = (Http::new().expect("a client"), Arc::default());
        Desk {
            twilio: Twilio::new(&http, &sim.url(), Arc::clone(&metrics)).expect("twilio"),
            vapi: Vapi::new(&http, &sim.url(), Secret::new("not-a-real-key"), metrics).expect("vapi"),
            sim,
            account: TwilioAccount {
                sid: sid("AC00000000000000000000000000000001"),
                auth_token: Secret::new("not-a-real-token"),
                auth_token_next: None,
                phone_number: None,
            },
        }
    }

    async fn buy(&self, number: &str) -> Result<patchbay::providers::OwnedNumber, ProviderError> {
        self.twilio.buy_number(&self.account, e164(number), "AI Receptionist - Smile Dental", &wiring()).await
    }
}

fn sid(text: &str) -> Sid {
    Sid::parse(text).expect("a SID")
}

fn e164(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

fn wiring() -> Wiring {
    Wiring {
        voice_url: "https://edge.example.com/api/twilio/voice".to_owned(),
        voice_fallback_url: "https://edge.example.com/api/twilio/fallback".to_owned(),
        status_callback: "https://edge.example.com/api/twilio/status".to_owned(),
    }
}

fn target(kind: TargetKind) -> Target {
    Target { kind, id: sid("target-1") }
}

fn server() -> VapiServer {
    VapiServer {
        url: "https://edge.example.com/api/vapi/webhook".to_owned(),
        secret: Some(Secret::new("not-a-real-secret")),
    }
}

#[tokio::test]
async fn a_number_is_searched_bought_wired_found_again_and_released() {
    let desk = Desk::new(Options::default()).await;
    let (twilio, account) = (&desk.twilio, &desk.account);
    let search = Search { country: "US", area_code: Some("205") };
    let offers = twilio.search_numbers(account, search).await.expect("offers");
    assert_eq!((offers.len(), offers[0].e164), (30, e164("+12055550100")));
    let nowhere = twilio.search_numbers(account, Search { country: "FR", area_code: None }).await;
    assert_eq!(nowhere.expect("none"), []);

    let bought = desk.buy("+12055550100").await.expect("bought");
    assert!(wiring().is_of(&bought), "{bought:?}");
    assert_eq!(bought.friendly_name.as_deref(), Some("AI Receptionist - Smile Dental"));
    let listed = twilio.numbers(account, Some(e164("+12055550100"))).await.expect("listed");
    assert_eq!(listed, std::slice::from_ref(&bought));
    assert_eq!(twilio.numbers(account, Some(e164("+12055550101"))).await.expect("listed"), []);

    let imported =
        desk.vapi.import_number(account, None, bought.e164, Some(&target(TargetKind::Squad)), "Smile Dental").await;
    assert_eq!(imported.expect("imported").provider, NumberKind::Twilio);
    let number = twilio.number(account, &bought.sid).await.expect("answered").expect("there");
    assert!(!wiring().is_of(&number), "the import took it: {number:?}");
    let wired = twilio.wire_number(account, &bought.sid, &wiring()).await.expect("wired");
    assert!(wiring().is_of(&wired), "{wired:?}");

    twilio.release_number(account, &bought.sid).await.expect("released");
    twilio.release_number(account, &bought.sid).await.expect("released before");
    assert_eq!(twilio.number(account, &bought.sid).await.expect("answered"), None);
}

#[tokio::test]
async fn an_account_with_more_numbers_than_a_page_holds_is_read_whole() {
    let desk = Desk::new(Options::default()).await;
    for line in 0..450 {
        let number = json!({ "accountSid": desk.account.sid.as_str(), "phoneNumber": format!("+1205555{line:04}") });
        desk.sim.tell("numbers", number).await;
    }
    let all = desk.twilio.numbers(&desk.account, None).await.expect("listed");
    let mut digits: Vec<E164> = all.iter().map(|number| number.e164).collect();
    digits.sort_unstable();
    digits.dedup();
    assert_eq!((all.len(), digits.len()), (450, 450));
    assert_eq!(desk.sim.asked("GET", "IncomingPhoneNumbers").await, 3);
}

#[tokio::test]
async fn a_trial_account_says_so_and_is_refused_a_second_number() {
    let desk = Desk::new(Options { account: Account::Trial, ..Options::default() }).await;
    assert_eq!(desk.twilio.account_kind(&desk.account).await.expect("answered"), AccountKind::Trial);
    desk.buy("+12055550100").await.expect("the first");
    let refusal = desk.buy("+12055550101").await.expect_err("the second");
    assert!(matches!(&refusal, ProviderError::Refused { code: Some(21404), .. }), "{refusal}");
    assert_eq!(refusal.outlook(), Outlook::Never);
}

#[tokio::test]
async fn what_to_make_of_an_error_depends_on_whether_it_may_have_had_its_effect() {
    let desk = Desk::new(Options::default()).await;
    for (kind, outlook) in [
        ("error", Outlook::Unclear),
        ("429", Outlook::Later(None)),
        ("garbage", Outlook::Unclear),
        ("reset-after", Outlook::Unclear),
    ] {
        desk.sim.fault("POST .*/IncomingPhoneNumbers.json", kind, 0).await;
        let error = desk.buy("+12055550100").await.expect_err("a fault");
        assert_eq!(error.outlook(), outlook, "{kind}: {error}");
    }
    let kept = desk.twilio.numbers(&desk.account, Some(e164("+12055550100"))).await.expect("listed");
    assert_eq!(kept.len(), 1, "the lost answer was of a purchase");
    let key = Options { twilio: Some(("AC1".to_owned(), Secret::new("another"))), ..Options::default() };
    let error = Desk::new(key).await.buy("+12055550100").await.expect_err("not let in");
    assert_eq!(error.outlook(), Outlook::Credentials);
}

#[tokio::test]
async fn a_tenants_sip_user_comes_into_a_list_that_is_mapped_to_the_domain() {
    let desk = Desk::new(Options::default()).await;
    let (twilio, account) = (&desk.twilio, &desk.account);
    assert_eq!(twilio.sip_domain(account, "acme.sip.twilio.com").await.expect("answered"), None);
    let domain = twilio.make_sip_domain(account, "acme.sip.twilio.com").await.expect("made");
    let domain = twilio.wire_sip_domain(account, &domain.sid, &wiring()).await.expect("wired");
    assert_eq!(domain.voice_url, Some(wiring().voice_url));
    assert_eq!(twilio.sip_domain(account, "ACME.sip.twilio.com").await.expect("answered"), Some(domain.clone()));

    for kind in [SipListKind::Credentials, SipListKind::Addresses] {
        let list = twilio.make_sip_list(account, kind, "Clinics 1").await.expect("made");
        let listed = twilio.sip_lists(account, kind).await.expect("listed");
        assert_eq!(listed, std::slice::from_ref(&list));
        let mapped = async || twilio.mapped_sip_lists(account, &domain.sid, kind).await.expect("listed");
        assert_eq!(mapped().await, []);
        twilio.map_sip_list(account, &domain.sid, kind, &list.sid).await.expect("mapped");
        assert_eq!(mapped().await, std::slice::from_ref(&list.sid));
    }
    let list = &twilio.sip_lists(account, SipListKind::Credentials).await.expect("listed")[0].sid;
    let password = Secret::new("Invented-Passw0rd");
    let made = twilio.make_sip_credential(account, list, "sip_ca5ecdfd", &password).await.expect("made");
    let listed = twilio.sip_credentials(account, list).await.expect("listed");
    assert_eq!(listed, [("sip_ca5ecdfd".to_owned(), made.clone())]);
    let weak = twilio.make_sip_credential(account, list, "sip_00000001", &Secret::new("weak")).await;
    assert_eq!(weak.expect_err("weak").outlook(), Outlook::Never);
    desk.sim.fault("DELETE .*", "garbage", 0).await;
    let garbage = twilio.delete_sip_credential(account, list, &made).await;
    assert_eq!(garbage.expect_err("somebody else's answer").outlook(), Outlook::Unclear);
    assert_eq!(twilio.sip_credentials(account, list).await.expect("listed").len(), 1);
    twilio.delete_sip_credential(account, list, &made).await.expect("deleted");
    twilio.delete_sip_credential(account, list, &made).await.expect("deleted before");
}

#[tokio::test]
async fn a_free_number_is_made_found_by_its_name_and_deleted() {
    let desk = Desk::new(Options::default()).await;
    desk.sim.tell("vapi", json!({ "freeNumberLimit": 1, "activationMs": 50 })).await;
    let vapi = &desk.vapi;
    let refusal =
        vapi.make_free_number("416", "Smile Dental", &server(), None).await.expect_err("not in the United States");
    assert_eq!(Denial::of(&refusal), Some(Denial::AreaCode(["562", "662", "716"].map(str::to_owned).to_vec())));
    let name = "Smile Dental on the corner of Main Street job_1";
    let made = vapi.make_free_number("562", name, &server(), None).await.expect("made");
    assert_eq!((made.number, made.status.as_deref()), (None, Some("activating")));
    tokio::time::sleep(Duration::from_millis(60)).await;
    let found = vapi.find_numbers("Smile Dental on the corner").await.expect("found");
    assert_eq!((found.len(), found[0].number), (1, Some(e164("+15625550150"))));
    assert_eq!(vapi.numbers().await.expect("listed"), found);
    let refusal = vapi.make_free_number("562", "Acme", &server(), None).await.expect_err("beyond the limit");
    assert_eq!(Denial::of(&refusal), Some(Denial::Other));
    vapi.delete_number(&made.id).await.expect("deleted");
    vapi.delete_number(&made.id).await.expect("deleted before");
    assert_eq!(vapi.number(&made.id).await.expect("answered"), None);
}

#[tokio::test]
async fn an_import_that_was_made_before_names_the_number_that_is_there() {
    let desk = Desk::new(Options::default()).await;
    let (vapi, account, assistant) = (&desk.vapi, &desk.account, target(TargetKind::Assistant));
    let number = e164("+12055550100");
    let missing = vapi.import_number(account, None, number, Some(&assistant), "Acme").await.expect_err("nobody has it");
    assert_eq!(Denial::of(&missing), Some(Denial::NotOnTwilio));
    desk.buy("+12055550100").await.expect("bought");
    let imported = vapi.import_number(account, None, number, Some(&assistant), "Acme").await.expect("imported");
    let again = vapi.import_number(account, None, number, Some(&assistant), "Acme").await.expect_err("it is there");
    assert_eq!(Denial::of(&again), Some(Denial::Existing(imported.id.clone())));
    let squad = target(TargetKind::Squad);
    let changed = vapi.retarget_number(&imported, &squad).await.expect("changed");
    assert_eq!((changed.assistant_id, changed.squad_id), (None, Some(squad.id)));
}

#[tokio::test]
async fn a_sip_address_is_made_once_for_a_target_that_exists() {
    let desk = Desk::new(Options::default()).await;
    let squad = target(TargetKind::Squad);
    assert!(desk.vapi.has_target(&squad).await.expect("answered"));
    let words = SipWords {
        username: "a-username-of-twenty-c".to_owned(),
        password: Secret::new("an-invented-password-of-words"),
    };
    let make = async || desk.vapi.make_sip_number("sip:ten_1@sip.vapi.ai", &words, &squad, "Acme", &server()).await;
    let made = make().await.expect("made");
    assert_eq!((made.sip_uri.as_deref(), made.squad_id), (Some("sip:ten_1@sip.vapi.ai"), Some(squad.id.clone())));
    let refusal = make().await.expect_err("taken");
    assert!(!refusal.to_string().contains("an-invented-password"), "{refusal}");
    assert_eq!(desk.vapi.find_numbers("sip:ten_1@").await.expect("found").len(), 1);
}

#[tokio::test]
async fn more_numbers_at_vapi_than_a_page_holds_are_read_whole() {
    let desk = Desk::new(Options::default()).await;
    let words = SipWords {
        username: "a-username-of-twenty-c".to_owned(),
        password: Secret::new("an-invented-password-of-words"),
    };
    for tenant in 0..450 {
        let uri = format!("sip:ten_{tenant}@sip.vapi.ai");
        desk.vapi.make_sip_number(&uri, &words, &target(TargetKind::Assistant), "Acme", &server()).await.expect("made");
    }
    let all = desk.vapi.numbers().await.expect("listed");
    let mut addresses: Vec<_> = all.iter().map(|number| number.sip_uri.as_deref()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!((all.len(), addresses.len()), (450, 450));
}
