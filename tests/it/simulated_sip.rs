//! SIP domains at the simulated Twilio, and who may call them.

use patchbay::simulator::Options;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::simulated_numbers::Client;

fn sid(made: &(StatusCode, Value)) -> String {
    assert_eq!(made.0, StatusCode::CREATED, "{}", made.1);
    made.1["sid"].as_str().expect("a SID").to_owned()
}

#[tokio::test]
async fn a_domain_has_one_owner_and_is_called_by_who_stands_in_a_mapped_list() {
    let client = Client::new(Options::default()).await;
    let name = ("DomainName", "acme.sip.twilio.com");
    let url = ("VoiceUrl", "https://edge.example.com/api/twilio/sip");
    let domain = sid(&client.twilio(Method::POST, "SIP/Domains.json", &[name, url]).await);
    for taken in [name, ("DomainName", "acme.example.com"), ("DomainName", ".sip.twilio.com")] {
        assert_eq!(client.twilio(Method::POST, "SIP/Domains.json", &[taken]).await.1["code"], 21232, "{taken:?}");
    }

    let list = sid(&client.twilio(Method::POST, "SIP/CredentialLists.json", &[("FriendlyName", "Clinics 1")]).await);
    let credentials = format!("SIP/CredentialLists/{list}/Credentials.json");
    for weak in ["short1A", "nodigitsINthisone", "nocapitals12345", "NOSMALL123456"] {
        let form = [("Username", "sip_ca5ecdfd"), ("Password", weak)];
        assert_eq!(client.twilio(Method::POST, &credentials, &form).await.1["code"], 21243, "{weak}");
    }
    let form = [("Username", "sip_ca5ecdfd"), ("Password", "Invented-Passw0rd")];
    let made = client.twilio(Method::POST, &credentials, &form).await;
    sid(&made);
    assert!(!made.1.to_string().contains("Passw0rd"), "{}", made.1);
    assert_eq!(client.twilio(Method::POST, &credentials, &form).await.1["code"], 21243, "the name is taken");

    let mappings = format!("SIP/Domains/{domain}/Auth/Calls/CredentialListMappings.json");
    sid(&client.twilio(Method::POST, &mappings, &[("CredentialListSid", &list)]).await);
    let (_, mapped) = client.twilio(Method::GET, &mappings, &[]).await;
    assert_eq!(mapped["contents"][0]["sid"], json!(list));
    let file = format!("SIP/CredentialLists/{list}.json");
    assert_eq!(client.twilio(Method::DELETE, &file, &[]).await.1["code"], 21241, "it is in use");
    let mapping = format!("SIP/Domains/{domain}/Auth/Calls/CredentialListMappings/{list}.json");
    assert_eq!(client.twilio(Method::DELETE, &mapping, &[]).await.0, StatusCode::NO_CONTENT);
    assert_eq!(client.twilio(Method::DELETE, &file, &[]).await.0, StatusCode::NO_CONTENT);
    assert_eq!(client.twilio(Method::GET, &credentials, &[]).await.1["credentials"], json!([]), "gone with their list");
}

#[tokio::test]
async fn addresses_stand_in_lists_of_their_own() {
    let client = Client::new(Options::default()).await;
    let list = sid(&client.twilio(Method::POST, "SIP/IpAccessControlLists.json", &[("FriendlyName", "Acme")]).await);
    let addresses = format!("SIP/IpAccessControlLists/{list}/IpAddresses.json");
    let form = [("FriendlyName", "PBX"), ("IpAddress", "192.0.2.7"), ("CidrPrefixLength", "32")];
    let made = client.twilio(Method::POST, &addresses, &form).await;
    let file = format!("SIP/IpAccessControlLists/{list}/IpAddresses/{}.json", sid(&made));
    assert_eq!(client.twilio(Method::POST, &addresses, &[("IpAddress", "::1")]).await.1["code"], 21235);
    let (_, changed) = client.twilio(Method::POST, &file, &[("IpAddress", "192.0.2.8")]).await;
    assert_eq!((&changed["ip_address"], &changed["cidr_prefix_length"]), (&json!("192.0.2.8"), &json!(32)));
    let elsewhere = "SIP/CredentialLists/CL1/Credentials.json";
    assert_eq!(client.twilio(Method::GET, elsewhere, &[]).await.1["credentials"], json!([]));
    let form = [("Username", "sip_1"), ("Password", "Invented-Passw0rd")];
    assert_eq!(client.twilio(Method::POST, elsewhere, &form).await.1["code"], 20404, "no such list");
}

#[tokio::test]
async fn a_list_takes_a_thousand_credentials() {
    let client = Client::new(Options::default()).await;
    let list = sid(&client.twilio(Method::POST, "SIP/CredentialLists.json", &[("FriendlyName", "Clinics 1")]).await);
    let credentials = format!("SIP/CredentialLists/{list}/Credentials.json");
    for tenant in 0..1000 {
        let name = format!("sip_{tenant:08x}");
        sid(&client
            .twilio(Method::POST, &credentials, &[("Username", &name), ("Password", "Invented-Passw0rd")])
            .await);
    }
    let form = [("Username", "sip_one_more"), ("Password", "Invented-Passw0rd")];
    assert_eq!(client.twilio(Method::POST, &credentials, &form).await.1["code"], 21242);
}
