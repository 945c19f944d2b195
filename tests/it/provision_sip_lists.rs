//! Many telephone systems on one account: lists that are filled and made in time, room that is used again, and as many of
//! them at once as one account takes.
//!
//! In CI forty tenants in lists of fifteen; `PATCHBAY_SIP_TENANTS=3000` for as many in lists of a thousand.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::provision::Town;
use crate::provision_outage::given;
use crate::rig::{ACCOUNT, TOKEN};
use crate::sip_town::ACL_DOMAIN;

/// A town whose lists take so many names, and twenty networks.
async fn small(names: &str) -> Town {
    let limits = [
        ("PATCHBAY_SIP__NAMES_PER_LIST", names),
        ("PATCHBAY_SIP__ADDRESSES_PER_LIST", "20"),
        ("PATCHBAY_SIP__ACL_DOMAIN", ACL_DOMAIN),
    ];
    Town::with(Default::default(), &limits).await
}

/// Another start on the same store.
async fn again(town: Town, names: &str) -> Town {
    let url = town.sim.url();
    let mut settings = Town::settings(&url);
    settings.extend([
        ("PATCHBAY_SIP__NAMES_PER_LIST", names),
        ("PATCHBAY_SIP__ADDRESSES_PER_LIST", "20"),
        ("PATCHBAY_SIP__ACL_DOMAIN", ACL_DOMAIN),
    ]);
    let rig = town.rig.restart(&settings).await;
    Town { rig, sim: town.sim }
}

/// Begins to deploy all of them at once, and waits for all.
async fn all_deployed(town: &Town, tenants: &[String], patience: Duration) {
    let mut begun = Vec::new();
    for tenant in tenants {
        let (status, job) = town.post(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await;
        assert_eq!(status, 202, "{job}");
        begun.push(job["jobId"].clone());
    }
    for job in begun {
        let job = town.over_within(&job, patience).await;
        assert_eq!(job["state"], "succeeded", "{job:#}");
    }
}

async fn configured(town: &Town, names: std::ops::Range<usize>, extra: impl Fn(usize) -> Value) -> Vec<String> {
    let mut tenants = Vec::new();
    for n in names {
        let tenant = town.tenant(&format!("Garage {n}"), json!({})).await;
        let mut body = extra(n);
        body["clinicNumber"] = json!(format!("+1312555{n:04}"));
        let (status, phone) = town.sip(&tenant, body).await;
        assert_eq!(status, 200, "{phone}");
        tenants.push(tenant);
    }
    tenants
}

/// How many entries each list holds, in their order.
async fn held(town: &Town) -> Vec<usize> {
    town.names_at_twilio().await.values().map(Vec::len).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_deployed_at_once_make_one_domain_and_no_more_lists_than_needed() {
    let town = small("10").await;
    let tenants = configured(&town, 0..24, |_| json!({})).await;
    all_deployed(&town, &tenants, Duration::from_secs(60)).await;
    assert_eq!(town.sim.asked("POST", "SIP/Domains.json").await, 1);
    assert_eq!(held(&town).await, [10, 10, 4]);
    let mapped = town.sim.asked("POST", "CredentialListMappings.json").await;
    assert_eq!(mapped, 3);
}

#[tokio::test]
async fn the_next_list_is_there_before_the_one_before_is_full() {
    let town = small("3").await;
    for n in 0..3 {
        town.with_sip(&format!("Clinic {n}")).await;
    }
    assert_eq!(held(&town).await, [3, 0], "whoever comes next finds it mapped");
    town.sim.forget().await;
    town.with_sip("Next").await;
    assert_eq!(town.sim.asked("POST", "CredentialList").await, 1, "one request: its name");
    assert_eq!(held(&town).await, [3, 1]);
}

#[tokio::test]
async fn while_the_next_list_cannot_be_made_whoever_finds_room_is_let_in() {
    let town = small("3").await;
    town.with_sip("One").await;
    town.with_sip("Two").await;
    town.sim.tell("faults", json!({ "match": "POST .*CredentialLists.json", "kind": "error", "times": 1 })).await;
    town.with_sip("Three").await;
    assert_eq!(held(&town).await, [3]);
    town.with_sip("Four").await;
    assert_eq!(held(&town).await, [3, 1]);
}

#[tokio::test]
async fn a_list_whose_making_was_never_answered_is_found_again() {
    let town = small("3").await;
    town.with_sip("One").await;
    town.with_sip("Two").await;
    town.sim.tell("faults", json!({ "match": "POST .*CredentialLists.json", "kind": "reset-after", "times": 1 })).await;
    for name in ["Three", "Four"] {
        town.with_sip(name).await;
    }
    assert_eq!(held(&town).await, [3, 1], "not a third one");
    assert_eq!(town.sim.asked("POST", "CredentialListMappings.json").await, 2);
}

#[tokio::test]
async fn a_rotation_takes_two_places_and_what_leaves_makes_room_also_after_a_restart() {
    let town = small("4").await;
    let mut tenants = Vec::new();
    for n in 0..2 {
        tenants.push(town.with_sip(&format!("Clinic {n}")).await);
    }
    for (tenant, _) in &tenants {
        town.renewed(tenant).await;
        town.deployed(tenant).await;
    }
    assert_eq!(held(&town).await, [4, 0], "two names each");
    let town = again(town, "4").await;
    town.with_sip("Third").await;
    assert_eq!(held(&town).await, [4, 1], "both were counted");
    let (tenant, older) = &tenants[0];
    let (_, begun) = town.ask(Method::DELETE, &format!("/api/tenants/{tenant}/sip-names/{older}"), Value::Null).await;
    assert_eq!(town.over(&begun["jobId"]).await["state"], "succeeded");
    town.with_sip("Fourth").await;
    assert_eq!(held(&town).await, [4, 1], "in the place that was left");
    let (tenant, _) = &tenants[1];
    assert_eq!(town.ask(Method::DELETE, &format!("/api/tenants/{tenant}"), Value::Null).await.0, 204);
    let jobs = town.get("/api/jobs?kind=vacate").await;
    assert_eq!(town.over(&jobs["data"][0]["id"]).await["state"], "succeeded");
    assert_eq!(held(&town).await, [2, 1]);
    let town = again(town, "4").await;
    for n in 0..2 {
        town.with_sip(&format!("Late {n}")).await;
    }
    assert_eq!(held(&town).await, [4, 1], "counted anew, and no list more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_others_have_filled_is_passed_over() {
    let town = small("1000").await;
    town.with_sip("One").await;
    let lists = town.asked_of_twilio("SIP/CredentialLists.json").await;
    let list = lists["credential_lists"][0]["sid"].as_str().unwrap();
    let url = format!("{}/2010-04-01/Accounts/{ACCOUNT}/SIP/CredentialLists/{list}/Credentials.json", town.sim.url());
    for n in 0..999 {
        let form = [("Username", format!("somebody-{n}")), ("Password", "Invented-Passw0rd".to_owned())];
        let asked = town.rig.http.post(&url).basic_auth(ACCOUNT, Some(TOKEN)).form(&form);
        assert!(asked.send().await.unwrap().status().is_success());
    }
    town.with_sip("Two").await;
    assert_eq!(held(&town).await, [1000, 1]);
}

#[tokio::test]
async fn a_name_that_is_there_already_is_taken_for_what_it_is() {
    // The answer is lost on its way: it is looked for, and neither made twice nor made anew.
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let (_, phone) = town.sip(&tenant, json!({})).await;
    town.sim.tell("faults", json!({ "match": "POST .*/Credentials.json", "kind": "reset-after", "times": 1 })).await;
    town.deployed(&tenant).await;
    assert_eq!((town.sim.asked("POST", "/Credentials.json").await, town.sim.asked("DELETE", "/").await), (1, 0));
    town.twilio_lets_in(&[phone["sipUsername"].as_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_addresses_of_a_tenant_stand_in_one_list_and_the_next_is_made_in_time() {
    let town = small("10").await;
    let networks = |n: usize| (0..1 + n % 3).map(|at| json!(format!("203.0.{n}.{at}"))).collect::<Vec<_>>();
    let tenants = configured(&town, 0..18, |n| json!({ "sourceIps": networks(n) })).await;
    all_deployed(&town, &tenants, Duration::from_secs(60)).await;
    assert_eq!(town.sim.asked("POST", "SIP/Domains.json").await, 1);
    let lists = town.addresses_at_twilio().await;
    assert!(lists.values().all(|held| held.len() <= 20), "{lists:?}");
    // Thirty-six in two lists of twenty, and the third because neither has room for four more.
    assert!(lists.len() <= 3, "{lists:?}");
    for (n, tenant) in tenants.iter().enumerate() {
        let of = lists.values().map(|held| held.iter().filter(|name| *name == tenant).count());
        assert_eq!(of.filter(|count| *count > 0).collect::<Vec<_>>(), [1 + n % 3], "in one list");
        let slug = format!("garage-{n}");
        assert!(town.sip_call_from(&format!("203.0.{n}.0"), &slug).await, "{slug}");
        assert!(!town.sip_call_from(&format!("203.0.{}.0", n + 1), &slug).await, "{slug}");
    }
    let town = again(town, "10").await;
    let more = configured(&town, 18..20, |n| json!({ "sourceIps": networks(n) })).await;
    all_deployed(&town, &more, Duration::from_secs(60)).await;
    let after = town.addresses_at_twilio().await;
    assert!(after.len() <= 3 && after.values().all(|held| held.len() <= 20), "counted the same: {after:?}");
}

#[tokio::test]
async fn a_tenant_that_outgrows_its_list_moves_as_a_whole_and_leaves_its_room() {
    let town = small("10").await;
    let many = |net: usize, count: usize| (0..count).map(|at| json!(format!("203.0.{net}.{at}"))).collect::<Vec<_>>();
    let one = configured(&town, 0..1, |_| json!({ "sourceIps": many(0, 2) })).await.remove(0);
    let two = configured(&town, 1..2, |_| json!({ "sourceIps": many(1, 15) })).await.remove(0);
    for tenant in [&one, &two] {
        town.deployed(tenant).await;
    }
    let sizes = async || town.addresses_at_twilio().await.values().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(sizes().await, [17, 0]);
    let grown = json!({ "sourceIps": many(0, 6), "clinicNumber": "+13125550000" });
    town.sip(&one, grown).await;
    town.deployed(&one).await;
    assert_eq!(sizes().await, [15, 6]);
    // Every address came before any went.
    let asked = town.sim.look("requests").await;
    let at = |method: &str| {
        asked.iter().rposition(|request| {
            request["method"] == method && request["path"].as_str().is_some_and(|path| path.contains("/IpAddresses"))
        })
    };
    assert!(at("POST") < at("DELETE"));
    // And it may shrink where it is.
    town.sip(&one, json!({ "sourceIps": many(0, 1), "clinicNumber": "+13125550000" })).await;
    town.deployed(&one).await;
    assert_eq!(sizes().await, [15, 1]);
}

/// So many kibibytes the process has, and had at most.
fn memory() -> (usize, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').trim().split(' ').next()?.parse().ok()
    };
    (of("VmRSS").unwrap_or(0), of("VmHWM").unwrap_or(0))
}

/// Numbers that a seed chooses, each less than the one it is given.
fn chance(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_telephone_systems_share_one_account() {
    let count = given("PATCHBAY_SIP_TENANTS", 40);
    let limit: usize = if count >= 1_000 { 1_000 } else { 15 };
    let mut chance = chance(given("PATCHBAY_SEED", 1) as u64);
    let names_per_list = limit.to_string();
    let town = small(&names_per_list).await;
    let began = Instant::now();
    let tenants = configured(&town, 0..count, |_| json!({})).await;
    let told = began.elapsed();
    let before = memory();
    town.sim.forget().await;
    let began = Instant::now();
    all_deployed(&town, &tenants, Duration::from_secs(60) + Duration::from_millis(250) * count as u32).await;
    let took = began.elapsed();
    let asked = town.sim.look("requests").await;
    let of_twilio = asked.iter().filter(|request| request["path"].as_str().unwrap().starts_with("/2010-04-01")).count();
    let (asked, after) = (asked.len(), memory());

    let lists = town.names_at_twilio().await;
    let least = count.div_ceil(limit);
    assert!((least..=least + 1).contains(&lists.len()), "{} lists for {count}", lists.len());
    assert!(lists.values().all(|held| held.len() <= limit));
    let held: Vec<&String> = lists.values().flatten().collect();
    assert_eq!(held.len(), count, "each in one list");
    let mut names = Vec::new();
    for tenant in &tenants {
        names.push(town.sip_names(tenant).await[0]["username"].as_str().unwrap().to_owned());
    }
    assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), names.iter().collect::<BTreeSet<_>>());
    // A request for the name, one for the address at Vapi; beyond that what all share.
    println!(
        "{count} tenants in {} lists of {limit}: configured in {told:.1?}, deployed in {took:.1?}; {asked} requests, \
         {:.3} a tenant ({of_twilio} of Twilio, {:.3} a tenant; 2 and 1 are the least); memory {} MiB before, {} MiB \
         after, {} MiB at most",
        lists.len(),
        asked as f64 / count as f64,
        of_twilio as f64 / count as f64,
        before.0 / 1_024,
        after.0 / 1_024,
        after.1 / 1_024,
    );
    assert!(asked <= 2 * count + 6 + 4 * lists.len() + (took.as_secs() as usize).div_ceil(60) * 2);
    for _ in 0..count.min(200) {
        let at = chance(count);
        assert!(town.sip_call(&names[at], &format!("garage-{at}")).await, "{at}");
        assert!(!town.sip_call(&names[at], &format!("garage-{}", (at + 1) % count)).await, "{at}");
    }

    // A tenth of them change their passwords, and the process starts again in between.
    let changing: BTreeSet<usize> = (0..count / 10).map(|_| chance(count)).collect();
    for at in &changing {
        let (_, phone) = town
            .sip(&tenants[*at], json!({ "renewSipPassword": true, "clinicNumber": format!("+1312555{at:04}") }))
            .await;
        names[*at] = phone["sipUsername"].as_str().unwrap().to_owned();
    }
    let town = again(town, &names_per_list).await;
    let changing_tenants: Vec<String> = changing.iter().map(|at| tenants[*at].clone()).collect();
    all_deployed(&town, &changing_tenants, Duration::from_secs(120)).await;
    let lists = town.names_at_twilio().await;
    let seats = count + changing.len();
    assert_eq!(lists.values().map(Vec::len).sum::<usize>(), seats);
    assert!(lists.values().all(|held| held.len() <= limit), "counted the same after a start");
    let least = seats.div_ceil(limit);
    assert!((least..=least + 1).contains(&lists.len()), "{} lists for {seats}", lists.len());
    for at in changing {
        assert!(town.sip_call(&names[at], &format!("garage-{at}")).await, "{at}");
    }
}
