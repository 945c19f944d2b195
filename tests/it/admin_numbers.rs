//! Numbers the business has, through the admin API.

use patchbay::model::{Change, Sid, TenantId};
use serde_json::{Value, json};

use crate::admin_desk::Desk;

#[tokio::test]
async fn a_number_is_recorded_and_leads_to_its_tenant() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    desk.told();
    let body = json!({"e164": "+16475550123", "tenantId": id, "accountSid": "AC1", "purpose": "voicemail",
        "alreadyOverflowed": true, "vapiNumberId": "vapi-1"});
    let number = desk.post("/api/numbers/owned", body).await.expect(201);
    let expected = json!({"id": number["id"], "e164": "+16475550123", "tenantId": id, "accountSid": "AC1", "twilioSid": null,
        "vapiNumberId": "vapi-1", "state": "active", "purpose": "voicemail", "alreadyOverflowed": true,
        "porting": "no"});
    assert_eq!(number, expected);
    assert_eq!(desk.get("/api/numbers/owned").await.expect(200)["data"], json!([number]));
    let told = desk.told();
    for change in [
        Change::Number("+16475550123".to_owned().try_into().unwrap()),
        Change::VapiNumber(Sid::parse("vapi-1").unwrap()),
        Change::Tenant(TenantId::parse(&id).unwrap()),
    ] {
        assert!(told.contains(&change), "{change:?}");
    }
}

#[tokio::test]
async fn a_number_without_a_tenant_waits_in_the_pool() {
    let desk = Desk::new().await;
    let number = desk.post("/api/numbers/owned", json!({"e164": "+16475550123"})).await.expect(201);
    assert_eq!(number["state"], "unassigned");
    assert_eq!(number["tenantId"], Value::Null);
    let id = desk.tenant("Smile Dental").await;
    let again = desk.post("/api/numbers/owned", json!({"e164": "+16475550123", "tenantId": id})).await.expect(201);
    assert_eq!(again["id"], number["id"]);
    assert_eq!(again["state"], "active");
}

#[tokio::test]
async fn a_deleted_number_rests_and_leads_to_nobody() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    let path = format!("/api/numbers/{}", desk.number("+16475550123", &tenant).await);
    desk.told();
    assert_eq!(desk.delete(&path).await.status, 204);
    assert!(desk.told().contains(&Change::Number("+16475550123".to_owned().try_into().unwrap())), "calls know at once");
    let kept = &desk.get("/api/numbers/owned").await.expect(200)["data"][0];
    assert_eq!((&kept["state"], &kept["tenantId"]), (&json!("resting"), &Value::Null));
    assert_eq!(desk.delete(&path).await.status, 204, "it rests already");
    assert_eq!(desk.delete("/api/numbers/num_01kafbd2x0q7h3m8w5r9t2c6ze").await.status, 404);
}

#[tokio::test]
async fn a_number_that_leads_elsewhere_is_taken() {
    let desk = Desk::new().await;
    let (one, two) = (desk.tenant("Smile Dental").await, desk.tenant("Acme Pizza").await);
    let number = desk.number("+16475550123", &one).await;
    let taken = desk.post("/api/numbers/owned", json!({"e164": "+16475550123", "tenantId": two})).await;
    assert_eq!(taken.problem(409).0, "number_taken");
    let path = format!("/api/numbers/{number}");
    assert_eq!(desk.patch(&path, json!({"tenantId": two})).await.problem(409).0, "number_taken");
    assert_eq!(desk.get("/api/numbers/owned").await.expect(200)["data"][0]["tenantId"], one.as_str());

    let rests = desk.patch(&path, json!({"tenantId": null})).await.expect(200);
    assert_eq!((&rests["state"], &rests["tenantId"]), (&json!("resting"), &Value::Null));
    let rests = desk.post("/api/numbers/owned", json!({"e164": "+16475550123"})).await.expect(201);
    assert_eq!(rests["state"], "resting");
    let moved = desk.patch(&path, json!({"tenantId": two})).await.expect(200);
    assert_eq!((&moved["state"], &moved["tenantId"]), (&json!("active"), &json!(two)));
}

#[tokio::test]
async fn what_is_said_of_a_number_can_be_changed() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let number = desk.number("+16475550123", &id).await;
    let path = format!("/api/numbers/{number}");
    let change = json!({"alreadyOverflowed": true, "purpose": "voicemail", "accountSid": "AC9", "vapiNumberId": "v"});
    let after = desk.patch(&path, change).await.expect(200);
    assert_eq!(after["alreadyOverflowed"], true);
    assert_eq!(after["purpose"], "voicemail");
    assert_eq!(after["accountSid"], "AC9");
    assert_eq!(after["tenantId"], id.as_str());
    let again = desk.post("/api/numbers/owned", json!({"e164": "+16475550123", "tenantId": id})).await.expect(201);
    assert_eq!(again, after, "recording it again forgets nothing");
    desk.told();
    desk.patch(&path, json!({})).await.expect(200);
    assert_eq!(desk.told(), []);
    let bare = desk.patch(&path, json!({"vapiNumberId": null})).await.expect(200);
    assert_eq!(bare["vapiNumberId"], Value::Null);
    assert!(desk.told().contains(&Change::VapiNumber(Sid::parse("v").unwrap())));
}

#[tokio::test]
async fn bad_numbers_are_refused_with_every_fault() {
    let desk = Desk::new().await;
    let body = json!({"e164": "16475550123", "tenantId": "smile", "accountSid": "a b", "purpose": "fax", "wire": 1});
    let faults = desk.post("/api/numbers/owned", body).await.faults();
    assert_eq!(
        faults,
        [
            "/e164 not_e164",
            "/tenantId not_an_identifier",
            "/accountSid not_an_identifier",
            "/purpose unknown_value",
            "/wire type"
        ]
    );
    let nobody = "ten_00000000000000000000000000";
    let faults = desk.post("/api/numbers/owned", json!({"e164": "+16475550123", "tenantId": nobody})).await.faults();
    assert_eq!(faults, ["/tenantId not_found"]);
    let missing = desk.patch("/api/numbers/num_00000000000000000000000000", json!({})).await;
    assert_eq!(missing.problem(404).0, "not_found");
    assert_eq!(desk.patch("/api/numbers/garbage", json!({})).await.problem(404).0, "not_found");
    assert_eq!(desk.get("/api/numbers/owned").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn numbers_of_one_tenant_can_be_listed() {
    let desk = Desk::new().await;
    let (one, two) = (desk.tenant("Smile Dental").await, desk.tenant("Acme Pizza").await);
    desk.number("+16475550123", &one).await;
    desk.number("+16475550124", &two).await;
    let of_one = desk.get(&format!("/api/numbers/owned?tenantId={one}")).await.expect(200);
    assert_eq!(of_one["data"].as_array().unwrap().len(), 1);
    assert_eq!(of_one["data"][0]["e164"], "+16475550123");
    assert_eq!(desk.get("/api/numbers/owned?tenantId=x").await.faults(), ["?tenantId not_an_identifier"]);
}

fn forward(number: &str) -> Value {
    json!({"mode": "disabled", "fallback": {"type": "forward", "forwardNumber": number}})
}

#[tokio::test]
async fn a_number_that_would_bring_a_forward_back_is_refused() {
    let desk = Desk::new().await;
    let (one, two) = (desk.tenant("Smile Dental").await, desk.tenant("Acme Pizza").await);
    // One forwards to a number that is nobody's yet, two to a number of one.
    desk.number("+16475550101", &one).await;
    desk.put(&format!("/api/tenants/{one}/availability"), forward("+16475550123")).await.expect(200);
    desk.put(&format!("/api/tenants/{two}/availability"), forward("+16475550101")).await.expect(200);

    for tenant in [&one, &two] {
        let body = json!({"e164": "+16475550123", "tenantId": tenant});
        assert_eq!(desk.post("/api/numbers/owned", body).await.faults(), ["/tenantId loop"], "{tenant}");
    }
    // A line for voicemail takes a message and goes no further.
    let body = json!({"e164": "+16475550123", "tenantId": one, "purpose": "voicemail"});
    let number = desk.post("/api/numbers/owned", body).await.expect(201);
    let path = format!("/api/numbers/{}", number["id"].as_str().unwrap());
    assert_eq!(desk.patch(&path, json!({"purpose": "calls"})).await.faults(), ["/tenantId loop"]);
}
