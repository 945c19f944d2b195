//! Whole calls over HTTP, from Twilio's first request to the end, as a caller and an operator see them.

use reqwest::Method;
use serde_json::json;

use crate::rig::{ACCOUNT, Rig, VAPI_SECRET, attribute, call_sid, sign};

const CALLER: &str = "+14165550101";
const CLINIC: &str = "+16475550111";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_reaches_the_ai_and_is_explained_afterwards() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let sid = call_sid();
    let heard = rig.voice(CALLER, CLINIC, &sid).await;
    assert_eq!((heard.status, heard.content_type.as_str()), (200, "application/xml; charset=utf-8"));
    assert!(heard.body.contains("sip:desk@sip.vapi.ai"), "{}", heard.body);
    assert!(heard.body.contains(&format!("x-callsid={sid}")), "{}", heard.body);
    rig.ended(&sid).await;
    let call = rig
        .eventually("the call is kept with its end", async || {
            let (_, call) = rig.admin(Method::GET, &format!("/api/calls/{sid}"), None).await;
            (!call["endedAt"].is_null()).then_some(call)
        })
        .await;
    assert_eq!(call["tenantId"], json!(tenant));
    assert_eq!(call["decision"], json!({"available": true, "reason": "always-on"}));
    assert!(call["trace"].as_array().is_some_and(|trace| !trace.is_empty()), "{call}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_ai_leg_walks_on_to_the_fallback_and_every_step_stays_in_our_hands() {
    let rig = Rig::start().await;
    let availability = json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": "+14165550122"}});
    rig.tenant("Smile Dental", CLINIC, availability).await;
    let sid = call_sid();
    let first = rig.voice(CALLER, CLINIC, &sid).await;
    let action = attribute(&first.body, "action").expect("an action");
    let status = [("CallSid", sid.as_str()), ("From", CALLER), ("To", CLINIC), ("CallStatus", "in-progress")];
    let fields = |dial: &'static str| [&status[..], &[("DialCallStatus", dial)]].concat();
    let second = rig.post_url(&action, &fields("no-answer")).await;
    assert!(second.body.contains("Connecting you now."), "{}", second.body);
    assert!(second.body.contains("+14165550122"), "{}", second.body);
    let action = attribute(&second.body, "action").expect("an action");
    let third = rig.post_url(&action, &fields("busy")).await;
    assert!(third.body.contains("Thank you for calling Smile Dental. Please leave a message."), "{}", third.body);
    let done = attribute(&third.body, "action").expect("an action");
    let goodbye = rig.post_url(&done, &status).await;
    assert!(goodbye.body.contains("<Hangup/>"), "{}", goodbye.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_ends_the_call_and_does_not_count_against_the_ai() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    for _ in 0..20 {
        let sid = call_sid();
        let first = rig.voice(CALLER, CLINIC, &sid).await;
        let action = attribute(&first.body, "action").expect("still the AI");
        let fields =
            [("CallSid", sid.as_str()), ("To", CLINIC), ("CallStatus", "canceled"), ("DialCallStatus", "no-answer")];
        let last = rig.post_url(&action, &fields).await;
        assert!(last.body.contains("<Response/>") || last.body.contains("<Response></Response>"), "{}", last.body);
    }
    assert!(rig.running.handler.ledger.live().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_first_failures_a_dead_ai_costs_no_caller_any_time() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let mut dialled = 0;
    for _ in 0..50 {
        let sid = call_sid();
        let first = rig.voice(CALLER, CLINIC, &sid).await;
        if first.body.contains("sip.vapi.ai") {
            dialled += 1;
            let action = attribute(&first.body, "action").expect("an action");
            let fields = [
                ("CallSid", sid.as_str()),
                ("To", CLINIC),
                ("CallStatus", "in-progress"),
                ("DialCallStatus", "failed"),
            ];
            let second = rig.post_url(&action, &fields).await;
            assert!(second.body.contains("<Record"), "{}", second.body);
        } else {
            assert!(first.body.contains("<Record"), "{}", first.body);
        }
    }
    assert!((1..=6).contains(&dialled), "{dialled} of 50 callers waited for a dead AI");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_simultaneous_calls_exactly_the_threshold_see_staff_free() {
    let rig = std::sync::Arc::new(Rig::start().await);
    let availability = json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": 37},
        "fallback": {"type": "busy-signal"}});
    rig.tenant("Acme Pizza", CLINIC, availability).await;
    let calls: Vec<_> = (0..300)
        .map(|caller| {
            let rig = std::sync::Arc::clone(&rig);
            tokio::spawn(async move {
                let from = format!("+1416555{:04}", 100 + caller % 100);
                rig.voice(&from, CLINIC, &call_sid()).await
            })
        })
        .collect();
    let mut to_staff = 0;
    for call in calls {
        let heard = call.await.expect("no panic");
        assert_eq!(heard.status, 200);
        to_staff += usize::from(!heard.body.contains("sip.vapi.ai"));
    }
    // Answers that hang up stay live for a while: they are calls until Twilio says otherwise.
    assert_eq!(to_staff, 37);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_hears_the_first_answer_byte_for_byte_even_after_a_change_and_a_restart() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let sid = call_sid();
    let first = rig.voice(CALLER, CLINIC, &sid).await;
    rig.availability(&tenant, json!({"mode": "disabled"})).await;
    assert!(rig.voice(CALLER, CLINIC, &call_sid()).await.body.contains("<Record"));
    assert_eq!(rig.voice(CALLER, CLINIC, &sid).await, first);
    let port = rig.running.edge.to_string();
    let rig = rig.restart(&[("PATCHBAY_EDGE__LISTEN", &port)]).await;
    assert_eq!(rig.voice(CALLER, CLINIC, &sid).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_obeyed_by_the_very_next_call() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    for round in 0..20 {
        let mode = if round % 2 == 0 { "disabled" } else { "always" };
        rig.availability(&tenant, json!({ "mode": mode })).await;
        let heard = rig.voice(CALLER, CLINIC, &call_sid()).await;
        assert_eq!(heard.body.contains("sip.vapi.ai"), mode == "always", "round {round}: {}", heard.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_nobody_has_is_answered_politely_until_somebody_has_it() {
    let rig = Rig::start().await;
    for to in [CLINIC, "", "garbage", "+1", "sip:nobody@example.sip.twilio.com"] {
        let heard = rig.voice(CALLER, to, &call_sid()).await;
        assert_eq!(heard.status, 200, "{to}");
        assert!(heard.body.contains("<Say") && heard.body.contains("<Hangup/>"), "{}", heard.body);
    }
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    assert!(rig.voice(CALLER, CLINIC, &call_sid()).await.body.contains("sip.vapi.ai"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sip_caller_finds_the_tenant_by_any_of_its_names() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let (_, row) = rig.admin(Method::GET, &format!("/api/tenants/{tenant}"), None).await;
    let slug = row["slug"].as_str().expect("a slug").to_owned();
    let names =
        [slug.clone(), slug.to_uppercase(), format!("clinic-{tenant}"), CLINIC.to_owned(), CLINIC.replace('+', "%2B")];
    for name in names {
        for to in [
            format!("sip:{name}@acme.sip.twilio.com"),
            format!("sips:{name}@acme.sip.dublin.twilio.com:5061;transport=tls"),
        ] {
            let sid = call_sid();
            let fields =
                [("CallSid", sid.as_str()), ("From", "sip:pbx@10.0.0.1"), ("To", &to), ("CallStatus", "ringing")];
            let heard = rig.post("/api/twilio/sip", &fields).await;
            assert!(heard.body.contains("sip.vapi.ai"), "{to}: {}", heard.body);
        }
    }
    let sid = call_sid();
    let fields = [
        ("CallSid", sid.as_str()),
        ("From", "sip:pbx@10.0.0.1"),
        ("To", &format!("sip:{slug}@acme.sip.twilio.com")),
        ("SipUsername", "somebody-else"),
        ("CallStatus", "ringing"),
    ];
    let heard = rig.post("/api/twilio/sip", &fields).await;
    assert!(!heard.body.contains("sip.vapi.ai"), "another's credentials: {}", heard.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voicemail_is_kept_once_however_often_twilio_tells_of_it() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "disabled"})).await;
    let sid = call_sid();
    let first = rig.voice(CALLER, CLINIC, &sid).await;
    let done = attribute(&first.body, "action").expect("an action");
    let recorded = attribute(&first.body, "recordingStatusCallback").expect("a callback");
    let news = [
        ("CallSid", sid.as_str()),
        ("RecordingSid", "RE1"),
        ("RecordingUrl", "https://recordings.example.com/RE1"),
        ("RecordingStatus", "completed"),
        ("RecordingDuration", "7"),
    ];
    rig.post_url(&done, &[("CallSid", sid.as_str()), ("From", CALLER), ("RecordingDuration", "7")]).await;
    for _ in 0..5 {
        assert_eq!(rig.post_url(&recorded, &news).await.status, 204);
    }
    // A real callback of a call we never saw: kept all the same.
    let stranger = [("CallSid", "CAstranger"), ("RecordingSid", "RE2"), ("RecordingStatus", "completed")];
    assert_eq!(rig.post("/api/twilio/voicemail", &stranger).await.status, 204);
    let list = rig
        .eventually("both voicemails are listed", async || {
            let (_, list) = rig.admin(Method::GET, "/api/voicemails", None).await;
            (list["data"].as_array()?.len() >= 2).then_some(list)
        })
        .await;
    let data = list["data"].as_array().expect("a list");
    assert_eq!(data.len(), 2, "{list}");
    let ours = data.iter().find(|row| row["recordingSid"] == "RE1").expect("the tenant's");
    assert_eq!((&ours["tenantId"], &ours["duration"], &ours["from"]), (&json!(tenant), &json!(7), &json!(CALLER)));
    let unassigned = data.iter().find(|row| row["recordingSid"] == "RE2").expect("the stranger's");
    assert!(unassigned["tenantId"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_with_another_tenants_walk_is_refused() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let other = rig.tenant("Acme Pizza", "+16475550112", json!({"mode": "always"})).await;
    let sid = call_sid();
    let first = rig.voice(CALLER, CLINIC, &sid).await;
    let action = attribute(&first.body, "action").expect("an action");
    let start = action.find("t=ten_").expect("the tenant") + 2;
    let forged = format!("{}{other}{}", &action[..start], &action[start + other.len()..]);
    let fields = [("CallSid", sid.as_str()), ("DialCallStatus", "no-answer"), ("CallStatus", "in-progress")];
    assert_eq!(rig.post_url(&forged, &fields).await.status, 403);
    let unsigned = rig.http.post(action.split('#').next().unwrap()).form(&fields).send().await.unwrap();
    assert_eq!(unsigned.status().as_u16(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn get_works_like_post_and_other_methods_do_not() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let query = format!("AccountSid={ACCOUNT}&CallSid={}&From=%2B14165550101&To=%2B16475550111", call_sid());
    let url = format!("{}/api/twilio/voice?{query}", rig.base());
    let signature = sign(&url, &[]);
    let answer = rig.http.get(&url).header("X-Twilio-Signature", signature).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert!(answer.text().await.unwrap().contains("sip.vapi.ai"));
    assert_eq!(rig.http.put(&url).send().await.unwrap().status().as_u16(), 405);
    assert_eq!(rig.http.get(format!("{}/api/tenants", rig.base())).send().await.unwrap().status().as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_may_not_call_in_on_another_accounts_number() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    rig.owned(&tenant, "+16475550113", json!({"accountSid": "AC00000000000000000000000000000002"})).await;
    let heard = rig.voice(CALLER, "+16475550113", &call_sid()).await;
    assert!(!heard.body.contains("sip.vapi.ai"), "{}", heard.body);
    assert!(heard.body.contains("<Hangup/>"), "{}", heard.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn vapi_asks_and_gets_the_same_decision_and_never_an_error_status() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    rig.owned(&tenant, "+16475550114", json!({"vapiNumberId": "vapi-number-1"})).await;
    let ask = async |message: serde_json::Value| {
        let url = format!("{}/api/vapi/webhook", rig.base());
        let request = rig.http.post(url).header("X-Vapi-Secret", VAPI_SECRET).json(&json!({ "message": message }));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.unwrap())
    };
    let asks = |call: &str| {
        json!({"type": "assistant-request", "call": {"id": call}, "phoneNumber": {"id": "vapi-number-1"},
               "customer": {"number": CALLER}})
    };
    let (status, answer) = ask(asks("vapi-call-1")).await;
    assert_eq!((status, &answer["assistantId"]), (200, &json!("asst-1")), "{answer}");
    assert_eq!(rig.running.handler.ledger.live().await.len(), 1);
    ask(json!({"type": "status-update", "status": "ended", "call": {"id": "vapi-call-1"}})).await;
    assert!(rig.running.handler.ledger.live().await.is_empty());
    rig.availability(
        &tenant,
        json!({"mode": "disabled", "fallback": {"type": "forward", "forwardNumber": "+14165550122"}}),
    )
    .await;
    let (_, answer) = ask(asks("vapi-call-2")).await;
    assert_eq!(answer["destination"]["number"], json!("+14165550122"), "{answer}");
    for garbage in [json!(null), json!({}), json!({"type": "assistant-request"}), json!({"type": 7}), json!([])] {
        let (status, answer) = ask(garbage).await;
        assert_eq!(status, 200);
        assert!(answer.is_object());
    }
    let url = format!("{}/api/vapi/webhook", rig.base());
    assert_eq!(rig.http.post(url).json(&json!({})).send().await.unwrap().status().as_u16(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_we_dialled_to_vapi_is_not_decided_or_counted_again() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let sid = call_sid();
    rig.voice(CALLER, CLINIC, &sid).await;
    let message = json!({"type": "assistant-request", "phoneNumber": {"id": "sip-endpoint"},
        "call": {"id": "v-1", "phoneCallProviderDetails": {"sip": {"headers": {"x-callsid": sid}}}}});
    let url = format!("{}/api/vapi/webhook", rig.base());
    let request = rig.http.post(url).header("X-Vapi-Secret", VAPI_SECRET).json(&json!({ "message": message }));
    let answer: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["assistantId"], json!("asst-1"), "{answer}");
    assert_eq!(rig.running.handler.ledger.live().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_call_that_comes_round_is_caught() {
    let rig = Rig::start().await;
    let staff = "+14165550122";
    rig.tenant(
        "Smile Dental",
        CLINIC,
        json!({"mode": "disabled", "fallback": {"type": "forward", "forwardNumber": staff}}),
    )
    .await;
    let sid = call_sid();
    let first = rig.voice(CALLER, CLINIC, &sid).await;
    assert!(first.body.contains(staff), "{}", first.body);
    let round = |from: &'static str, forwarded: &'static [(&'static str, &'static str)]| {
        let rig = &rig;
        async move {
            let sid = call_sid();
            let fields = [("CallSid", sid.as_str()), ("From", from), ("To", CLINIC), ("CallStatus", "ringing")];
            rig.post("/api/twilio/voice", &[&fields[..], forwarded].concat()).await.body
        }
    };
    assert!(round("+14165550103", &[("ForwardedFrom", "+14165550122")]).await.contains("<Record"));
    assert!(round(CALLER, &[]).await.contains("<Record"), "the same caller again while staff rings");
    assert!(round(CLINIC, &[]).await.contains("<Record"), "our own number calls");
    assert!(round("+14165550104", &[]).await.contains(staff), "another caller is forwarded as ever");
}
