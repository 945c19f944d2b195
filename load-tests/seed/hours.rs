//! When the AI answers for the tenants of a load test.
//!
//! With `week` every tenant has weekly hours in one of 24 zones, one for each offset of the clock, so that the mix hardly
//! moves with the time of day: on a working day between a quarter and a third of the tenants are open and take a message,
//! for the others the AI answers; at the weekend the AI answers for nearly all.

use anyhow::bail;
use serde_json::{Value, json};

/// One zone for each hour by which clocks differ, from the date line eastwards.
pub const ZONES: [&str; 24] = [
    "Pacific/Pago_Pago",
    "Pacific/Honolulu",
    "America/Anchorage",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/Toronto",
    "America/Halifax",
    "America/Sao_Paulo",
    "America/Noronha",
    "Atlantic/Azores",
    "Europe/London",
    "Europe/Paris",
    "Europe/Athens",
    "Africa/Nairobi",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Noumea",
    "Pacific/Auckland",
];

/// Which settings the tenants have.
#[derive(Clone, Copy, Debug)]
pub enum Rules {
    /// Weekly hours: half `after-hours-only`, half `combined` with overflow.
    Week,
    /// `scheduled`, with this many rules. Each switches the AI off for ten minutes, so that it nearly always answers,
    /// be they few or many.
    Scheduled(u32),
}

impl Rules {
    pub fn parse(word: &str) -> anyhow::Result<Rules> {
        match word {
            "week" => Ok(Rules::Week),
            "1" => Ok(Rules::Scheduled(1)),
            "40" => Ok(Rules::Scheduled(40)),
            _ => bail!("rules are week, 1 or 40, not {word:?}"),
        }
    }

    /// How many settings differ in more than names.
    pub fn kinds(self) -> usize {
        match self {
            Rules::Week => 2 * ZONES.len(),
            Rules::Scheduled(_) => ZONES.len(),
        }
    }

    /// The availability of tenants of a kind.
    pub fn availability(self, kind: usize) -> Value {
        let zone = ZONES[kind % ZONES.len()];
        let mode = match self {
            Rules::Week if kind < ZONES.len() => "after-hours-only",
            Rules::Week => "combined",
            Rules::Scheduled(_) => "scheduled",
        };
        let rules = match self {
            Rules::Week => 0,
            Rules::Scheduled(count) => count,
        };
        json!({
            "mode": mode,
            "afterHours": {"enabled": true, "businessHours": {
                "timezone": zone,
                "schedule": week(kind),
                "holidays": ["--01-01", "--01-06", "--05-01", "--07-01", "--07-04", "--10-03", "--11-11", "--12-24",
                             "--12-25", "--12-26", "--12-31"],
            }},
            "highVolume": {"enabled": mode == "combined", "threshold": 5},
            "customSchedule": {"enabled": rules > 0, "timezone": zone, "rules": (0..rules).map(rule).collect::<Vec<_>>()},
            "fallback": {
                "type": "voicemail",
                "voicemailGreeting": "Please leave a message after the tone, and we will call you back.",
            },
        })
    }
}

/// An office, a surgery that closes over noon, or a shop that is open on Saturdays.
fn week(kind: usize) -> Value {
    let office = json!({"open": "09:00", "close": "17:00"});
    let surgery = json!([{"open": "08:30", "close": "12:00"}, {"open": "13:30", "close": "18:00"}]);
    let shop = json!({"open": "10:00", "close": "18:30"});
    let (day, friday, saturday) = match kind % 3 {
        0 => (&office, json!({"open": "09:00", "close": "15:00"}), Value::Null),
        1 => (&surgery, json!({"open": "08:30", "close": "12:30"}), Value::Null),
        _ => (&shop, shop.clone(), json!({"open": "10:00", "close": "14:00"})),
    };
    json!({"monday": day, "tuesday": day, "wednesday": day, "thursday": day, "friday": friday, "saturday": saturday,
           "sunday": null})
}

/// Ten minutes in the night of some day: forty of them are under seven hours of a week.
fn rule(place: u32) -> Value {
    let (hour, minute) = (place / 7, 10 * (place % 5));
    json!({"dayOfWeek": place % 7, "startTime": format!("{hour:02}:{minute:02}"),
           "endTime": format!("{hour:02}:{:02}", minute + 10), "action": "disable"})
}
