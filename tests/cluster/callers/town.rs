//! The businesses that are called. Of each it is certain what its callers hear, whatever else happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::changes::{Changes, SETTINGS};
use super::heard::Heard;
use super::twilio::{STATUS, Twilio, VOICE, call_sid};
use crate::servers::Desk;

const STAFF: &str = "+14165550122";
/// Calls that staff of the counted line talk in all the time.
pub const TALKING: usize = 3;

/// A number, and what its callers have to hear.
#[derive(Clone)]
pub struct Line {
    pub number: String,
    pub tenant: String,
    pub expected: Expected,
}

#[derive(Clone)]
pub enum Expected {
    /// By the settings alone.
    Settled(Heard),
    /// By a count of live calls, which is always the same here.
    Counted(Heard),
    /// By settings that change.
    Changing(Arc<Changes>),
}

pub struct Town {
    pub lines: Vec<Line>,
    /// Calls that go on as long as the town is there.
    pub standing: Vec<String>,
}

impl Town {
    /// Makes the businesses, lets every edge know each of them, and begins the calls that stay.
    pub async fn open(desks: &[Desk], twilio: &Twilio) -> Town {
        let desk = &desks[0];
        let changing = Arc::new(Changes::default());
        let hours = |open: Value| {
            let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
            let schedule: serde_json::Map<_, _> = days.iter().map(|day| ((*day).to_owned(), open.clone())).collect();
            json!({"enabled": true, "businessHours": {"timezone": "America/Toronto", "schedule": schedule}})
        };
        let forward = json!({"type": "forward", "forwardNumber": STAFF});
        let voicemail = json!({"type": "voicemail"});
        let crowd = |threshold: u32| json!({"enabled": true, "threshold": threshold});
        use Expected::{Changing, Counted, Settled};
        let businesses = [
            (json!({"mode": "always"}), Settled(Heard::Ai)),
            (json!({"mode": "after-hours-only", "afterHours": hours(Value::Null)}), Settled(Heard::Ai)),
            (
                json!({"mode": "after-hours-only", "fallback": voicemail,
                    "afterHours": hours(json!({"open": "00:00", "close": "24:00"}))}),
                Settled(Heard::Message),
            ),
            (json!({"mode": "disabled", "fallback": forward}), Settled(Heard::Staff)),
            (json!({"mode": "disabled", "fallback": voicemail}), Settled(Heard::Message)),
            // Never so many at once.
            (
                json!({"mode": "overflow-only", "highVolume": crowd(100_000), "fallback": forward}),
                Settled(Heard::Staff),
            ),
            // As many all the time.
            (
                json!({"mode": "overflow-only", "highVolume": crowd(TALKING as u32), "fallback": forward}),
                Counted(Heard::Ai),
            ),
            (changing.setting(), Changing(Arc::clone(&changing))),
        ];
        let mut town = Town { lines: Vec::new(), standing: Vec::new() };
        for (index, (availability, expected)) in businesses.into_iter().enumerate() {
            town.lines.push(Line::open(desk, 110 + index as u32, &availability, expected).await);
        }
        let counted = town.lines.iter().find(|line| matches!(line.expected, Counted(_))).expect("there is one").clone();
        for _ in 0..TALKING {
            let sid = call_sid();
            let answer = counted.called(twilio, desk, &sid).await;
            assert_eq!(Heard::of(&answer), Heard::Staff, "{answer}");
            town.standing.push(sid);
        }
        for line in &town.lines {
            line.known(twilio, desks).await;
        }
        town
    }
}

impl Line {
    /// A business with the example number that ends so, reached by SIP.
    pub async fn open(desk: &Desk, number: u32, availability: &Value, expected: Expected) -> Line {
        let number = format!("+1647555{number:04}");
        let tenant = json!({"name": format!("Business {number}"), "timezone": "America/Toronto", "country": "CA",
            "target": {"kind": "assistant", "id": "asst-1"},
            "connect": {"via": "sip", "sipUri": "sip:desk@sip.vapi.ai", "username": "a-user-name-of-twenty-chars",
                "password": "a-password-of-twenty-and-more"}});
        let tenant = desk.done("POST", "/api/tenants", &tenant).await;
        let id = tenant["id"].as_str().expect("an id").to_owned();
        desk.done("POST", "/api/numbers/owned", &json!({"e164": number, "tenantId": id})).await;
        desk.done("PUT", &format!("/api/tenants/{id}/availability"), availability).await;
        Line { number, tenant: id, expected }
    }

    /// Calls at each edge until all know the line.
    pub async fn known(&self, twilio: &Twilio, desks: &[Desk]) {
        for desk in desks {
            self.known_at(twilio, desk).await;
        }
    }

    /// Calls at one edge until that knows the line. The first callers may hear that the line has trouble, where the
    /// machine is busy elsewhere or the change is still on its way.
    async fn known_at(&self, twilio: &Twilio, desk: &Desk) {
        let mut last = String::new();
        for _ in 0..100 {
            let sid = call_sid();
            last = self.called(twilio, desk, &sid).await;
            let end = [("CallSid", sid.as_str()), ("To", &self.number), ("CallStatus", "completed")];
            twilio.ask_at(desk.edge, STATUS, &end).await.expect("the edge answers");
            let is_right = match &self.expected {
                Expected::Settled(heard) | Expected::Counted(heard) => Heard::of(&last) == *heard,
                Expected::Changing(_) => SETTINGS.contains(&Heard::of(&last)),
            };
            if is_right {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{} is not answered rightly at edge {}: {last}", self.number, desk.name);
    }

    /// What the first request of a call hears at one edge.
    pub async fn called(&self, twilio: &Twilio, desk: &Desk, sid: &str) -> String {
        let from = caller();
        let fields = [("CallSid", sid), ("From", &from), ("To", &self.number), ("CallStatus", "ringing")];
        twilio.ask_at(desk.edge, VOICE, &fields).await.expect("the edge answers").body
    }
}

/// A caller whom no call of the last minutes knows: one who calls again while the first call lasts is taken for a circle.
/// The first ones' calls may last as long as the town.
pub fn caller() -> String {
    const AREAS: usize = 790;
    const FIRST: usize = 100;
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let next = if next < FIRST { next } else { FIRST + (next - FIRST) % (AREAS * 100 - FIRST) };
    format!("+1{}55501{:02}", 200 + next / 100, next % 100)
}
