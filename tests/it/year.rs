//! A year of one installation in simulated time: tenants come and go, numbers move here or do not, imports take them, staff
//! lead them elsewhere, Vapi's limit changes, tokens rotate. At its end ledger, providers and bills agree, and no caller
//! ever reached another business than the one they called.
//!
//! In CI a small year; two hundred tenants with `PATCHBAY_YEAR=200`. The seed is `PATCHBAY_SEED`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use patchbay::simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::provision::Town;
use crate::rig::{ACCOUNT, sign_with};

const DAYS: u64 = 365;
const DAY: i64 = 86_400;

/// Tenants that come in a small year.
const SOME: u64 = 24;

/// The account of the organization that has one of its own.
const OWN_ACCOUNT: &str = "AC00000000000000000000000000000077";

/// What a number costs a month at the simulated Twilio, in cents.
const CENTS_A_MONTH: u64 = 115;

static AHEAD: AtomicI64 = AtomicI64::new(0);

fn now() -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(AHEAD.load(Ordering::Relaxed))
}

/// Chance that a seed tells.
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, most: u64) -> u64 {
        // SplitMix64.
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }

    fn of<'a, T>(&self, some: &'a [T]) -> Option<&'a T> {
        let most = some.len() as u64;
        (most > 0).then(|| &some[self.below(most) as usize])
    }
}

/// What the year is told by, besides what patchbay says of itself.
struct Year {
    town: Town,
    chance: Chance,
    org: String,
    /// The token Twilio signs with for the organization's own account.
    token: String,
    tenants: Vec<String>,
    ported: u64,
    calls: u64,
    counts: BTreeMap<&'static str, u64>,
}

impl Year {
    async fn begin(seed: u64) -> Year {
        let options = Options { clock: Some(now), ..Options::default() };
        let town = Town::with(options, &[]).await;
        let (_, org) = town.post("/api/orgs", json!({ "name": "Acme Reception" })).await;
        let mut year = Year {
            town,
            chance: Chance(AtomicU64::new(seed)),
            org: org["id"].as_str().expect("an id").to_owned(),
            token: String::new(),
            tenants: Vec::new(),
            ported: 0,
            calls: 0,
            counts: BTreeMap::new(),
        };
        year.rotate(0).await;
        year
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    async fn post(&self, path: &str, body: Value, statuses: &[u16]) -> Value {
        let (status, answer) = self.town.post(path, body).await;
        assert!(statuses.contains(&status), "POST {path}: {status} {answer}");
        answer
    }

    /// Waits until nothing is under way: what is worked on while a day goes by would seem to have broken off.
    async fn rest(&self) {
        for state in ["queued", "running", "waiting"] {
            let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
            loop {
                let jobs = self.town.get(&format!("/api/jobs?state={state}&limit=200")).await;
                // What waits for longer than this waits for the next day.
                let soon = (now() + SignedDuration::from_secs(600)).to_string();
                let due = |job: &&Value| job["nextAt"].as_str().is_none_or(|at| *at < *soon.as_str());
                if jobs["data"].as_array().expect("jobs").iter().filter(due).count() == 0 {
                    break;
                }
                assert!(std::time::Instant::now() < until, "never at rest: {jobs:#}");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }

    /// Twilio gives the organization another token; the one before is good until patchbay knows the new one alone.
    async fn rotate(&mut self, day: u64) {
        let next = format!("an-invented-token-of-day-{day}");
        let path = format!("/api/orgs/{}/twilio", self.org);
        if !self.token.is_empty() {
            let both = json!({ "accountSid": OWN_ACCOUNT, "authToken": self.token, "authTokenNext": next });
            assert_eq!(self.town.ask(Method::PUT, &path, both).await.0, 200);
            self.call_all().await;
        }
        self.token = next;
        self.call_all().await;
        let put = json!({ "accountSid": OWN_ACCOUNT, "authToken": self.token });
        let (status, told) = self.town.ask(Method::PUT, &path, put).await;
        assert_eq!(status, 200, "{told}");
        self.count("tokens rotated");
    }

    async fn tenant_comes(&mut self) {
        let nth = self.counts.get("tenants came").copied().unwrap_or(0);
        let own = self.chance.below(2) == 0;
        let mut extra = json!({ "country": "US" });
        if own {
            extra["orgId"] = json!(self.org);
        }
        let tenant = self.town.tenant(&format!("Smile Dental {nth}"), extra).await;
        self.count("tenants came");
        match self.chance.below(4) {
            0 => {
                self.post("/api/numbers/batch", Value::Null, &[200, 202]).await;
            }
            1 | 2 => {
                let method = if self.chance.below(2) == 0 { "sip" } else { "forwarded" };
                let put =
                    json!({ "method": method, "clinicNumber": self.old_number(nth, 50), "needsPhoneNumber": true });
                let path = format!("/api/tenants/{tenant}/phone-integration");
                let (status, told) = self.town.ask(Method::PUT, &path, put).await;
                assert_eq!(status, 200, "{told}");
                self.post(&format!("/api/tenants/{tenant}/deploy"), Value::Null, &[202]).await;
            }
            _ => {
                let number = self.old_number(nth, 60);
                let deploy = self.town.ready_to_move(&tenant, &number).await;
                self.post(&deploy, Value::Null, &[202]).await;
                self.ported += 1;
                self.count("moves asked for");
            }
        }
        self.tenants.push(tenant);
    }

    /// A number of the United States that no carrier of this world sells.
    fn old_number(&self, nth: u64, from: u64) -> String {
        let areas = [
            201, 202, 203, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 224, 225, 228, 229, 231, 234,
            239, 240, 248, 251, 252, 253, 254, 256, 260,
        ];
        format!("+1{}55501{:02}", areas[(nth / 8) as usize % areas.len()], from + nth % 8)
    }

    async fn tenant_goes(&mut self) {
        let Some(place) = (!self.tenants.is_empty()).then(|| self.chance.below(self.tenants.len() as u64) as usize)
        else {
            return;
        };
        let tenant = self.tenants[place].clone();
        let (status, told) = self.town.ask(Method::DELETE, &format!("/api/tenants/{tenant}"), Value::Null).await;
        if status == 409 {
            assert_eq!(told["code"], "port_under_way", "{told}");
            return;
        }
        assert_eq!(status, 204, "{told}");
        self.tenants.swap_remove(place);
        self.count("tenants went");
    }

    /// Every move that is under way goes on, well or badly.
    async fn moves_go_on(&mut self) {
        for port in self.town.sim.look("ports").await {
            let (sid, status) = (port["sid"].clone(), port["status"].as_str().unwrap_or_default().to_lowercase());
            if ["completed", "canceled", "expired"].contains(&status.as_str()) {
                continue;
            }
            let next = match self.chance.below(6) {
                0 => "action_required",
                1 if status == "waiting for signature" => "expired",
                _ => match status.as_str() {
                    "in review" | "pending" => "waiting_for_signature",
                    "waiting for signature" | "action required" => "in_progress",
                    _ => "completed",
                },
            };
            self.town.sim.tell("ports", json!({ "sid": sid, "status": next })).await;
            match next {
                "completed" => self.count("moves that came"),
                "action_required" => self.count("moves refused"),
                "expired" => self.count("moves expired"),
                _ => {}
            }
        }
        for tenant in self.tenants.clone() {
            let path = format!("/api/tenants/{tenant}/phone-integration");
            let (status, phone) = self.town.ask(Method::GET, &path, Value::Null).await;
            if status == 200 && phone["method"] == "ported" && phone["setupCompletedAt"].is_null() {
                self.town.post(&format!("/api/tenants/{tenant}/port/refresh"), Value::Null).await;
                let port = self.town.get(&format!("/api/tenants/{tenant}/port")).await;
                let word = port["portStatus"].as_str().expect("a status").to_owned();
                if ["action_required", "expired", "canceled"].contains(&word.as_str()) {
                    let (_, told) = self.town.bill_again(&tenant).await;
                    assert!(told["bill"].is_object(), "{told}");
                    self.post(&format!("/api/tenants/{tenant}/deploy"), Value::Null, &[202]).await;
                    self.count("moves asked for anew");
                }
            }
        }
    }

    /// Numbers that lead to tenants, by their account, and where they lead.
    async fn lines(&self) -> Vec<Value> {
        self.town.all("/api/numbers/owned").await
    }

    /// Somebody changes a number at Twilio's console, or Vapi takes it.
    async fn somebody_meddles(&mut self) {
        let lines: Vec<Value> = self.lines().await;
        let at_global: Vec<&Value> = lines
            .iter()
            .filter(|line| line["accountSid"] == ACCOUNT && line["twilioSid"].is_string() && line["state"] == "active")
            .collect();
        let Some(line) = self.chance.of(&at_global) else { return };
        let e164 = line["e164"].as_str().expect("digits");
        if self.chance.below(2) == 0 && line["vapiNumberId"].is_string() {
            self.town.at_vapis_dashboard(e164, json!({ "name": "Renamed by hand" })).await;
            self.count("taken by an import");
        } else {
            self.town.at_the_console(e164, &[("VoiceUrl", "https://elsewhere.example/voice")]).await;
            let found = self.town.look().await;
            let is_told = found["findings"].as_array().expect("findings").iter().any(|one| one["e164"] == e164);
            assert!(is_told, "{e164} is led elsewhere and nobody is told: {found}");
            let id = line["id"].as_str().expect("an id");
            self.post(&format!("/api/numbers/{id}/rewire"), Value::Null, &[202]).await;
            self.count("led elsewhere by hand");
        }
    }

    /// A number of the pool is given back.
    async fn one_is_given_back(&mut self) {
        let lines = self.lines().await;
        let pool: Vec<&Value> = lines.iter().filter(|line| line["state"] == "unassigned").collect();
        let Some(line) = self.chance.of(&pool) else { return };
        let (id, e164) = (line["id"].as_str().expect("an id"), &line["e164"]);
        self.post(&format!("/api/numbers/{id}/release"), json!({ "confirm": e164 }), &[202]).await;
        self.count("given back");
    }

    /// A call to every number there is at Twilio: each reaches its tenant, or nobody.
    async fn call_all(&mut self) {
        // Calls to Vapi's own numbers come through Vapi, which knows who answers them.
        for line in self.lines().await.into_iter().filter(|line| line["accountSid"].is_string()) {
            let e164 = line["e164"].as_str().expect("digits");
            let own = line["accountSid"] == OWN_ACCOUNT;
            let (account, token) = if own { (OWN_ACCOUNT, self.token.as_str()) } else { (ACCOUNT, crate::rig::TOKEN) };
            let heard = self.call(account, token, e164).await;
            let owner = line["tenantId"].as_str().filter(|_| line["state"] == "active");
            let named: Vec<&str> = heard.split("ten_").skip(1).map(|rest| &rest[..26]).collect();
            match owner {
                Some(tenant) => {
                    let id = tenant.strip_prefix("ten_").expect("an id");
                    assert!(!named.is_empty() && named.iter().all(|name| *name == id), "{e164} of {tenant}: {heard}");
                }
                None => assert!(named.is_empty(), "{e164} is nobody's: {heard}"),
            }
            self.calls += 1;
        }
    }

    async fn call(&self, account: &str, token: &str, to: &str) -> String {
        let url = format!("{}/api/twilio/voice", self.town.rig.base());
        let sid = format!("CA{:032}", self.calls);
        let fields = [
            ("AccountSid", account),
            ("CallSid", sid.as_str()),
            ("From", "+16475550111"),
            ("To", to),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
        ];
        let signature = sign_with(token, &url, &fields);
        let request = self.town.rig.http.post(&url).header("X-Twilio-Signature", signature).form(&fields);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{to} of {account}");
        let body = answer.text().await.expect("TwiML");
        let status = format!("{}/api/twilio/status", self.town.rig.base());
        let over = [("AccountSid", account), ("CallSid", sid.as_str()), ("CallStatus", "completed")];
        let signature = sign_with(token, &status, &over);
        self.town
            .rig
            .http
            .post(&status)
            .header("X-Twilio-Signature", signature)
            .form(&over)
            .send()
            .await
            .expect("told");
        body
    }

    /// Ledger, simulator and bills, number by number and to the cent.
    async fn agree(&self) -> u64 {
        let lives = self.town.all("/api/numbers/ledger").await;
        let mut paid: BTreeMap<String, u64> = BTreeMap::new();
        for life in &lives {
            let months = life["monthsPaid"].as_u64().expect("months");
            *paid.entry(life["e164"].as_str().expect("digits").to_owned()).or_default() += months;
        }
        let mut billed: BTreeMap<String, u64> = BTreeMap::new();
        let bills = self.town.sim.look("bills").await;
        for bill in bills.iter().filter(|bill| bill["provider"] == "twilio") {
            let months = bill["months"].as_u64().expect("months");
            *billed.entry(bill["number"].as_str().expect("digits").to_owned()).or_default() += months;
        }
        paid.retain(|_, months| *months > 0);
        for (e164, months) in &paid {
            let of = |rows: &[Value], key: &str| -> Vec<Value> {
                rows.iter().filter(|row| row[key] == e164.as_str()).cloned().collect()
            };
            let told = || format!("{:#?} {:#?} at {}", of(&lives, "e164"), of(&bills, "number"), now());
            assert_eq!(Some(months), billed.get(e164), "{e164} in the ledger and on the bills: {}", told());
        }
        assert_eq!(paid.len(), billed.len(), "{paid:?} {billed:?}");
        let cents = |months: &BTreeMap<String, u64>| months.values().sum::<u64>() * CENTS_A_MONTH;
        assert_eq!(cents(&paid), cents(&billed));
        let open: Vec<&str> =
            bills.iter().filter(|bill| bill["until"].is_null()).map(|bill| bill["number"].as_str().unwrap()).collect();
        let lines = self.lines().await;
        let here = |line: &&Value| line["porting"] != "coming";
        let mut listed: Vec<&str> = lines.iter().filter(here).map(|line| line["e164"].as_str().unwrap()).collect();
        let mut open = open;
        listed.sort_unstable();
        open.sort_unstable();
        assert_eq!(listed, open, "what is paid for is listed, and what is listed is paid for");
        cents(&paid)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_year_ledger_providers_and_bills_agree_and_nobody_reached_the_wrong_business() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (tenants, seed) = (number("PATCHBAY_YEAR").unwrap_or(SOME), number("PATCHBAY_SEED").unwrap_or(1));
    let began = std::time::Instant::now();
    let mut year = Year::begin(seed).await;
    for day in 1..=DAYS {
        year.rest().await;
        AHEAD.fetch_add(DAY, Ordering::Relaxed);
        let is_due = |wanted: u64, so_far: u64| so_far < wanted * day / DAYS;
        while is_due(tenants, year.counts.get("tenants came").copied().unwrap_or(0)) {
            year.tenant_comes().await;
        }
        year.rest().await;
        if is_due(tenants / 3, year.counts.get("tenants went").copied().unwrap_or(0)) {
            year.tenant_goes().await;
        }
        if day % 3 == 0 {
            year.moves_go_on().await;
        }
        if day % 11 == 0 {
            year.rest().await;
            year.somebody_meddles().await;
        }
        if day % 40 == 0 {
            year.one_is_given_back().await;
        }
        if day % 60 == 0 {
            let limit = year.chance.below(12);
            year.town
                .sim
                .tell("vapi", json!({ "freeNumberLimit": limit, "activationMs": 0, "unavailableAreaCodes": [] }))
                .await;
            year.count("Vapi's limit changed");
        }
        year.rest().await;
        year.town.look().await;
        year.rest().await;
        if day % 90 == 0 {
            year.rotate(day).await;
        }
        if day % 7 == 0 {
            year.call_all().await;
        }
        if day % 30 == 0 {
            year.agree().await;
        }
    }
    year.rest().await;
    let found = year.town.look().await;
    assert_eq!(found["unknown"], json!([]), "{found}");
    year.town.holds().await;
    let cents = year.agree().await;
    println!(
        "a year with {tenants} tenants: {} calls, none to the wrong business; ${}.{:02} paid, ledger and bills agree; {:?}; \
         {:.0} s",
        year.calls,
        cents / 100,
        cents % 100,
        year.counts,
        began.elapsed().as_secs_f64()
    );
    for what in ["tenants went", "moves that came", "moves refused", "taken by an import", "led elsewhere by hand"] {
        assert!(year.counts.get(what).is_some_and(|count| *count > 0), "{what}: {:?}", year.counts);
    }
}
