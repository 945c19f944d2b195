//! Endpoints of webhooks over the API: made, changed, rotated, tried out, sent again.

use axum::http::Method;
use patchbay::model::SigningSecret;
use serde_json::{Value, json};

use crate::admin_access::World;
use crate::admin_desk::Desk;

async fn made(desk: &Desk, extra: Value) -> Value {
    let mut body = json!({"url": "https://hooks.example.com/patchbay", "events": ["call.ended", "ai.breaker"]});
    for (name, value) in extra.as_object().unwrap() {
        body[name] = value.clone();
    }
    desk.post("/api/webhooks", body).await.expect(201)
}

fn at(webhook: &Value, rest: &str) -> String {
    format!("/api/webhooks/{}{rest}", webhook["id"].as_str().unwrap())
}

async fn poke(desk: &Desk, path: &str) -> crate::admin_desk::Answer {
    desk.ask(Method::POST, path, &[], None).await
}

#[tokio::test]
async fn a_secret_is_shown_when_it_is_made_and_never_again() {
    let desk = Desk::new().await;
    let webhook = made(&desk, json!({"description": "dashboard"})).await;
    let secret = webhook["secret"].as_str().unwrap();
    assert_eq!(SigningSecret::parse(secret).unwrap().key().len(), 32);
    let mut shown = webhook.clone();
    shown.as_object_mut().unwrap().remove("secret");
    let expected = json!({
        "id": webhook["id"], "orgId": null, "tenantId": null, "url": "https://hooks.example.com/patchbay",
        "events": ["call.ended", "ai.breaker"], "description": "dashboard", "enabled": true, "disabledReason": null,
        "version": 1, "createdAt": webhook["createdAt"], "updatedAt": webhook["createdAt"],
    });
    assert_eq!(shown, expected);
    let read = desk.get(&at(&webhook, "")).await;
    assert_eq!(read.header("etag"), "\"1\"");
    assert_eq!(read.expect(200), expected);
    let rotated = desk.post(&at(&webhook, "/rotate"), json!({})).await.expect(200);
    let next = rotated["secret"].as_str().unwrap();
    assert_eq!(rotated["version"], 2);
    let brought = SigningSecret::new([42; 32]);
    let brought = brought.spelled().reveal();
    let again = desk.post(&at(&webhook, "/rotate"), json!({"secret": brought})).await.expect(200);
    assert_eq!(again["secret"], brought);
    let own = made(&desk, json!({"secret": brought})).await;
    assert_eq!(own["secret"], brought);
    for path in ["/api/webhooks", "/api/audit", &at(&webhook, ""), &at(&webhook, "/deliveries")] {
        let text = desk.get(path).await.text;
        assert!(![secret, next, brought, "whsec_"].iter().any(|part| text.contains(part)), "{path}: {text}");
    }
}

#[tokio::test]
async fn every_fault_of_an_endpoint_is_named_and_nothing_is_made() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    let refused = async |body: Value| desk.post("/api/webhooks", body).await.faults();
    let url = "https://hooks.example.com/";
    for (body, faults) in [
        (json!({}), vec!["/events required", "/url required"]),
        (json!({"url": url, "events": []}), vec!["/events too_short"]),
        (json!({"url": url, "events": ["call.began"]}), vec!["/events/0 unknown_value"]),
        (json!({"url": url, "events": ["call.ended"], "secret": "whsec_short"}), vec!["/secret not_a_secret"]),
        (json!({"url": "ftp://hooks.example.com/", "events": ["call.ended"]}), vec!["/url scheme"]),
        (json!({"url": url, "events": ["ai.breaker"], "tenantId": tenant}), vec!["/events/0 installation_only"]),
        (json!({"url": url, "events": ["call.ended"], "colour": 1}), vec!["/colour unknown_key"]),
        (
            json!({"url": "http://hooks.example.com/", "events": ["callback.requested"], "secret": "x"}),
            vec!["/events/0 not_supported", "/secret not_a_secret", "/url scheme"],
        ),
        (
            json!({"url": url, "events": ["call.ended"], "tenantId": "ten_00000000000000000000000000"}),
            vec!["/tenantId not_found"],
        ),
        (
            json!({"url": url, "events": ["call.ended"], "orgId": "org_01kafbd2x0q7h3m8w5r9t2c6ze", "tenantId": tenant}),
            vec!["/orgId one_owner"],
        ),
    ] {
        let mut found = refused(body.clone()).await;
        found.sort();
        assert_eq!(found, faults, "{body}");
    }
    let unbuilt = json!({"url": url, "events": ["call.ended", "callback.requested"]});
    assert_eq!(refused(unbuilt).await, ["/events/1 not_supported"]);
    assert_eq!(desk.get("/api/webhooks").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn a_change_raises_the_version_and_a_stale_one_is_refused() {
    let desk = Desk::new().await;
    let webhook = made(&desk, json!({})).await;
    let path = at(&webhook, "");
    let patch = json!({"events": ["voicemail.created", "voicemail.created"], "enabled": false});
    let changed = desk.ask(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(patch.clone())).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    let changed = changed.expect(200);
    assert_eq!((&changed["events"], &changed["enabled"]), (&json!(["voicemail.created"]), &json!(false)));
    assert_eq!(changed["url"], webhook["url"], "what is absent stays");
    let late = desk.ask(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(patch.clone())).await;
    assert_eq!(late.problem(412).0, "version_changed");
    assert_eq!(desk.patch(&path, patch).await.expect(200)["version"], 2, "what changes nothing is no change");
    assert_eq!(desk.patch(&path, json!({"url": "http://10.0.0.1/"})).await.faults(), ["/url scheme"]);
    assert_eq!(desk.ask(Method::DELETE, &path, &[("if-match", "\"1\"")], None).await.problem(412).0, "version_changed");
    desk.delete(&path).await.expect(204);
    assert_eq!(desk.get(&path).await.problem(404).0, "not_found");
}

#[tokio::test]
async fn a_test_is_put_in_line_and_shows_among_the_deliveries() {
    let desk = Desk::new().await;
    let webhook = made(&desk, json!({})).await;
    let sent = poke(&desk, &at(&webhook, "/test")).await.expect(202);
    let page = desk.get(&at(&webhook, "/deliveries?state=pending")).await.expect(200);
    let delivery = &page["data"][0];
    assert_eq!(delivery["id"], sent["id"]);
    assert_eq!(
        (&delivery["type"], &delivery["state"], &delivery["attempts"]),
        (&json!("webhook.test"), &json!("pending"), &json!(0))
    );
    assert_eq!(
        delivery["payload"],
        json!({
            "type": "webhook.test", "timestamp": delivery["at"], "data": {"webhookId": webhook["id"]},
        })
    );
    for (state, rows) in [("pending", 1), ("dead", 0), ("delivered", 0)] {
        let page = desk.get(&at(&webhook, &format!("/deliveries?state={state}"))).await.expect(200);
        assert_eq!(page["data"].as_array().unwrap().len(), rows, "{state}");
    }
    for wrong in ["lost", ""] {
        let refused = desk.get(&at(&webhook, &format!("/deliveries?state={wrong}"))).await;
        assert_eq!(refused.faults(), ["?state unknown_value"]);
    }
    assert_eq!(desk.get(&at(&webhook, "/deliveries?cursor=mine")).await.faults(), ["?cursor bad_cursor"]);
}

#[tokio::test]
async fn what_a_disabled_endpoint_was_to_be_sent_is_dead_until_somebody_sends_it_again() {
    let desk = Desk::new().await;
    let webhook = made(&desk, json!({})).await;
    let other = made(&desk, json!({})).await;
    let message = poke(&desk, &at(&webhook, "/test")).await.expect(202)["id"].as_str().unwrap().to_owned();
    desk.patch(&at(&webhook, ""), json!({"enabled": false})).await.expect(200);
    let dead = desk.get(&at(&webhook, "/deliveries?state=dead")).await.expect(200);
    assert_eq!((&dead["data"][0]["id"], &dead["data"][0]["nextAt"]), (&json!(message), &json!(null)));
    let one = at(&webhook, &format!("/deliveries/{message}/replay"));
    for path in [at(&webhook, "/test"), at(&webhook, "/replay"), one.clone()] {
        assert_eq!(poke(&desk, &path).await.problem(409).0, "webhook_disabled", "{path}");
    }
    desk.patch(&at(&webhook, ""), json!({"enabled": true})).await.expect(200);
    let foreign = at(&other, &format!("/deliveries/{message}/replay"));
    assert_eq!(poke(&desk, &foreign).await.problem(404).0, "not_found");
    assert_eq!(poke(&desk, &at(&webhook, "/deliveries/garbage/replay")).await.problem(404).0, "not_found");
    let later = json!({"since": "2100-01-01T00:00:00Z"});
    assert_eq!(desk.post(&at(&webhook, "/replay"), later).await.expect(202), json!({"replayed": 0}));
    assert_eq!(desk.post(&at(&webhook, "/replay"), json!({"since": "soon"})).await.faults(), ["/since date_time"]);
    assert_eq!(
        desk.post(&at(&webhook, "/replay"), json!({"state": "pending"})).await.faults(),
        ["/state unknown_value"]
    );
    assert_eq!(poke(&desk, &at(&webhook, "/replay")).await.expect(202), json!({"replayed": 1}));
    let again = poke(&desk, &one).await.expect(202);
    assert_eq!((&again["id"], &again["state"]), (&json!(message), &json!("pending")));
}

#[tokio::test]
async fn an_endpoint_belongs_to_whoever_makes_it_unless_they_say_otherwise() {
    let world = World::new().await;
    let id = async |at: &str| -> Value {
        world.ask(Some("operator"), &Method::GET, at, None).await.expect(200)["id"].clone()
    };
    let (org, tenant) = (id("/api/orgs/{org}").await, id("/api/tenants/{tenant}").await);
    let make = async |who: &'static str, owner: Value| {
        let mut body = json!({"url": "https://hooks.example.com/", "events": ["call.ended"]});
        for (name, value) in owner.as_object().unwrap() {
            body[name] = value.clone();
        }
        world.ask(Some(who), &Method::POST, "/api/webhooks", Some(&body)).await
    };
    let none = json!({});
    for (who, asked, of_org, of_tenant) in [
        ("operator", &none, &Value::Null, &Value::Null),
        ("org", &none, &org, &Value::Null),
        ("tenant", &none, &Value::Null, &tenant),
        ("org", &json!({"tenantId": "{tenant}"}), &Value::Null, &tenant),
        ("operator", &json!({"orgId": "{org}"}), &org, &Value::Null),
    ] {
        let made = make(who, asked.clone()).await.expect(201);
        assert_eq!((&made["orgId"], &made["tenantId"]), (of_org, of_tenant), "{who} {asked}");
    }
    for (who, asked) in [
        ("tenant", json!({"orgId": "{org}"})),
        ("tenant", json!({"tenantId": "{sibling}"})),
        ("org", json!({"tenantId": "{stranger}"})),
        ("org", json!({"orgId": "{other org}"})),
    ] {
        assert_eq!(make(who, asked.clone()).await.problem(404).0, "not_found", "{who} {asked}");
    }
    let breaker = json!({"url": "https://hooks.example.com/", "events": ["ai.breaker"]});
    let refused = world.ask(Some("org"), &Method::POST, "/api/webhooks", Some(&breaker)).await;
    assert_eq!(refused.faults(), ["/events/0 installation_only"]);
    let seen = async |who: &'static str| {
        world.ask(Some(who), &Method::GET, "/api/webhooks", None).await.expect(200)["data"].as_array().unwrap().len()
    };
    // With the one the world is made with.
    assert_eq!((seen("operator").await, seen("org").await, seen("tenant").await, seen("sibling").await), (6, 5, 3, 0));
}
