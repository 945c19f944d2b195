//! The tenants of a load test: what the one at a place looks like, with its number. The same in every run.

use jiff::{SignedDuration, Timestamp};
use patchbay::model::{
    Connect, E164, Number, NumberId, NumberState, OrgId, Purpose, Secret, Seed, Sid, Target, TargetKind, Tenant,
    TenantId, Via,
};

use super::hours::{Rules, ZONES};

const NAMES: [&str; 8] = [
    "Smile Dental",
    "Acme Pizza",
    "Corner Garage",
    "Bright Eyes Optics",
    "Paws Clinic",
    "Old Oak Books",
    "Quick Keys Locksmith",
    "Green Thumb Florist",
];

/// Whose they are and what settings they have.
pub struct Tenants {
    pub org: OrgId,
    pub account: Sid,
    pub rules: Rules,
}

impl Tenants {
    /// Tenants whose places differ by a multiple of this have the same settings.
    pub fn kinds(&self) -> usize {
        self.rules.kinds()
    }

    /// The id of the tenant at this place.
    pub fn id(&self, place: usize) -> TenantId {
        TenantId::new(seed(1, place))
    }

    /// The tenant at this place. It reaches the AI by SIP, at an endpoint of its own with credentials of its own.
    pub fn tenant(&self, place: usize, number: E164) -> Tenant {
        let kind = place % self.kinds();
        let name = NAMES[place % NAMES.len()];
        let id = self.id(place);
        let digits = &number.to_string()[1..];
        Tenant {
            org_id: self.org.clone(),
            slug: format!("{}-{digits}", name.to_lowercase().replace(' ', "-")),
            name: format!("{name} {digits}"),
            timezone: ZONES[kind % ZONES.len()].to_owned(),
            country: "CA".to_owned(),
            language: None,
            voice: None,
            target: Some(Target { kind: TargetKind::Assistant, id: uuid(place) }),
            connect: Connect {
                via: Via::Sip,
                sip_uri: Some(format!("sip:{id}@sip.vapi.ai")),
                username: Some(format!("edge-{digits}")),
                password: Some(Secret::new(format!("invented-{:016x}", chance(2, place)))),
                timeout_seconds: None,
            },
            sip_username: None,
            availability: self.rules.availability(kind),
            forced: None,
            version: 1,
            created_at: at(place),
            updated_at: at(place),
            id,
        }
    }

    /// The number that leads to it.
    pub fn number(&self, place: usize, number: E164) -> Number {
        let twilio_sid = format!("PN{:016x}{:016x}", chance(3, place), place);
        Number {
            id: NumberId::new(seed(4, place)),
            e164: number,
            sip_uri: None,
            tenant_id: Some(self.id(place)),
            account_sid: Some(self.account.clone()),
            twilio_sid: Some(Sid::parse(&twilio_sid).expect("hex digits are visible")),
            vapi_number_id: None,
            state: NumberState::Active,
            purpose: Purpose::Calls,
            already_overflowed: false,
            ported: false,
            created_at: at(place),
        }
    }
}

/// They were made one after the other, a millisecond apart, as their ids tell.
fn at(place: usize) -> Timestamp {
    let first: Timestamp = "2026-01-05T09:00:00Z".parse().expect("an instant");
    first + SignedDuration::from_millis(i64::try_from(place).expect("a file has fewer lines"))
}

fn seed(kind: u64, place: usize) -> Seed {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&chance(kind, place).to_be_bytes());
    Seed { at: at(place), random }
}

fn uuid(place: usize) -> Sid {
    let (high, low) = (chance(5, place), chance(6, place));
    let text = format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    );
    Sid::parse(&text).expect("hex digits are visible")
}

/// A number that looks random and is the same in every run (SplitMix64's finish).
fn chance(kind: u64, place: usize) -> u64 {
    let mut z = kind.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (place as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
