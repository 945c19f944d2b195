//! Who may see and change what: every route of the OpenAPI document against every kind of token.

use std::collections::BTreeMap;

use axum::http::Method;
use patchbay::model::{Record, Sid, SipPlace, TenantId, VoicemailState};
use serde_json::{Value, json};

use crate::admin_desk::{Answer, Desk};
use crate::store_fixtures::{began, news, numbered};

/// Two organizations, three tenants, and a token of each kind.
pub struct World {
    pub desk: Desk,
    /// What a path or a body may name, by the word that stands for it.
    names: BTreeMap<&'static str, String>,
    tokens: BTreeMap<&'static str, String>,
}

/// What foreign tokens get.
#[derive(Clone, Copy, PartialEq)]
enum Foreign {
    /// What is named is not there for them.
    NotThere,
    /// A list, without anything that is not theirs.
    Nothing,
    /// It is the platform's own business, and nothing foreign is named.
    Forbidden,
}

/// Whose business a route is.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    /// The tenant's own, and its organization's.
    Tenant,
    /// The organization's; its tenants may look at best.
    Org,
    /// The platform's.
    Operator,
}

/// How a route is asked: what stands in braces is a name of the world.
struct Row {
    route: &'static str,
    at: &'static str,
    body: Option<Value>,
    foreign: Foreign,
    owner: Owner,
}

fn row(route: &'static str, at: &'static str, body: Option<Value>, foreign: Foreign, owner: Owner) -> Row {
    Row { route, at, body, foreign, owner }
}

/// Every route under /api/, once.
fn rows() -> Vec<Row> {
    let person = json!({"number": "+16475550111", "tenantId": "{tenant}"});
    use Foreign::{Forbidden, NotThere, Nothing};
    use Owner::{Operator, Org, Tenant};
    let availability = json!({"mode": "always", "fallback": {"type": "voicemail"}});
    let credentials = json!({"accountSid": "AC00000000000000000000000000000077", "authToken": "an-invented-token"});
    vec![
        row("GET /api/today", "/api/today", None, Nothing, Tenant),
        row("GET /api/search", "/api/search?q=CA0123456789abcdef0123456789abcdef", None, Nothing, Tenant),
        row("GET /api/check", "/api/check", None, Forbidden, Operator),
        row("GET /api/orgs", "/api/orgs", None, Nothing, Org),
        row("POST /api/orgs", "/api/orgs", Some(json!({"name": "Acme"})), Forbidden, Operator),
        row("GET /api/orgs/{id}", "/api/orgs/{org}", None, NotThere, Org),
        row("PATCH /api/orgs/{id}", "/api/orgs/{org}", Some(json!({"name": "Acme"})), NotThere, Org),
        row("DELETE /api/orgs/{id}", "/api/orgs/{empty org}", None, NotThere, Operator),
        row("PUT /api/orgs/{id}/twilio", "/api/orgs/{org}/twilio", Some(credentials), NotThere, Org),
        row("DELETE /api/orgs/{id}/twilio", "/api/orgs/{org}/twilio", None, NotThere, Org),
        row("GET /api/orgs/{id}/billing", "/api/orgs/{org}/billing", None, NotThere, Org),
        row(
            "PUT /api/orgs/{id}/billing",
            "/api/orgs/{org}/billing",
            Some(json!({"status": "verified"})),
            NotThere,
            Operator,
        ),
        row("GET /api/tenants", "/api/tenants", None, Nothing, Tenant),
        row("POST /api/tenants", "/api/tenants", Some(json!({"name": "New", "orgId": "{org}"})), NotThere, Org),
        row("GET /api/tenants/{id}", "/api/tenants/{tenant}", None, NotThere, Tenant),
        row("PATCH /api/tenants/{id}", "/api/tenants/{tenant}", Some(json!({"name": "New"})), NotThere, Tenant),
        row("DELETE /api/tenants/{id}", "/api/tenants/{tenant}", None, NotThere, Org),
        row("GET /api/tenants/{id}/availability", "/api/tenants/{tenant}/availability", None, NotThere, Tenant),
        row(
            "PUT /api/tenants/{id}/availability",
            "/api/tenants/{tenant}/availability",
            Some(availability),
            NotThere,
            Tenant,
        ),
        row("GET /api/tenants/{id}/override", "/api/tenants/{tenant}/override", None, NotThere, Tenant),
        row(
            "PUT /api/tenants/{id}/override",
            "/api/tenants/{tenant}/override",
            Some(json!({"state": "force-ai"})),
            NotThere,
            Tenant,
        ),
        row("DELETE /api/tenants/{id}/override", "/api/tenants/{tenant}/override", None, NotThere, Tenant),
        row("GET /api/tenants/{id}/plan", "/api/tenants/{tenant}/plan", None, NotThere, Tenant),
        row("PUT /api/tenants/{id}/plan", "/api/tenants/{tenant}/plan", Some(json!({})), NotThere, Tenant),
        row("GET /api/tenants/{id}/versions", "/api/tenants/{tenant}/versions", None, NotThere, Tenant),
        row(
            "POST /api/tenants/{id}/rollback",
            "/api/tenants/{tenant}/rollback",
            Some(json!({"version": 1})),
            NotThere,
            Tenant,
        ),
        row("POST /api/tenants/{id}/simulate", "/api/tenants/{tenant}/simulate", Some(json!({})), NotThere, Tenant),
        row("GET /api/tenants/{id}/coverage", "/api/tenants/{tenant}/coverage?days=7", None, NotThere, Tenant),
        row("POST /api/tenants/{id}/coverage", "/api/tenants/{tenant}/coverage", Some(json!({})), NotThere, Tenant),
        row("GET /api/tenants/{id}/coverage.svg", "/api/tenants/{tenant}/coverage.svg", None, NotThere, Tenant),
        row("GET /api/tenants/{id}/concurrency", "/api/tenants/{tenant}/concurrency", None, NotThere, Tenant),
        row(
            "POST /api/tenants/{id}/replay",
            "/api/tenants/{tenant}/replay",
            Some(json!({"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z"})),
            NotThere,
            Tenant,
        ),
        row("GET /api/numbers/owned", "/api/numbers/owned", None, Nothing, Tenant),
        row("GET /api/costs", "/api/costs", None, Nothing, Tenant),
        row("GET /api/numbers/ledger", "/api/numbers/ledger", None, Nothing, Tenant),
        row("GET /api/numbers/{id}/history", "/api/numbers/{number}/history", None, NotThere, Tenant),
        row("POST /api/numbers/audit", "/api/numbers/audit", None, Forbidden, Operator),
        row(
            "POST /api/numbers/owned",
            "/api/numbers/owned",
            Some(json!({"e164": "+16475550177", "tenantId": "{tenant}"})),
            NotThere,
            Tenant,
        ),
        row(
            "PATCH /api/numbers/{id}",
            "/api/numbers/{number}",
            Some(json!({"alreadyOverflowed": true})),
            NotThere,
            Tenant,
        ),
        row("DELETE /api/numbers/{id}", "/api/numbers/{number}", None, NotThere, Tenant),
        row("POST /api/numbers", "/api/numbers", Some(json!({"projectId": "{tenant}"})), NotThere, Tenant),
        row("POST /api/numbers/batch", "/api/numbers/batch", Some(json!({"dryRun": true})), Nothing, Tenant),
        row("POST /api/numbers/{id}/rewire", "/api/numbers/{number}/rewire", None, NotThere, Tenant),
        row(
            "POST /api/numbers/{id}/remove-from-vapi",
            "/api/numbers/{number}/remove-from-vapi",
            None,
            NotThere,
            Tenant,
        ),
        row(
            "GET /api/tenants/{id}/phone-integration",
            "/api/tenants/{tenant}/phone-integration",
            None,
            NotThere,
            Tenant,
        ),
        row(
            "PUT /api/tenants/{id}/phone-integration",
            "/api/tenants/{tenant}/phone-integration",
            Some(json!({"method": "forwarded", "clinicNumber": "+16475550188"})),
            NotThere,
            Tenant,
        ),
        row("GET /api/tenants/{id}/port", "/api/tenants/{tenant}/port", None, NotThere, Tenant),
        row(
            "PUT /api/tenants/{id}/port",
            "/api/tenants/{tenant}/port",
            Some(json!({
                "customerName": "Smile Dental", "authorizedRepresentative": "Robin Example",
                "authorizedRepresentativeEmail": "robin@example.com",
                "address": {"street": "12 Example Street", "city": "Springfield", "state": "IL", "zip": "62701"},
            })),
            NotThere,
            Tenant,
        ),
        row("GET /api/tenants/{id}/sip-names", "/api/tenants/{tenant}/sip-names", None, NotThere, Tenant),
        row(
            "DELETE /api/tenants/{id}/sip-names/{name}",
            "/api/tenants/{tenant}/sip-names/{sip name}",
            None,
            NotThere,
            Tenant,
        ),
        row("GET /api/tenants/{id}/setup-guide", "/api/tenants/{tenant}/setup-guide", None, NotThere, Tenant),
        row("POST /api/tenants/{id}/deploy", "/api/tenants/{tenant}/deploy", None, NotThere, Tenant),
        row("GET /api/jobs", "/api/jobs", None, Nothing, Tenant),
        row("GET /api/jobs/{id}", "/api/jobs/{job}", None, NotThere, Tenant),
        row("POST /api/jobs/{id}/cancel", "/api/jobs/{job}/cancel", None, NotThere, Tenant),
        row(
            "POST /api/restaurants",
            "/api/restaurants",
            Some(json!({"name": "My Restaurant", "assign_phone": false})),
            Forbidden,
            Operator,
        ),
        row("GET /api/calls", "/api/calls", None, Nothing, Tenant),
        row("GET /api/calls/{sid}", "/api/calls/{call}", None, NotThere, Tenant),
        row("POST /api/calls/{sid}/replay", "/api/calls/{call}/replay", None, NotThere, Tenant),
        row("GET /api/live", "/api/live", None, Nothing, Tenant),
        // The stream itself has no end; what it holds at this moment has.
        row("GET /api/events", "/api/events?follow=false", None, Nothing, Tenant),
        row("GET /api/voicemails", "/api/voicemails", None, Nothing, Tenant),
        row("GET /api/voicemails/{id}", "/api/voicemails/{voicemail}", None, NotThere, Tenant),
        row(
            "PATCH /api/voicemails/{id}",
            "/api/voicemails/{voicemail}",
            Some(json!({"heard": true})),
            NotThere,
            Tenant,
        ),
        row("GET /api/tenants/{id}/retention", "/api/tenants/{tenant}/retention", None, NotThere, Tenant),
        row("PUT /api/tenants/{id}/retention", "/api/tenants/{tenant}/retention", Some(json!({})), NotThere, Tenant),
        row("GET /api/erasures", "/api/erasures", None, Nothing, Tenant),
        row("GET /api/erasures/pending", "/api/erasures/pending", None, Nothing, Tenant),
        row("GET /api/erasures/{id}", "/api/erasures/{erasure}", None, NotThere, Tenant),
        row("POST /api/erasures", "/api/erasures", Some(person.clone()), NotThere, Tenant),
        row("POST /api/exports", "/api/exports", Some(person), NotThere, Tenant),
        row("GET /api/webhooks", "/api/webhooks", None, Nothing, Tenant),
        row(
            "POST /api/webhooks",
            "/api/webhooks",
            Some(json!({"url": "https://hooks.example.com/", "events": ["call.ended"], "tenantId": "{tenant}"})),
            NotThere,
            Tenant,
        ),
        row("GET /api/webhooks/{id}", "/api/webhooks/{webhook}", None, NotThere, Tenant),
        row(
            "PATCH /api/webhooks/{id}",
            "/api/webhooks/{webhook}",
            Some(json!({"description": "new"})),
            NotThere,
            Tenant,
        ),
        row("DELETE /api/webhooks/{id}", "/api/webhooks/{webhook}", None, NotThere, Tenant),
        row("POST /api/webhooks/{id}/rotate", "/api/webhooks/{webhook}/rotate", Some(json!({})), NotThere, Tenant),
        row("POST /api/webhooks/{id}/test", "/api/webhooks/{webhook}/test", None, NotThere, Tenant),
        row("GET /api/webhooks/{id}/deliveries", "/api/webhooks/{webhook}/deliveries", None, NotThere, Tenant),
        row(
            "POST /api/webhooks/{id}/deliveries/{messageId}/replay",
            "/api/webhooks/{webhook}/deliveries/{message}/replay",
            None,
            NotThere,
            Tenant,
        ),
        row("POST /api/webhooks/{id}/replay", "/api/webhooks/{webhook}/replay", Some(json!({})), NotThere, Tenant),
        row("GET /api/tokens", "/api/tokens", None, Nothing, Tenant),
        row(
            "POST /api/tokens",
            "/api/tokens",
            Some(json!({"name": "desk", "role": "tenant:{tenant}", "access": "read"})),
            NotThere,
            Tenant,
        ),
        row("DELETE /api/tokens/{id}", "/api/tokens/{token}", None, NotThere, Tenant),
        row("GET /api/audit", "/api/audit", None, Nothing, Tenant),
        row("GET /api/secrets/rotation", "/api/secrets/rotation", None, Forbidden, Operator),
        row("POST /api/secrets/rotation", "/api/secrets/rotation", None, Forbidden, Operator),
    ]
}

impl World {
    pub async fn new() -> World {
        let desk = Desk::new().await;
        let mut world = World { desk, names: BTreeMap::new(), tokens: BTreeMap::new() };
        for (word, name) in [("org", "Acme"), ("other org", "Other"), ("empty org", "Empty")] {
            world.make(word, "/api/orgs", json!({"name": name})).await;
        }
        for (word, org) in [("tenant", "org"), ("sibling", "org"), ("stranger", "other org")] {
            let org = world.names[org].clone();
            world.make(word, "/api/tenants", json!({"name": format!("Smile {word}"), "orgId": org})).await;
        }
        let tenant = world.names["tenant"].clone();
        world.make("number", "/api/numbers/owned", json!({"e164": "+16475550123", "tenantId": tenant})).await;
        world.records(&tenant).await;
        world.two_sip_names(&tenant).await;
        let begun = world.desk.ask(Method::POST, &format!("/api/tenants/{tenant}/deploy"), &[], None).await.expect(202);
        world.names.insert("job", begun["jobId"].as_str().unwrap().to_owned());
        let webhook = json!({"url": "https://hooks.example.com/", "events": ["call.ended"], "tenantId": tenant});
        world.make("webhook", "/api/webhooks", webhook).await;
        let test = format!("/api/webhooks/{}/test", world.names["webhook"]);
        let sent = world.desk.ask(Method::POST, &test, &[], None).await.expect(202);
        world.names.insert("message", sent["id"].as_str().unwrap().to_owned());
        for (word, role, access) in [
            ("operator", "operator".to_owned(), "write"),
            ("org", format!("org:{}", world.names["org"]), "write"),
            ("org, reading", format!("org:{}", world.names["org"]), "read"),
            ("other org", format!("org:{}", world.names["other org"]), "write"),
            ("empty org, reading", format!("org:{}", world.names["empty org"]), "read"),
            ("tenant", format!("tenant:{tenant}"), "write"),
            ("tenant, reading", format!("tenant:{tenant}"), "read"),
            ("sibling", format!("tenant:{}", world.names["sibling"]), "write"),
        ] {
            let body = json!({"name": word, "role": role, "access": access});
            let made = world.desk.post("/api/tokens", body).await.expect(201);
            world.tokens.insert(word, made["secret"].as_str().unwrap().to_owned());
        }
        let nobodys = json!({"number": "+16475550177", "tenantId": tenant});
        let report = world.desk.post("/api/erasures", nobodys).await.expect(200);
        world.names.insert("erasure", report["id"].as_str().unwrap().to_owned());
        // A token of the tenant, to be revoked.
        let spare = json!({"name": "spare", "role": format!("tenant:{tenant}"), "access": "read"});
        world.make("token", "/api/tokens", spare).await;
        world
    }

    /// One in which the row's own way can be gone.
    async fn of(row: &Row) -> World {
        let world = World::new().await;
        if row.at.ends_with("/port") {
            let ported = json!({"method": "ported", "phoneNumber": "+13125550100"});
            let at = format!("/api/tenants/{}/phone-integration", world.names["tenant"]);
            world.desk.ask(Method::PUT, &at, &[], Some(ported)).await.expect(200);
        }
        world
    }

    /// Two names on the SIP domain, of which Twilio was asked to let the older in.
    async fn two_sip_names(&mut self, tenant: &str) {
        let at = format!("/api/tenants/{tenant}/phone-integration");
        let put = json!({"method": "sip", "clinicNumber": "+16475550188", "renewSipPassword": true});
        let older = self.desk.ask(Method::PUT, &at, &[], Some(put.clone())).await.expect(200);
        self.names.insert("sip name", older["sipUsername"].as_str().unwrap().to_owned());
        let seats = self.desk.store.sip_seats(&TenantId::parse(tenant).unwrap()).await.unwrap();
        let sid = |text| Sid::parse(text).unwrap();
        let place = SipPlace { account: sid("AC00000000000000000000000000000001"), list: sid("CL1") };
        self.desk.store.place_sip_seat(seats[0].id, Some(&place)).await.unwrap();
        self.desk.ask(Method::PUT, &at, &[], Some(put)).await.expect(200);
    }

    async fn make(&mut self, word: &'static str, at: &str, body: Value) {
        let made = self.desk.post(at, body).await.expect(201);
        self.names.insert(word, made["id"].as_str().unwrap().to_owned());
    }

    /// A call of the tenant, under way, with a voicemail.
    async fn records(&mut self, tenant: &str) {
        let tenant_id = patchbay::model::TenantId::parse(tenant).unwrap();
        let call = began("CA0123456789abcdef0123456789abcdef", Some(&tenant_id), 1);
        let message = news(1, call.call_sid.as_str(), Some("RE1"), VoicemailState::Ready, 2);
        self.names.insert("call", call.call_sid.to_string());
        self.desk.live.lock().unwrap().push(patchbay::admin::LiveCall {
            sid: call.call_sid.clone(),
            tenant_id,
            org_id: patchbay::model::OrgId::parse(&self.names["org"]).unwrap(),
            arrival: call.arrival,
            with_ai: false,
            began: call.at,
            heard: call.at,
        });
        let records = numbered(1, &[Record::CallBegan(call), Record::Voicemail(message)]);
        self.desk.store.apply("test", &records).await.unwrap();
        let page = self.desk.get("/api/voicemails").await.expect(200);
        self.names.insert("voicemail", page["data"][0]["id"].as_str().unwrap().to_owned());
    }

    /// A text with the names of the world put in.
    pub fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (word, id)| text.replace(&format!("{{{word}}}"), id))
    }

    pub async fn ask(&self, token: Option<&str>, method: &Method, at: &str, body: Option<&Value>) -> Answer {
        let mut request = axum::http::Request::builder().method(method.clone()).uri(self.named(at));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {}", self.tokens[token]));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                axum::body::Body::from(self.named(&body.to_string()))
            }
            None => axum::body::Body::empty(),
        };
        self.desk.send(request.body(body).unwrap()).await
    }
}

/// Every identifier that belongs to the tenant of the world: none of them may show for a stranger.
const OWN: [&str; 8] = ["tenant", "number", "call", "voicemail", "webhook", "token", "erasure", "sip name"];

async fn check(row: &Row) {
    let (method, _) = row.route.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let questions = ["/simulate", "/coverage", "/exports", "/tenants/{id}/replay", "/calls/{sid}/replay"];
    let changes = method != Method::GET && !questions.iter().any(|end| row.route.ends_with(end));
    let is_success = |answer: &Answer| answer.status.is_success();

    let world = World::of(row).await;
    let ask = |token| world.ask(token, &method, row.at, row.body.as_ref());
    assert_eq!(ask(None).await.status, 401, "{} without a token", row.route);
    for foreign in ["sibling", "other org"] {
        let answer = ask(Some(foreign)).await;
        let text = answer.text.clone();
        match row.foreign {
            Foreign::NotThere => assert_eq!(answer.status, 404, "{} by {foreign}: {text}", row.route),
            Foreign::Forbidden => assert_eq!(answer.status, 403, "{} by {foreign}: {text}", row.route),
            Foreign::Nothing => {
                assert_eq!(answer.status, 200, "{} by {foreign}: {text}", row.route);
                for word in OWN {
                    assert!(!text.contains(&world.names[word]), "{} shows {foreign} a foreign {word}", row.route);
                }
            }
        }
    }
    let reading = if row.at.contains("{empty org}") { "empty org, reading" } else { "org, reading" };
    let answer = ask(Some(reading)).await;
    if changes {
        assert_eq!(answer.status, 403, "{} by whoever may read only: {}", row.route, answer.text);
        assert_eq!(answer.problem(403).0, "read_only");
        assert_eq!(ask(Some("tenant, reading")).await.problem(403).0, "read_only", "{}", row.route);
    } else if row.owner == Owner::Operator {
        assert_eq!(answer.problem(403).0, "operator_only", "{}", row.route);
    } else {
        assert!(is_success(&answer), "{} by whoever may read: {}", row.route, answer.text);
    }

    // Whoever owns it may, each in a world that nobody has changed before.
    let owners: &[&str] = match row.owner {
        Owner::Tenant => &["tenant", "org", "operator"],
        Owner::Org => &["org", "operator"],
        Owner::Operator => &["operator"],
    };
    for owner in owners {
        let world = World::of(row).await;
        let answer = world.ask(Some(owner), &method, row.at, row.body.as_ref()).await;
        assert!(is_success(&answer), "{} by its {owner}: {} {}", row.route, answer.status, answer.text);
    }
    // And whoever stands below the owner may not.
    let below: &[&str] = match row.owner {
        Owner::Tenant => &[],
        Owner::Org => &["tenant"],
        Owner::Operator => &["tenant", "org"],
    };
    for below in below {
        let answer = world.ask(Some(below), &method, row.at, row.body.as_ref()).await;
        let refused = answer.status == 403 || answer.status == 404 || row.foreign == Foreign::Nothing;
        assert!(refused, "{} by its {below}: {} {}", row.route, answer.status, answer.text);
    }
}

/// What needs more than a token to answer, and is tried elsewhere.
const ELSEWHERE: [&str; 15] = [
    "GET /api/session",
    "POST /api/session",
    "DELETE /api/session",
    "POST /api/session/links",
    "PUT /api/tenants/{id}/port/bill",
    "GET /api/tenants/{id}/port/portability",
    "POST /api/tenants/{id}/port/refresh",
    "POST /api/tenants/{id}/port/cancel",
    "GET /api/voicemails/{id}/audio",
    "GET /api/numbers",
    "GET /api/numbers/available",
    "GET /api/vapi/free-numbers",
    "POST /api/numbers/sync",
    "POST /api/numbers/{id}/release",
    "POST /api/jobs/{id}/retry",
];

#[test]
fn every_route_has_its_row_in_the_matrix_of_tokens() {
    let document: Value = serde_json::from_str(&patchbay::admin::document().to_json().unwrap()).unwrap();
    let mut routes: Vec<String> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "patch", "delete"] {
            if path.starts_with("/api/") && item.get(method).is_some() {
                routes.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let mut rows: Vec<String> = rows().iter().map(|row| row.route.to_owned()).collect();
    rows.extend(ELSEWHERE.iter().map(|route| (*route).to_owned()));
    routes.sort();
    rows.sort();
    assert_eq!(rows, routes, "rows of the matrix on the left, routes on the right");
}

#[tokio::test]
async fn a_foreign_token_finds_nothing_a_reading_one_changes_nothing_and_the_owner_may() {
    for row in rows() {
        check(&row).await;
    }
}

#[tokio::test]
async fn a_token_gives_away_no_more_than_it_opens() {
    let world = World::new().await;
    let make = |role: &'static str, access: &'static str| json!({"name": "desk", "role": role, "access": access});
    for (who, role, status) in [
        ("org", "operator", 403),
        ("tenant", "operator", 403),
        ("tenant", "org:{org}", 404),
        ("tenant", "tenant:{sibling}", 404),
        ("org", "tenant:{stranger}", 404),
        ("org", "org:{other org}", 404),
        ("org", "org:{org}", 201),
        ("org", "tenant:{sibling}", 201),
        ("tenant", "tenant:{tenant}", 201),
    ] {
        let answer = world.ask(Some(who), &Method::POST, "/api/tokens", Some(&make(role, "write"))).await;
        assert_eq!(answer.status, status, "{who} makes {role}: {}", answer.text);
    }
    let nobody = json!({"name": "desk", "role": "org:org_01kafbd2x0q7h3m8w5r9t2c6ze", "access": "read"});
    assert_eq!(world.desk.post("/api/tokens", nobody).await.faults(), ["/role not_found"]);
}

#[tokio::test]
async fn a_token_that_is_revoked_or_over_or_whose_owner_is_gone_opens_nothing() {
    let world = World::new().await;
    let list = |token| world.ask(Some(token), &Method::GET, "/api/tenants", None);
    assert_eq!(list("sibling").await.status, 200);
    world.ask(Some("operator"), &Method::DELETE, "/api/tenants/{sibling}", None).await.expect(204);
    assert_eq!(list("sibling").await.problem(401).0, "unauthorized");

    let tokens = world.desk.get("/api/tokens?q=operator").await.expect(200);
    let id = tokens["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(list("operator").await.status, 200);
    world.desk.delete(&format!("/api/tokens/{id}")).await.expect(204);
    assert_eq!(list("operator").await.status, 401);
    let tokens = world.desk.get("/api/tokens?q=operator").await.expect(200);
    assert!(tokens["data"][0]["revokedAt"].is_string(), "it stays in the list: {tokens}");

    let over = json!({"name": "desk", "role": "operator", "access": "read", "expiresAt": "2020-01-01T00:00:00Z"});
    assert_eq!(world.desk.post("/api/tokens", over).await.faults(), ["/expiresAt in_the_past"]);
}

#[tokio::test]
async fn the_secret_of_a_token_is_shown_once_and_kept_nowhere() {
    let world = World::new().await;
    let body = json!({"name": "dashboard", "role": "operator", "access": "read"});
    let made = world.desk.post("/api/tokens", body).await.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("pb_") && secret.len() > 40, "32 random bytes: {secret}");
    for path in ["/api/tokens", "/api/audit"] {
        let text = world.desk.get(path).await.text;
        assert!(text.contains(made["id"].as_str().unwrap()) && !text.contains(secret), "{path}");
    }
}
