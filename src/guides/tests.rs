//! Whole guides, as people read them; their words are in `words`, what is true of whom in `truths`.

mod truths;
mod words;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::config::Settings;
use crate::model::{
    Connect, E164, Estimates, Number, NumberId, NumberState, OrgId, PhoneIntegration, PhoneMethod, Purpose, Seed, Sid,
    SipSeat, Target, TargetKind, Tenant, TenantId, Via,
};

const CLINIC: &str = "+14165550188";
const OURS: &str = "+16475550123";
const STAFF: &str = "+16475550150";

/// A tenant and all that is known of it, to be changed by each test.
struct World {
    tenant: Tenant,
    phone: Option<PhoneIntegration>,
    numbers: Vec<Number>,
    domain: Option<&'static str>,
    is_paid: bool,
    has_target: bool,
    has_caller_id: bool,
    costs: Estimates,
}

fn number(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

fn seed(random: u8) -> Seed {
    Seed { at: Timestamp::UNIX_EPOCH, random: [random; 10] }
}

impl World {
    /// Nobody has said how it is reached.
    fn new() -> World {
        let tenant = Tenant {
            id: TenantId::new(seed(1)),
            org_id: OrgId::new(seed(2)),
            slug: "smile-dental".to_owned(),
            name: "Smile Dental".to_owned(),
            timezone: "America/Toronto".to_owned(),
            country: "CA".to_owned(),
            language: None,
            voice: None,
            target: Some(Target { kind: TargetKind::Assistant, id: Sid::parse("asst-1").expect("an id") }),
            connect: Connect { via: Via::Sip, sip_uri: None, username: None, password: None, timeout_seconds: None },
            sip_username: None,
            availability: json!({"mode": "always", "fallback": {"type": "voicemail"}}),
            forced: None,
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        World {
            tenant,
            phone: None,
            numbers: Vec::new(),
            domain: Some("example.sip.twilio.com"),
            is_paid: true,
            has_target: true,
            has_caller_id: true,
            costs: Settings::load(None, std::iter::empty()).expect("the defaults").costs.estimates,
        }
    }

    /// Set up, with a number of ours.
    fn with(method: PhoneMethod) -> World {
        let mut world = World::new();
        world.phone = Some(PhoneIntegration {
            current_carrier: None,
            wants_temporary_number: false,
            temporary_number: None,
            method,
            clinic_number: number(CLINIC),
            pbx_type: None,
            source_ips: Vec::new(),
            area_code: None,
            needs_phone_number: true,
            configured_at: Timestamp::UNIX_EPOCH,
            number: Some(number(OURS)),
            setup_completed_at: Some(Timestamp::UNIX_EPOCH),
            seats: Vec::new(),
        });
        if method == PhoneMethod::Sip {
            world.tenant.sip_username = Some("sip_ca5ecdfd".to_owned());
        }
        world.numbers.push(world.line(OURS));
        world
    }

    fn line(&self, digits: &str) -> Number {
        Number {
            id: NumberId::new(seed(3)),
            e164: number(digits),
            sip_uri: None,
            tenant_id: Some(self.tenant.id.clone()),
            account_sid: Some(Sid::parse("AC1").expect("a sid")),
            twilio_sid: Some(Sid::parse("PN1").expect("a sid")),
            vapi_number_id: None,
            state: NumberState::Active,
            purpose: Purpose::Calls,
            already_overflowed: false,
            ported: false,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn phone(&mut self) -> &mut PhoneIntegration {
        self.phone.as_mut().expect("configured")
    }

    fn guide(&self, method: Option<Method>, pbx: Option<Pbx>) -> Guide {
        let facts = Facts {
            brand: "Parlance",
            tenant: &self.tenant,
            phone: self.phone.as_ref(),
            numbers: &self.numbers,
            sip_domain: self.domain,
            sip_acl_domain: Some("addresses.sip.twilio.com"),
            is_paid: self.is_paid,
            has_target: self.has_target,
            has_caller_id: self.has_caller_id,
            country: self.phone.as_ref().map(|phone| if phone.clinic_number == number(CLINIC) { "CA" } else { "US" }),
            costs: &self.costs,
        };
        guide(&facts, method, pbx)
    }

    /// The guide of one method.
    fn of(&self, method: Method) -> MethodGuide {
        self.guide(Some(method), None).guides.remove(0)
    }

    /// What it has to mind, by its codes.
    fn minds(&self, method: Method) -> Vec<&'static str> {
        self.of(method).warnings.iter().map(|warning| warning.code).collect()
    }

    /// What has to be done first, by its commands, or requests where there is none.
    fn first(&self, method: Method) -> Vec<String> {
        let first = self.of(method).first.into_iter();
        first
            .map(|todo| todo.command.or(todo.request).expect("either").replace(self.tenant.id.as_str(), "ten_…"))
            .collect()
    }
}

/// Everything a guide says, as one text.
fn said(guide: &Guide) -> String {
    serde_json::to_string(guide).expect("texts")
}

#[test]
fn the_pages_of_a_forwarded_business() {
    let guide = World::with(PhoneMethod::Forwarded).guide(None, None);
    insta::assert_snapshot!("forwarded.md", markdown(&guide));
    insta::assert_snapshot!("forwarded.html", html(&guide).replace(STYLE, "…"));
}

#[test]
fn the_pages_of_a_business_to_be_ported() {
    insta::assert_snapshot!(
        "ported.md",
        markdown(&World::with(PhoneMethod::Forwarded).guide(Some(Method::Ported), None))
    );
}

#[test]
fn the_pages_of_each_telephone_system() {
    let mut world = World::with(PhoneMethod::Sip);
    world.phone().pbx_type = Some("FreePBX 17".to_owned());
    insta::assert_snapshot!("sip-freepbx.md", markdown(&world.guide(None, None)));
    insta::assert_snapshot!("sip-asterisk.md", markdown(&world.guide(None, Some(Pbx::Asterisk))));
    insta::assert_snapshot!("sip-ringcentral.md", markdown(&world.guide(None, Some(Pbx::RingCentral))));
    insta::assert_snapshot!("sip-generic.md", markdown(&world.guide(None, Some(Pbx::Generic))));
    world.phone().source_ips =
        vec!["203.0.113.7/32".parse().expect("a network"), "198.51.100.0/28".parse().expect("one")];
    insta::assert_snapshot!("sip-by-address.md", markdown(&world.guide(None, Some(Pbx::Asterisk))));
}

#[test]
fn the_pages_to_choose_from() {
    let guide = World::new().guide(None, None);
    insta::assert_snapshot!("choice.md", markdown(&guide));
    insta::assert_snapshot!("choice.html", html(&guide).replace(STYLE, "…"));
}

#[test]
fn the_pages_of_a_business_that_has_nothing_yet() {
    let mut world = World::new();
    (world.domain, world.is_paid, world.has_target) = (None, false, false);
    world.tenant.availability = json!({"mode": "overflow-only"});
    let guide = world.guide(Some(Method::Sip), None);
    insta::assert_snapshot!("nothing-yet.md", markdown(&guide));
    insta::assert_snapshot!("nothing-yet.html", html(&guide).replace(STYLE, "…"));
}

#[test]
fn a_hostile_name_is_shown_and_does_nothing() {
    let name = "<script>alert(1)</script> | [x](javascript:a) `rm -rf` \u{202e}**b** & \"Sons'";
    let mut world = World::with(PhoneMethod::Sip);
    world.tenant.name = name.to_owned();
    world.phone().pbx_type = Some("FreePBX'; rm -rf / #\"<b>`".to_owned());
    for guide in [
        world.guide(None, None),
        world.guide(Some(Method::Forwarded), None),
        World { phone: None, ..world }.guide(None, None),
    ] {
        let page = html(&guide);
        for tag in ["<script", "<b>", "onerror", "javascript:a\""] {
            assert!(!page.contains(tag), "{tag}");
        }
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt; | [x](javascript:a)") && !page.contains('\u{202e}')
        );
        let text = markdown(&guide);
        assert!(
            text.contains("\\<script>alert(1)\\</script> \\| \\[x](javascript:a) \\`rm -rf\\` \\*\\*b\\*\\* & \"Sons'"),
            "{text}"
        );
    }
}

#[test]
fn what_is_copied_into_a_shell_stays_one_word() {
    let mut world = World::with(PhoneMethod::Sip);
    world.phone().pbx_type = Some("a'; rm -rf / #".to_owned());
    let page = said(&world.guide(None, None));
    assert!(page.contains(r"--pbx-type 'a'\\''; rm -rf / #' --renew-sip-password\n"), "{page}");
}

#[test]
fn no_guide_tells_a_password() {
    let mut world = World::with(PhoneMethod::Sip);
    world.tenant.connect.password = Some(crate::model::Secret::new("a-planted-password"));
    assert!(!said(&world.guide(None, Some(Pbx::Asterisk))).contains("planted"));
    assert!(said(&world.guide(None, None)).contains("--renew-sip-password"));
}
