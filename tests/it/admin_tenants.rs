//! Tenants through the admin API.

use axum::http::Method;
use patchbay::model::{Change, TenantId};
use serde_json::{Value, json};

use crate::admin_desk::Desk;

const USERNAME: &str = "smile-dental-front-desk";
const PASSWORD: &str = "correct-horse-battery-st";

#[tokio::test]
async fn a_tenant_needs_only_a_name() {
    let desk = Desk::new().await;
    let answer = desk.post("/api/tenants", json!({"name": "Smile Dental"})).await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let location = answer.header("location").to_owned();
    let tenant = answer.expect(201);
    assert_eq!(tenant["slug"], "smile-dental");
    assert_eq!(tenant["timezone"], "UTC");
    assert_eq!(tenant["country"], "US");
    assert_eq!(tenant["target"], Value::Null);
    assert_eq!(tenant["connect"], json!({"via": "sip", "hasPassword": false}));
    assert_eq!(tenant["version"], 1);
    assert_eq!(tenant["createdAt"], "2026-11-20T15:00:00Z");
    assert!(tenant["orgId"].as_str().unwrap().starts_with("org_"));
    assert_eq!(location, format!("/api/tenants/{}", tenant["id"].as_str().unwrap()));

    assert_eq!(desk.get(&location).await.expect(200), tenant);
}

#[tokio::test]
async fn a_new_tenant_answers_always_and_falls_back_to_voicemail() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let settings = desk.get(&format!("/api/tenants/{id}/availability")).await.expect(200);
    assert_eq!(
        settings,
        json!({
            "mode": "always",
            "afterHours": {"enabled": false},
            "highVolume": {"enabled": false, "threshold": 5},
            "customSchedule": {"enabled": false, "rules": []},
            "fallback": {"type": "voicemail"}
        })
    );
}

#[tokio::test]
async fn everything_given_is_kept_and_the_password_never_told() {
    let desk = Desk::new().await;
    let body = json!({
        "name": "Café \"Brûlé\" ]]> 🍕", "slug": "cafe", "timezone": "america/toronto", "country": "ca",
        "language": "fr-CA", "voice": "Polly.Chantal", "target": {"kind": "squad", "id": "front-desk"},
        "connect": {"via": "sip", "sipUri": "sip:cafe@sip.vapi.ai", "username": USERNAME, "password": PASSWORD, "timeoutSeconds": 15},
        "assignPhone": false, "forceTwilio": false
    });
    let answer = desk.post("/api/tenants", body).await;
    assert!(!answer.text.contains(PASSWORD));
    let tenant = answer.expect(201);
    assert_eq!(tenant["name"], "Café \"Brûlé\" ]]> 🍕");
    assert_eq!(tenant["timezone"], "America/Toronto");
    assert_eq!(tenant["country"], "CA");
    assert_eq!(tenant["language"], "fr-CA");
    assert_eq!(tenant["voice"], "Polly.Chantal");
    assert_eq!(tenant["target"], json!({"kind": "squad", "id": "front-desk"}));
    let connect = json!({"via": "sip", "sipUri": "sip:cafe@sip.vapi.ai", "username": USERNAME, "hasPassword": true, "timeoutSeconds": 15});
    assert_eq!(tenant["connect"], connect);

    let id = TenantId::parse(tenant["id"].as_str().unwrap()).unwrap();
    let kept = desk.store.tenant(&id).await.unwrap().unwrap();
    assert_eq!(kept.connect.password.unwrap().reveal(), PASSWORD);
}

#[tokio::test]
async fn tenants_of_one_name_get_slugs_of_their_own() {
    let desk = Desk::new().await;
    let mut slugs = Vec::new();
    for _ in 0..12 {
        let tenant = desk.post("/api/tenants", json!({"name": "Smile Dental"})).await.expect(201);
        slugs.push(tenant["slug"].as_str().unwrap().to_owned());
    }
    assert_eq!(slugs[..3], ["smile-dental", "smile-dental-2", "smile-dental-3"]);
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 12);
}

#[tokio::test]
async fn a_slug_asked_for_and_taken_is_a_conflict() {
    let desk = Desk::new().await;
    let one = desk.tenant("Smile Dental").await;
    let two = desk.tenant("Acme Pizza").await;
    let taken = desk.post("/api/tenants", json!({"name": "Other", "slug": "smile-dental"})).await;
    assert_eq!(taken.problem(409), ("slug_taken".into(), vec!["/slug slug_taken".into()]));
    let taken = desk.patch(&format!("/api/tenants/{two}"), json!({"slug": "smile-dental"})).await;
    assert_eq!(taken.problem(409).0, "slug_taken");
    desk.patch(&format!("/api/tenants/{one}"), json!({"slug": "smile-dental"})).await.expect(200);
}

#[tokio::test]
async fn every_fault_of_a_new_tenant_is_named_and_nothing_kept() {
    let desk = Desk::new().await;
    let body = json!({
        "slug": "sip_ca5ecdfd", "timezone": "Mars/Olympus", "country": "XX", "language": "english!", "voice": "a b",
        "target": {"kind": "robot"}, "connect": {"via": "fax", "sipUri": "front desk", "username": "", "timeoutSeconds": 4},
        "assignPhone": "yes", "shoeSize": 44
    });
    let mut faults = desk.post("/api/tenants", body).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/assignPhone type",
            "/connect/sipUri sip_uri",
            "/connect/timeoutSeconds range",
            "/connect/username too_short",
            "/connect/via unknown_value",
            "/country country",
            "/language wrong_form",
            "/name required",
            "/shoeSize unknown_key",
            "/slug slug_form",
            "/target/id required",
            "/target/kind unknown_value",
            "/timezone timezone",
            "/voice wrong_form",
        ]
    );
    assert_eq!(desk.get("/api/tenants").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn names_that_would_take_another_tenants_calls_are_refused() {
    let desk = Desk::new().await;
    for slug in ["clinic-1", "clinic-", "16475550123"] {
        let faults = desk.post("/api/tenants", json!({"name": "Smile Dental", "slug": slug})).await.faults();
        assert_eq!(faults, ["/slug slug_reserved"], "{slug}");
    }
    for slug in ["", "Smile", "a b", "sip_12345678", "a.b", &"a".repeat(64)] {
        let faults = desk.post("/api/tenants", json!({"name": "Smile Dental", "slug": slug})).await.faults();
        assert_eq!(faults, ["/slug slug_form"], "{slug}");
    }
    let longest = "a".repeat(63);
    desk.post("/api/tenants", json!({"name": "Smile Dental", "slug": longest})).await.expect(201);
}

#[tokio::test]
async fn credentials_come_in_pairs_of_up_to_128_characters() {
    let desk = Desk::new().await;
    let with = |username: Value, password: Value| json!({"name": "A", "connect": {"username": username, "password": password}});
    for (username, password, expected) in [
        (json!("u"), json!("p".repeat(128)), vec![]),
        (json!("u".repeat(128)), json!("p"), vec![]),
        (json!(null), json!(null), vec![]),
        (json!(""), json!("p".repeat(129)), vec!["/connect/username too_short", "/connect/password too_long"]),
        (json!("u".repeat(20)), json!(null), vec!["/connect/password required"]),
        (json!(null), json!("p".repeat(20)), vec!["/connect/username required"]),
        (json!(format!("{} ", "u".repeat(20))), json!("p".repeat(20)), vec!["/connect/username wrong_form"]),
    ] {
        let answer = desk.post("/api/tenants", with(username.clone(), password.clone())).await;
        let faults = if answer.status == 201 { vec![] } else { answer.faults() };
        assert_eq!(faults, expected, "{username} {password}");
    }
}

#[tokio::test]
async fn an_organization_must_exist() {
    let desk = Desk::new().await;
    let nobody = "org_00000000000000000000000000";
    let faults = desk.post("/api/tenants", json!({"name": "A", "orgId": nobody})).await.faults();
    assert_eq!(faults, ["/orgId not_found"]);
    let platform = desk.store.platform_org().await.unwrap().id;
    desk.post("/api/tenants", json!({"name": "A", "orgId": platform.as_str()})).await.expect(201);
}

#[tokio::test]
async fn a_change_says_what_to_change_and_null_takes_away() {
    let desk = Desk::new().await;
    let body = json!({"name": "Smile Dental", "language": "en-US", "voice": "alice", "target": {"kind": "assistant", "id": "a"},
        "connect": {"sipUri": "sip:a@sip.vapi.ai", "username": USERNAME, "password": PASSWORD}});
    let before = desk.post("/api/tenants", body).await.expect(201);
    let path = format!("/api/tenants/{}", before["id"].as_str().unwrap());
    let change = json!({"name": "Smile North", "voice": null, "target": null, "connect": {"timeoutSeconds": 20}});
    let answer = desk.patch(&path, change).await;
    assert_eq!(answer.header("etag"), "\"2\"");
    let after = answer.expect(200);
    let mut expected = before.clone();
    expected["name"] = json!("Smile North");
    expected["target"] = json!(null);
    expected["connect"]["timeoutSeconds"] = json!(20);
    expected["version"] = json!(2);
    expected.as_object_mut().unwrap().remove("voice");
    assert_eq!(after["slug"], "smile-dental");
    expected["updatedAt"] = after["updatedAt"].clone();
    assert_eq!(after, expected);

    let id = TenantId::parse(before["id"].as_str().unwrap()).unwrap();
    let kept = desk.store.tenant(&id).await.unwrap().unwrap();
    assert_eq!(kept.connect.password.unwrap().reveal(), PASSWORD);

    let faults = desk.patch(&path, json!({"name": null, "id": "x", "connect": {"password": null}})).await.faults();
    assert_eq!(faults, ["/name type", "/id unknown_key"]);
    assert_eq!(
        desk.patch(&path, json!({"connect": {"password": null}})).await.faults(),
        ["/connect/password required"]
    );
    let both = json!({"connect": {"username": null, "password": null}});
    assert_eq!(desk.patch(&path, both).await.expect(200)["connect"]["hasPassword"], false);
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_none() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    desk.told();
    for nothing in [json!({}), json!({"name": "Smile Dental", "connect": {}})] {
        let tenant = desk.patch(&format!("/api/tenants/{id}"), nothing).await.expect(200);
        assert_eq!(tenant["version"], 1);
    }
    assert_eq!(desk.told(), []);
}

#[tokio::test]
async fn a_change_meets_only_the_version_it_was_made_for() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let path = format!("/api/tenants/{id}");
    let change = |tag: &'static str, name: &'static str| {
        let (desk, path) = (&desk, &path);
        async move { desk.ask(Method::PATCH, path, &[("if-match", tag)], Some(json!({"name": name}))).await }
    };
    change("\"1\"", "Smile North").await.expect(200);
    assert_eq!(change("\"1\"", "Smile South").await.problem(412).0, "version_changed");
    assert_eq!(change("W/\"2\"", "Smile South").await.problem(412).0, "version_changed");
    change("\"9\", \"2\"", "Smile South").await.expect(200);
    change("*", "Smile West").await.expect(200);
    let gone = desk.ask(Method::DELETE, &path, &[("if-match", "\"1\"")], None).await;
    assert_eq!(gone.problem(412).0, "version_changed");
    assert_eq!(desk.get(&path).await.expect(200)["name"], "Smile West");
    desk.ask(Method::DELETE, &path, &[("if-match", "\"4\"")], None).await.expect(204);
}

#[tokio::test]
async fn the_other_ways_to_vapi_need_a_number() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let path = format!("/api/tenants/{id}");
    for via in ["bypass", "redirect"] {
        let faults = desk.patch(&path, json!({"connect": {"via": via}})).await.faults();
        assert_eq!(faults, ["/connect/via needs_number"]);
    }
    desk.patch(&path, json!({"connect": {"via": "sip", "sipUri": "sip:a@sip.vapi.ai"}})).await.expect(200);
    desk.number("+16475550123", &id).await;
    for via in ["bypass", "redirect", "sip"] {
        let tenant = desk.patch(&path, json!({"connect": {"via": via}})).await.expect(200);
        assert_eq!(tenant["connect"]["via"], via);
    }
}

#[tokio::test]
async fn a_deleted_tenant_is_gone_and_its_numbers_rest() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let number = desk.number("+16475550123", &id).await;
    desk.told();
    let answer = desk.delete(&format!("/api/tenants/{id}")).await;
    assert_eq!(answer.text, "");
    answer.expect(204);
    let told = desk.told();
    assert!(told.contains(&Change::Tenant(TenantId::parse(&id).unwrap())));
    assert!(told.contains(&Change::SipName("smile-dental".into())));
    assert!(told.contains(&Change::Number("+16475550123".to_owned().try_into().unwrap())));
    for path in ["", "/availability", "/override", "/plan"] {
        assert_eq!(desk.get(&format!("/api/tenants/{id}{path}")).await.problem(404).0, "not_found");
    }
    let owned = desk.get("/api/numbers/owned").await.expect(200);
    assert_eq!(owned["data"][0]["id"], number.as_str());
    assert_eq!(owned["data"][0]["state"], "resting");
    assert_eq!(owned["data"][0]["tenantId"], Value::Null);
    assert_eq!(desk.delete(&format!("/api/tenants/{id}")).await.problem(404).0, "not_found");
}

#[tokio::test]
async fn whoever_keeps_a_copy_hears_of_every_name_old_and_new() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let tenant = Change::Tenant(TenantId::parse(&id).unwrap());
    let alias = Change::SipName(format!("clinic-{id}"));
    let told = desk.told();
    assert!(told.contains(&tenant) && told.contains(&alias) && told.contains(&Change::SipName("smile-dental".into())));
    desk.patch(&format!("/api/tenants/{id}"), json!({"slug": "smile-north"})).await.expect(200);
    let told = desk.told();
    for change in [tenant, alias, Change::SipName("smile-dental".into()), Change::SipName("smile-north".into())] {
        assert!(told.contains(&change), "{change:?}");
    }
}

#[tokio::test]
async fn lists_come_in_pages_and_can_be_searched() {
    let desk = Desk::new().await;
    for name in ["Acme Pizza", "Corner Garage", "Smile Dental", "Smile North"] {
        desk.tenant(name).await;
    }
    let names = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|tenant| tenant["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = desk.get("/api/tenants?limit=3").await.expect(200);
    assert_eq!(names(&first), ["Acme Pizza", "Corner Garage", "Smile Dental"]);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = desk.get(&format!("/api/tenants?limit=3&cursor={cursor}")).await.expect(200);
    assert_eq!(names(&second), ["Smile North"]);
    assert_eq!(second["nextCursor"], Value::Null);
    assert_eq!(names(&desk.get("/api/tenants?q=smile").await.expect(200)), ["Smile Dental", "Smile North"]);
    assert_eq!(names(&desk.get("/api/tenants?limit=0").await.expect(200)).len(), 1);
    assert_eq!(names(&desk.get("/api/tenants?limit=100000").await.expect(200)).len(), 4);
    let far_too_many = "9".repeat(40);
    assert_eq!(names(&desk.get(&format!("/api/tenants?limit={far_too_many}")).await.expect(200)).len(), 4);
    assert_eq!(names(&desk.get(&format!("/api/tenants?limit=-{far_too_many}")).await.expect(200)).len(), 1);
    assert_eq!(desk.get("/api/tenants?limit=many").await.faults(), ["?limit type"]);
    assert_eq!(desk.get("/api/tenants?cursor=nonsense").await.faults(), ["?cursor bad_cursor"]);
}
