//! Setup guides as they are asked for: in three forms, with the tenant's own values, before and after it is deployed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::admin_desk::{Answer, Desk};
use crate::commands_support::{Shell, stable};
use crate::provision::Town;

async fn guide(desk: &Desk, tenant: &str, asked: &str, accept: &str) -> Answer {
    let at = format!("/api/tenants/{tenant}/setup-guide{asked}");
    desk.ask(axum::http::Method::GET, &at, &[("accept", accept)], None).await
}

#[tokio::test]
async fn a_guide_comes_as_json_as_markdown_and_as_a_page() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    for (accept, content_type, holds) in [
        ("", "application/json", "\"label\":\"Call Forwarding (Fastest Setup)\""),
        ("*/*", "application/json", "\"label\":\"Call Forwarding (Fastest Setup)\""),
        ("text/markdown", "text/markdown; charset=utf-8", "# Call Forwarding (Fastest Setup)\n"),
        ("text/html,*/*;q=0.8", "text/html; charset=utf-8", "<h1>Call Forwarding (Fastest Setup)</h1>"),
    ] {
        let answer = guide(&desk, &tenant, "?method=forwarded", accept).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, content_type), "{accept}");
        assert_eq!((answer.header("vary"), answer.header("cache-control")), ("accept", "no-store"));
        assert!(answer.text.contains(holds), "{accept}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_page_loads_nothing_and_its_policy_allows_its_own_style_alone() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    for asked in ["", "?method=ported", "?method=forwarded", "?method=sip", "?pbx=freepbx"] {
        let answer = guide(&desk, &tenant, asked, "text/html").await;
        let (page, policy) = (&answer.text, answer.header("content-security-policy"));
        for foreign in ["<script", "<img", "<iframe", "src=", "@import", "url(", " style=", " onclick", "://"] {
            assert!(!page.contains(foreign), "{asked} holds {foreign}");
        }
        let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
        let hash = STANDARD.encode(Sha256::digest(style));
        assert!(policy.starts_with("default-src 'none'; ") && policy.contains(&format!("'sha256-{hash}'")), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("script"), "{policy}");
    }
    let other = desk.get("/docs").await;
    assert!(other.header("content-security-policy").contains("style-src 'self'"), "other pages keep theirs");
}

#[tokio::test]
async fn where_nothing_is_configured_all_three_stand_side_by_side() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    let all = guide(&desk, &tenant, "", "").await.expect(200);
    assert_eq!((&all["method"], &all["configured"]), (&Value::Null, &Value::Null));
    let methods: Vec<&str> =
        all["guides"].as_array().unwrap().iter().map(|one| one["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["ported", "forwarded", "sip"]);
    assert_eq!(all["comparison"]["matrix"]["rows"][1][2], "Sometimes");
    let one = guide(&desk, &tenant, "?method=sip", "").await.expect(200);
    assert_eq!((&one["method"], &one["comparison"]), (&json!("sip"), &Value::Null));
    assert_eq!(one["guides"][0]["instructions"]["title"], "Connect Your Phone System to patchbay");
}

#[tokio::test]
async fn a_method_or_a_telephone_system_nobody_knows_is_refused() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    let answer = guide(&desk, &tenant, "?method=pigeon&pbx=abacus", "text/html").await;
    assert_eq!(answer.faults(), ["?method unknown_value", "?pbx unknown_value"]);
    let answer = guide(&desk, &tenant, "?method=sip&method=sip", "").await;
    assert_eq!(answer.problem(400).0, "bad_query");
    let nobody = "/api/tenants/ten_00000000000000000000000000/setup-guide";
    assert_eq!(desk.get(nobody).await.problem(404).0, "not_found");
}

#[tokio::test]
async fn what_the_installation_lacks_is_said_first() {
    let desk = Desk::with(|state| {
        state.provision.sip_domain = None;
        state.provision.require_payment = true;
        state.brand = "Front Desk & Co".to_owned();
    })
    .await;
    let tenant = desk.tenant("Smile Dental").await;
    let one = guide(&desk, &tenant, "?method=sip", "").await.expect(200);
    let first = &one["guides"][0]["first"];
    let commands: Vec<&str> = first.as_array().unwrap().iter().filter_map(|todo| todo["command"].as_str()).collect();
    let begin = ["PATCHBAY_SIP__DOMAIN=", "patchbay tenants phone smile-dental", "patchbay orgs billing org_"];
    assert!(begin.iter().zip(&commands).all(|(begin, command)| command.starts_with(begin)), "{commands:?}");
    assert_eq!(commands.len(), 5, "and a target, and the deployment: {commands:?}");
    let page = guide(&desk, &tenant, "", "text/html").await.text;
    assert!(page.contains("Front Desk &amp; Co"), "the brand is the setting's");
}

#[tokio::test]
async fn a_hostile_name_reaches_no_page_unescaped() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("</style><script>alert(1)</script> [a](b) `c`").await;
    let page = guide(&desk, &tenant, "", "text/html").await.text;
    assert!(page.contains("&lt;/style&gt;&lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
    let text = guide(&desk, &tenant, "", "text/markdown").await.text;
    assert!(text.contains("\\</style>\\<script>alert(1)\\</script> \\[a](b) \\`c\\`"), "{text}");
}

#[tokio::test]
async fn a_guide_knows_the_tenants_values_before_and_after_it_is_deployed() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let path = format!("/api/tenants/{tenant}");
    let put = json!({ "method": "forwarded", "clinicNumber": "+14165550188" });
    assert_eq!(town.ask(Method::PUT, &format!("{path}/phone-integration"), put).await.0, 200);
    let before = town.get(&format!("{path}/setup-guide")).await;
    assert_eq!((&before["method"], &before["guides"][0]["isReady"]), (&json!("forwarded"), &json!(false)));
    assert_eq!(before["guides"][0]["instructions"]["forwardToNumber"], Value::Null);
    assert_eq!(before["guides"][0]["first"][0]["command"], "patchbay tenants deploy smile-dental");
    let job = town.done(&format!("{path}/deploy"), Value::Null).await;
    let ours = job["result"]["e164"].as_str().unwrap();
    let after = town.get(&format!("{path}/setup-guide")).await;
    let one = &after["guides"][0];
    assert_eq!((&one["isReady"], &one["first"]), (&json!(true), &json!([])));
    assert_eq!(one["instructions"]["forwardToNumber"], ours);
    assert_eq!(one["instructions"]["steps"][1], format!("Set up call forwarding to {ours}"));
    // The other way round: the telephone system's own values, and no password.
    let other = town.tenant("Corner Garage", json!({})).await;
    let path = format!("/api/tenants/{other}");
    let put =
        json!({ "method": "sip", "clinicNumber": "+14165550177", "pbxType": "FreePBX", "needsPhoneNumber": false });
    let (_, told) = town.ask(Method::PUT, &format!("{path}/phone-integration"), put).await;
    assert_eq!(town.done(&format!("{path}/deploy"), Value::Null).await["state"], "succeeded");
    let guide = town.get(&format!("{path}/setup-guide")).await;
    let one = &guide["guides"][0];
    assert_eq!((&one["pbx"], &one["isReady"]), (&json!("freepbx"), &json!(true)));
    assert_eq!(one["instructions"]["sipUri"], told["sipUrl"]);
    let said = guide.to_string();
    assert!(said.contains(&format!("username={}", told["sipUsername"].as_str().unwrap())));
    assert!(!said.contains(told["sipPassword"].as_str().unwrap()), "it is told once, and not here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guide_is_printed_by_a_command() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let shell = Shell::of(&town.rig);
    let text = shell.run(&["tenants", "guide", "smile-dental", "--method", "forwarded"]).done();
    assert!(text.starts_with("# Call Forwarding (Fastest Setup)\n\nFor Smile Dental, with patchbay.\n"), "{text}");
    let page = shell.run(&["tenants", "guide", &tenant, "--pbx", "asterisk", "--format", "html"]).done();
    assert!(page.starts_with("<!doctype html>") && page.contains("type=endpoint"), "{page}");
    for words in [["--format", "json"].as_slice(), &["--json"]] {
        let words = [&["tenants", "guide", "smile-dental", "--method", "sip"], words].concat();
        assert_eq!(shell.run(&words).json()["guides"][0]["pbx"], "generic");
    }
    let wrong = shell.run(&["tenants", "guide", "smile-dental", "--method", "pigeon"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    let nobody = stable(&shell.run(&["tenants", "guide", "nobody"]).failed());
    assert!(nobody.contains("no tenant has the slug `nobody`"), "{nobody}");
}
