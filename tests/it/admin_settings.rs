//! Availability, override, plan and simulation through the admin API.

use axum::http::Method;
use patchbay::admin::LiveCall;
use patchbay::model::{Arrival, Change, OrgId, Sid, TenantId};
use serde_json::{Value, json};

use crate::admin_desk::{Desk, NOW, PLATFORM};

fn office_hours() -> Value {
    json!({
        "mode": "after-hours-only",
        "afterHours": {"enabled": true, "businessHours": {
            "timezone": "America/Toronto",
            "schedule": {"friday": {"open": "09:00", "close": "17:00"}, "saturday": null}
        }},
        "fallback": {"type": "voicemail", "voicemailGreeting": "Hello"}
    })
}

fn forward(number: Value) -> Value {
    json!({"mode": "disabled", "fallback": {"type": "forward", "forwardNumber": number}})
}

#[tokio::test]
async fn settings_come_back_exactly_as_they_were_given() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let path = format!("/api/tenants/{id}/availability");
    desk.told();
    let mut given = office_hours();
    given["x-notes"] = json!({"nested": [1, 2.50, null, "é\u{202e}"]});
    let answer = desk.put(&path, given.clone()).await;
    assert_eq!(answer.header("etag"), "\"2\"");
    let saved = answer.expect(200);
    assert_eq!(saved["availability"], given);
    assert_eq!(saved["version"], 2);
    assert_eq!(saved["warnings"][0]["pointer"], "/x-notes");
    assert_eq!(saved["warnings"][0]["code"], "unknown_key");
    assert!(desk.told().contains(&Change::Tenant(TenantId::parse(&id).unwrap())));
    let read = desk.get(&path).await;
    assert_eq!(read.header("etag"), "\"2\"");
    assert_eq!(read.text, given.to_string(), "in the order it was given, too");
}

#[tokio::test]
async fn settings_with_faults_change_nothing_and_name_each() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    desk.number("+16475550123", &id).await;
    let path = format!("/api/tenants/{id}/availability");
    let before = desk.get(&path).await.expect(200);
    desk.told();
    let bad = json!({
        "mode": "after-hours-only",
        "afterHours": {"businessHours": {"timezone": "Mars/Olympus", "schedule": {"monday": {"open": "9", "close": "17:00"}}}},
        "highVolume": {"threshold": -1},
        "fallback": {"type": "forward", "forwardNumber": ["+16475550123", "+19005550100"]}
    });
    let faults = desk.put(&path, bad).await.faults();
    for pointer in [
        "/afterHours/businessHours/timezone ",
        "/afterHours/businessHours/schedule/monday/open ",
        "/highVolume/threshold ",
        "/fallback/forwardNumber/0 loop",
        "/fallback/forwardNumber/1 premium_rate",
    ] {
        assert!(faults.iter().any(|fault| fault.starts_with(pointer)), "{pointer} not in {faults:?}");
    }
    assert_eq!(desk.get(&path).await.expect(200), before);
    assert_eq!(desk.told(), []);
    for no_settings in [json!([]), json!("always"), json!(null)] {
        assert_eq!(desk.put(&path, no_settings).await.faults(), [" type"]);
    }
}

#[tokio::test]
async fn what_a_later_build_obeys_is_refused_not_stored() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let path = format!("/api/tenants/{id}/availability");
    let mut given = office_hours();
    given["afterHours"]["businessHours"]["holidayCalendar"] = json!("CA-ON");
    given["override"] = json!({"state": "force-ai"});
    let mut faults = desk.put(&path, given).await.faults();
    faults.sort();
    assert_eq!(faults, ["/afterHours/businessHours/holidayCalendar not_supported", "/override not_supported"]);
}

#[tokio::test]
async fn saving_meets_only_the_version_it_was_made_for() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let path = format!("/api/tenants/{id}/availability");
    let stale = desk.ask(Method::PUT, &path, &[("if-match", "\"7\"")], Some(office_hours())).await;
    assert_eq!(stale.problem(412).0, "version_changed");
    desk.ask(Method::PUT, &path, &[("if-match", "\"1\"")], Some(office_hours())).await.expect(200);
}

#[tokio::test]
async fn forwards_that_come_back_are_refused_through_other_tenants_too() {
    let desk = Desk::new().await;
    let (one, two, three) = (desk.tenant("One").await, desk.tenant("Two").await, desk.tenant("Three").await);
    desk.number("+16475550101", &one).await;
    desk.number("+16475550102", &two).await;
    desk.number("+16475550103", &three).await;
    let save = |tenant: &str, number: &'static str| {
        let (desk, path) = (&desk, format!("/api/tenants/{tenant}/availability"));
        async move { desk.put(&path, forward(json!(number))).await }
    };
    assert_eq!(save(&one, "+16475550101").await.faults(), ["/fallback/forwardNumber loop"]);
    save(&one, "+16475550102").await.expect(200);
    save(&two, "+16475550103").await.expect(200);
    assert_eq!(save(&three, "+16475550101").await.faults(), ["/fallback/forwardNumber loop"]);
    save(&three, "+16475550188").await.expect(200);
}

#[tokio::test]
async fn countries_are_judged_once_there_is_a_number() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let path = format!("/api/tenants/{id}/availability");
    let to_britain = forward(json!("+442079460123"));
    desk.put(&path, to_britain.clone()).await.expect(200);
    desk.number("+16475550123", &id).await;
    assert_eq!(
        desk.put(&path, forward(json!(["+442079460124"]))).await.faults(),
        ["/fallback/forwardNumber/0 country_not_allowed"]
    );
    desk.put(&path, forward(json!("+14165550123"))).await.expect(200);
}

async fn warnings(desk: &Desk, id: &str, settings: Value) -> Vec<String> {
    let saved = desk.put(&format!("/api/tenants/{id}/availability"), settings).await.expect(200);
    let warnings = saved["warnings"].as_array().unwrap().clone();
    let word = |fault: &Value| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
    warnings.iter().map(word).collect()
}

#[tokio::test]
async fn a_forward_without_a_number_to_show_warns() {
    let desk = Desk::with(|state| state.around = Default::default()).await;
    let id = desk.tenant("Smile Dental").await;
    let found = warnings(&desk, &id, forward(json!("+16475550188"))).await;
    assert_eq!(found, ["/fallback/type no_caller_id"]);
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    assert_eq!(warnings(&desk, &id, forward(json!("+16475550188"))).await, Vec::<String>::new());
}

#[tokio::test]
async fn counting_calls_that_never_come_here_warns() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let overflow =
        |threshold: u32| json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": threshold}});
    assert_eq!(warnings(&desk, &id, overflow(3)).await, ["/mode overflow_unseen"]);
    desk.number("+16475550123", &id).await;
    assert_eq!(warnings(&desk, &id, overflow(4)).await, Vec::<String>::new());
}

#[tokio::test]
async fn voicemail_on_free_numbers_alone_warns() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let free = json!({"e164": "+12055550123", "tenantId": id, "vapiNumberId": "vapi-1"});
    desk.post("/api/numbers/owned", free).await.expect(201);
    let voicemail =
        |greeting: &str| json!({"mode": "always", "fallback": {"type": "voicemail", "voicemailGreeting": greeting}});
    assert_eq!(warnings(&desk, &id, voicemail("Hello")).await, ["/fallback/type voicemail_needs_twilio"]);
    desk.number("+12055550124", &id).await;
    assert_eq!(warnings(&desk, &id, voicemail("Hi")).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_override_is_set_read_and_taken_away() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let path = format!("/api/tenants/{id}/override");
    assert_eq!(desk.get(&path).await.expect(200), Value::Null);
    desk.told();
    let body = json!({"state": "force-fallback", "until": "2026-11-20T12:00:00-05:00", "note": "party"});
    let kept = json!({"state": "force-fallback", "until": "2026-11-20T17:00:00Z", "note": "party"});
    let answer = desk.put(&path, body).await;
    assert_eq!(answer.header("etag"), "\"2\"");
    assert_eq!(answer.expect(200), kept);
    assert!(desk.told().contains(&Change::Tenant(TenantId::parse(&id).unwrap())));
    assert_eq!(desk.get(&path).await.expect(200), kept);
    // Saving availability leaves it alone.
    desk.put(&format!("/api/tenants/{id}/availability"), office_hours()).await.expect(200);
    assert_eq!(desk.get(&path).await.expect(200), kept);
    desk.delete(&path).await.expect(204);
    assert_eq!(desk.get(&path).await.expect(200), Value::Null);
    desk.delete(&path).await.expect(204);
    let forever = json!({"state": "force-ai", "until": null, "note": null});
    assert_eq!(desk.put(&path, json!({"state": "force-ai"})).await.expect(200), forever);
}

#[tokio::test]
async fn an_override_of_the_past_or_of_nonsense_is_refused() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let path = format!("/api/tenants/{id}/override");
    for (body, faults) in [
        (json!({"state": "force-ai", "until": NOW}), vec!["/until in_the_past"]),
        (json!({"state": "force-ai", "until": "2026-11-20T14:59:59Z"}), vec!["/until in_the_past"]),
        (
            json!({"state": "off", "until": "tomorrow", "why": 1}),
            vec!["/state unknown_value", "/until date_time", "/why unknown_key"],
        ),
        (json!({"until": "2026-11-20T18:00:00"}), vec!["/state required", "/until date_time"]),
        (json!({"state": null, "note": "a\0b"}), vec!["/state type", "/note control_character"]),
    ] {
        assert_eq!(desk.put(&path, body.clone()).await.faults(), faults, "{body}");
    }
    desk.put(&path, json!({"state": "force-ai", "until": "2026-11-20T15:00:01Z"})).await.expect(200);
}

#[tokio::test]
async fn an_override_that_is_over_is_shown_no_more() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let path = format!("/api/tenants/{id}/override");
    desk.put(&path, json!({"state": "force-ai", "until": "2026-11-20T15:00:01Z"})).await.expect(200);
    let later = {
        let mut state = desk.state.clone();
        state.now = std::sync::Arc::new(|| "2026-11-20T15:00:01Z".parse().unwrap());
        desk.moved_to(state)
    };
    assert_eq!(later.get(&path).await.expect(200), Value::Null);
}

#[tokio::test]
async fn a_plan_is_empty_and_stays_so() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let path = format!("/api/tenants/{id}/plan");
    assert_eq!(desk.get(&path).await.expect(200), json!({}));
    assert_eq!(desk.put(&path, json!({})).await.expect(200), json!({}));
    let faults = desk.put(&path, json!({"staffFirst": {"seconds": 15}, "menu": null, "a/b": 1})).await.faults();
    assert_eq!(faults, ["/staffFirst not_supported", "/menu not_supported", "/a~1b not_supported"]);
    assert_eq!(desk.put(&path, json!([])).await.faults(), [" type"]);
    let stale = desk.ask(Method::PUT, &path, &[("if-match", "\"7\"")], Some(json!({}))).await;
    assert_eq!(stale.problem(412).0, "version_changed");
}

async fn simulate(desk: &Desk, id: &str, body: Value) -> Value {
    desk.post(&format!("/api/tenants/{id}/simulate"), body).await.expect(200)
}

/// A tenant whose AI can be dialled.
async fn reachable(desk: &Desk) -> String {
    let id = desk.tenant("Smile Dental").await;
    let connect = json!({"connect": {"sipUri": "sip:smile@sip.vapi.ai"}});
    desk.patch(&format!("/api/tenants/{id}"), connect).await.expect(200);
    id
}

#[tokio::test]
async fn a_simulated_call_is_decided_explained_and_worded() {
    let desk = Desk::new().await;
    let id = reachable(&desk).await;
    desk.number("+16475550123", &id).await;
    desk.put(&format!("/api/tenants/{id}/availability"), office_hours()).await.expect(200);
    desk.told();

    let open = simulate(&desk, &id, json!({"at": "2026-11-20T21:59:59Z"})).await;
    assert_eq!(open["decision"], json!({"available": false, "reason": "business-hours"}));
    assert_eq!(open["nextChange"], "2026-11-20T22:00:00Z");
    assert!(open["twiml"].as_str().unwrap().contains("<Record"), "{open}");
    assert_eq!(open["plan"].as_array().unwrap().len(), 1);
    assert_eq!(open["plan"][0]["step"], "voicemail");
    assert!(open["trace"].as_array().unwrap().iter().any(|entry| entry["rule"] == "afterHours"), "{open}");

    let closed = simulate(&desk, &id, json!({"at": "2026-11-20T22:00:00Z", "from": "+16475550188"})).await;
    assert_eq!(closed["decision"], json!({"available": true, "reason": "after-hours"}));
    assert!(closed["twiml"].as_str().unwrap().contains("sip:smile@sip.vapi.ai"));
    let steps: Vec<_> = closed["plan"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["ai", "voicemail"]);
    assert!(closed["twiml"].as_str().unwrap().contains("https://edge.example.com/api/twilio/next"));
    assert_eq!(desk.told(), [], "nothing was changed");
}

#[tokio::test]
async fn a_simulation_does_not_tell_the_password_at_vapi() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let connect = json!({"connect": {"sipUri": "sip:smile@sip.vapi.ai", "username": "a-user-name-of-twenty-chars",
        "password": "a-password-of-twenty-and-more"}});
    desk.patch(&format!("/api/tenants/{id}"), connect).await.expect(200);
    let outcome = simulate(&desk, &id, json!({})).await;
    assert!(outcome["twiml"].as_str().unwrap().contains("username=\"a-user-name-of-twenty-chars\" password=\"•••\""));
    assert!(!outcome.to_string().contains("a-password"), "{outcome}");
}

#[tokio::test]
async fn settings_can_be_tried_before_they_are_saved() {
    let desk = Desk::new().await;
    let id = reachable(&desk).await;
    let path = format!("/api/tenants/{id}/availability");
    let before = desk.get(&path).await.text;
    let tried = json!({"availability": {"mode": "disabled", "fallback": {"type": "busy-signal"}}});
    let outcome = simulate(&desk, &id, tried).await;
    assert_eq!(outcome["decision"], json!({"available": false, "reason": "disabled"}));
    assert_eq!(outcome["at"], NOW);
    assert_eq!(outcome["plan"][0]["step"], "busy");
    assert_eq!(desk.get(&path).await.text, before);
    let bad = json!({"availability": {"mode": "perhaps"}, "at": NOW});
    let faults = desk.post(&format!("/api/tenants/{id}/simulate"), bad).await.faults();
    assert!(faults[0].starts_with("/availability/mode "), "{faults:?}");
    let bad = json!({"at": "now", "activeCalls": -1, "from": 1, "to": "x"});
    let faults = desk.post(&format!("/api/tenants/{id}/simulate"), bad).await.faults();
    assert_eq!(faults, ["/at date_time", "/activeCalls range", "/from type", "/to not_e164"]);
}

#[tokio::test]
async fn others_count_as_given_or_as_they_are() {
    let desk = Desk::new().await;
    let id = reachable(&desk).await;
    let overflow = json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": 2}});
    desk.number("+16475550123", &id).await;
    desk.put(&format!("/api/tenants/{id}/availability"), overflow).await.expect(200);
    let reason = |outcome: &Value| outcome["decision"]["reason"].as_str().unwrap().to_owned();
    assert_eq!(reason(&simulate(&desk, &id, json!({"activeCalls": 1})).await), "under-capacity");
    assert_eq!(reason(&simulate(&desk, &id, json!({"activeCalls": 2})).await), "overflow");
    for (sid, with_ai) in [("CA1", false), ("CA2", false), ("CA3", true)] {
        desk.live.lock().unwrap().push(LiveCall {
            sid: Sid::parse(sid).unwrap(),
            tenant_id: TenantId::parse(&id).unwrap(),
            org_id: OrgId::parse(PLATFORM).unwrap(),
            arrival: Arrival::Number,
            with_ai,
            began: NOW.parse().unwrap(),
            heard: NOW.parse().unwrap(),
        });
    }
    let now = desk.ask(Method::POST, &format!("/api/tenants/{id}/simulate"), &[], None).await.expect(200);
    assert_eq!((reason(&now).as_str(), &now["activeCalls"]), ("overflow", &json!(2)));
    assert_eq!(simulate(&desk, &id, Value::Null).await, now, "null is as good as no body");
    let then = simulate(&desk, &id, json!({"at": "2027-01-01T00:00:00Z"})).await;
    assert_eq!((reason(&then).as_str(), &then["activeCalls"]), ("under-capacity", &json!(0)));
}

#[tokio::test]
async fn a_simulation_knows_what_the_edge_adds_to_the_rules() {
    let desk = Desk::new().await;
    let bare = desk.tenant("Acme Pizza").await;
    let outcome = simulate(&desk, &bare, json!({})).await;
    assert_eq!(outcome["decision"], json!({"available": false, "reason": "not-configured"}));

    let id = reachable(&desk).await;
    desk.number("+16475550123", &id).await;
    let voicemail = json!({"e164": "+16475550124", "tenantId": id, "purpose": "voicemail"});
    desk.post("/api/numbers/owned", voicemail).await.expect(201);
    let outcome = simulate(&desk, &id, json!({"from": "+16475550123"})).await;
    assert_eq!(outcome["decision"]["reason"], "loop");
    assert_eq!(outcome["plan"][0]["step"], "voicemail");
    let outcome = simulate(&desk, &id, json!({"to": "+16475550124"})).await;
    assert_eq!(outcome["decision"]["reason"], "voicemail-number");
    let path = format!("/api/tenants/{id}/simulate");
    assert_eq!(desk.post(&path, json!({"to": "+16475550125"})).await.faults(), ["/to not_found"]);
    assert_eq!(
        desk.post(&path.replace(&id, "ten_00000000000000000000000000"), json!({})).await.problem(404).0,
        "not_found"
    );
}
