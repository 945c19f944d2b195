//! From a stored tenant to what a call needs, once per load.

use crate::model::availability::{Availability, Strictness};
use crate::model::{
    E164, Fallback, Fault, Number, NumberState, OrgId, Purpose, Sid, Target, Tenant, TenantId, TwilioAccount,
};

use super::alike::Alike;
use super::dialing::forward_countries;
use super::few::Few;
use super::script::{ScriptSource, StandIn};
use super::{Rules, Script};

/// A tenant as the call path knows it: everything checked, parsed and decided that can be decided beforehand.
#[derive(Debug)]
pub struct CompiledTenant {
    /// Whose credentials carry its calls.
    pub org_id: OrgId,
    /// The version of the settings this was compiled from.
    pub version: u64,
    /// When the AI answers.
    pub rules: Rules,
    /// What a call walks through and hears.
    pub script: Script,
    /// Who answers at Vapi, the shared target where it has none of its own.
    pub target: Option<Target>,
    /// Its number whose calls go straight to voicemail, where it has one.
    pub voicemail_number: Option<E164>,
    /// The Twilio accounts its calls may come from: its organization's, else the global one; and those of its numbers.
    pub accounts: Few<Sid>,
}

impl CompiledTenant {
    /// Who it is.
    pub fn id(&self) -> &TenantId {
        self.script.tenant()
    }

    /// Has what others have alike together with them.
    pub fn share(&mut self, alike: &Alike) {
        self.rules.share(alike);
        self.script.share(alike);
    }

    /// Its name in SIP URIs.
    pub fn slug(&self) -> &str {
        self.script.slug()
    }

    /// What callers hear it called.
    pub fn name(&self) -> &str {
        self.script.name()
    }

    /// Its own numbers, for the loop guard.
    pub fn numbers(&self) -> &[E164] {
        self.script.own_numbers()
    }

    /// May this account's calls be this tenant's?
    pub fn takes_calls_of(&self, account: &Sid) -> bool {
        self.accounts.contains(account)
    }
}

/// What compiling needs to know besides the tenant: settings of the installation.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The shared target, for tenants without one.
    pub default_target: Option<Target>,
    /// The global Twilio account.
    pub global_account: Option<TwilioAccount>,
    /// Countries a fallback may dial; empty means those of the tenant's own numbers.
    pub forward_countries: Vec<String>,
}

/// Compiles a tenant. Total: what is broken falls back politely, and is told with what is doubtful.
pub fn compile(
    tenant: &Tenant,
    numbers: &[Number],
    own_account: Option<&TwilioAccount>,
    around: &Surroundings,
) -> (CompiledTenant, Vec<Fault>) {
    let (rules, mut doubts) = Rules::compile_stored(&tenant.availability, tenant.forced.as_ref(), &tenant.timezone);
    // What is wrong in what is stored is among the doubts already; its calls take voicemail.
    let fallback = Availability::read(&tenant.availability, Strictness::Stored)
        .map_or_else(|_| Fallback::default(), |reading| reading.availability.fallback);
    let target = tenant.target.clone().or_else(|| around.default_target.clone());
    let lines = Lines::of(numbers, own_account.or(around.global_account.as_ref()));
    let (script, of_script) = Script::compile(ScriptSource {
        tenant: &tenant.id,
        name: &tenant.name,
        slug: &tenant.slug,
        language: tenant.language.as_deref(),
        voice: tenant.voice.as_deref(),
        connect: &tenant.connect,
        target: target.as_ref(),
        fallback,
        accounts: &lines.accounts,
        stand_ins: lines.stand_ins,
        countries: forward_countries(&around.forward_countries, &lines.own, &tenant.country),
        own: lines.own,
    });
    doubts.extend(of_script);
    let compiled = CompiledTenant {
        org_id: tenant.org_id.clone(),
        version: tenant.version,
        rules,
        script,
        target,
        voicemail_number: lines.voicemail,
        accounts: lines.accounts.into(),
    };
    (compiled, doubts)
}

/// A tenant's numbers, and what follows from them.
struct Lines {
    own: Vec<E164>,
    voicemail: Option<E164>,
    accounts: Vec<Sid>,
    stand_ins: Vec<StandIn>,
}

impl Lines {
    /// `account` carries what names no account of its own.
    fn of(numbers: &[Number], account: Option<&TwilioAccount>) -> Lines {
        let active = || numbers.iter().filter(|number| number.state == NumberState::Active);
        let carrier = |number: &Number| number.account_sid.clone().or_else(|| Some(account?.sid.clone()));
        let mut accounts: Vec<Sid> = account.map(|account| account.sid.clone()).into_iter().collect();
        let mut stand_ins = Vec::new();
        for number in active() {
            let Some(carrier) = carrier(number) else { continue };
            if !accounts.contains(&carrier) {
                accounts.push(carrier.clone());
            }
            // What is not here yet Twilio does not let us show.
            if !number.is_coming() {
                stand_ins.push(StandIn { account: carrier, number: number.e164 });
            }
        }
        // Behind the tenant's own numbers: the first that fits is taken.
        if let Some(account) = account
            && let Some(number) = account.phone_number
        {
            stand_ins.push(StandIn { account: account.sid.clone(), number });
        }
        Lines {
            own: active().map(|number| number.e164).collect(),
            voicemail: active().find(|number| number.purpose == Purpose::Voicemail).map(|number| number.e164),
            accounts,
            stand_ins,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Arrival, Decision, NumberId, Reason, Secret, Seed, TargetKind, Via};
    use crate::routing::guard::{caller_number, is_own_number};
    use crate::routing::sample::{self, CALLER, OWN, STAFF, number};
    use crate::routing::{Call, CallerId, Step, begin};

    fn seed(random: u8) -> Seed {
        Seed { at: Timestamp::UNIX_EPOCH, random: [random; 10] }
    }

    fn tenant(availability: Value) -> Tenant {
        Tenant {
            id: sample::tenant_id(),
            org_id: OrgId::new(seed(1)),
            slug: "smile-dental".to_owned(),
            name: "Smile Dental".to_owned(),
            timezone: "America/Toronto".to_owned(),
            country: "CA".to_owned(),
            language: None,
            voice: None,
            target: Some(sample::target()),
            connect: sample::connect(Via::Sip),
            sip_username: None,
            availability,
            forced: None,
            version: 7,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn line(digits: &str, account: Option<&str>) -> Number {
        Number {
            id: NumberId::new(seed(2)),
            e164: number(digits),
            sip_uri: None,
            tenant_id: Some(sample::tenant_id()),
            account_sid: account.map(sid),
            twilio_sid: None,
            vapi_number_id: None,
            state: NumberState::Active,
            purpose: Purpose::Calls,
            already_overflowed: false,
            ported: false,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn sid(text: &str) -> Sid {
        Sid::parse(text).expect("a sid")
    }

    fn account(name: &str, phone_number: Option<&str>) -> TwilioAccount {
        TwilioAccount {
            sid: sid(name),
            auth_token: Secret::new("invented"),
            auth_token_next: None,
            phone_number: phone_number.map(number),
        }
    }

    fn forwarding() -> Value {
        json!({"mode": "disabled", "fallback": {"type": "forward", "forwardNumber": STAFF[0]}})
    }

    fn codes(doubts: &[Fault]) -> Vec<(&str, &str)> {
        doubts.iter().map(|fault| (fault.pointer.as_str(), fault.code.as_str())).collect()
    }

    #[test]
    fn a_sound_tenant_compiles_without_a_word() {
        let around = Surroundings { global_account: Some(account("ACglobal", None)), ..Surroundings::default() };
        let (compiled, doubts) = compile(&tenant(forwarding()), &[line(OWN, None)], None, &around);
        assert_eq!(codes(&doubts), []);
        assert_eq!(compiled.script.forward_numbers(), [number(STAFF[0])]);
        assert_eq!((compiled.version, compiled.numbers()), (7, &[number(OWN)][..]));
        let is_own = |from| is_own_number(&compiled, caller_number(from));
        assert!(is_own(OWN) && is_own("sip:+16475550123@pbx.example"));
        assert!(!is_own(CALLER));
    }

    #[test]
    fn broken_settings_take_voicemail_and_say_what_is_wrong() {
        for broken in
            [json!(null), json!("always"), json!([]), json!({"mode": "sometimes"}), json!({"mode": 7, "fallback": 8})]
        {
            let (compiled, doubts) = compile(&tenant(broken.clone()), &[], None, &Surroundings::default());
            assert!(!doubts.is_empty(), "{broken}");
            let walk = begin(&compiled, Decision::fallback(Reason::NotConfigured), &sample::call());
            assert_eq!(walk.step, Step::Voicemail, "{broken}");
        }
    }

    #[test]
    fn a_tenant_without_a_target_of_its_own_has_the_shared_one() {
        let shared = Target { kind: TargetKind::Squad, id: sid("s-1") };
        let around = Surroundings { default_target: Some(shared.clone()), ..Surroundings::default() };
        let own = tenant(json!({"mode": "always"}));
        let none = Tenant { target: None, connect: sample::connect(Via::Redirect), ..own.clone() };
        assert_eq!(compile(&own, &[], None, &around).0.target, Some(sample::target()));
        assert_eq!(compile(&none, &[], None, &around).0.target, Some(shared));
        let (alone, of_alone) = compile(&none, &[], None, &Surroundings::default());
        assert_eq!((alone.target.as_ref(), alone.script.ai()), (None, None));
        assert!(codes(&of_alone).contains(&("/target", "not_configured")));
    }

    #[test]
    fn calls_come_from_the_organizations_account_else_the_global_one_and_from_those_of_the_numbers() {
        let around = Surroundings { global_account: Some(account("ACglobal", None)), ..Surroundings::default() };
        let own = account("ACown", None);
        let numbers = [line(OWN, Some("ACelsewhere")), line("+16475550124", None)];
        let (compiled, _) = compile(&tenant(forwarding()), &numbers, Some(&own), &around);
        assert_eq!(*compiled.accounts, [sid("ACown"), sid("ACelsewhere")]);
        assert!(compiled.takes_calls_of(&sid("ACown")) && !compiled.takes_calls_of(&sid("ACglobal")));
        assert_eq!(*compile(&tenant(forwarding()), &[], None, &around).0.accounts, [sid("ACglobal")]);
    }

    #[test]
    fn a_hidden_caller_is_replaced_by_a_number_of_the_account_that_carries_the_call() {
        let own = account("ACown", Some("+16475550190"));
        let resting = Number { state: NumberState::Resting, ..line("+16475550125", None) };
        let numbers = [resting, line(OWN, Some("ACelsewhere"))];
        let (compiled, _) = compile(&tenant(forwarding()), &numbers, Some(&own), &Surroundings::default());
        let shown =
            |account, from| compiled.script.caller_id(&Call { account, from, arrival: Arrival::Number, sid: "CA1" });
        assert_eq!(shown("ACelsewhere", "anonymous"), Some(CallerId::Ours(number(OWN))));
        assert_eq!(shown("ACown", "anonymous"), Some(CallerId::Ours(number("+16475550190"))));
        assert_eq!(shown("ACnobody", "anonymous"), None);
        assert_eq!(shown("ACnobody", CALLER), Some(CallerId::TheCallers));
        let (first, _) = compile(&tenant(forwarding()), &[line(OWN, None)], Some(&own), &Surroundings::default());
        let call = Call { account: "ACown", from: "", ..sample::call() };
        assert_eq!(first.script.caller_id(&call), Some(CallerId::Ours(number(OWN))), "the tenant's own comes first");
    }

    #[test]
    fn numbers_that_may_not_be_rung_are_left_out_and_named() {
        let settings =
            |numbers: Value| json!({"mode": "disabled", "fallback": {"type": "forward", "forwardNumber": numbers}});
        let around = Surroundings { global_account: Some(account("ACglobal", Some(OWN))), ..Surroundings::default() };
        let listed = settings(json!([STAFF[0], "+12125550123", "+19005550123", OWN, "+881612345678"]));
        let (compiled, doubts) = compile(&tenant(listed), &[line(OWN, None)], None, &around);
        assert_eq!(compiled.script.forward_numbers(), [number(STAFF[0])]);
        assert_eq!(
            codes(&doubts),
            [
                ("/fallback/forwardNumber/1", "country_not_allowed"),
                ("/fallback/forwardNumber/2", "premium_rate"),
                ("/fallback/forwardNumber/3", "loop"),
                ("/fallback/forwardNumber/4", "no_country"),
            ]
        );
        let (_, of_abroad) = compile(&tenant(settings(json!("+12125550123"))), &[line(OWN, None)], None, &around);
        assert_eq!(
            codes(&of_abroad),
            [("/fallback/forwardNumber", "country_not_allowed"), ("/fallback/forwardNumber", "nothing_to_ring")]
        );
        let allowed = Surroundings { forward_countries: vec!["US".to_owned()], ..around };
        let (_, doubts) = compile(&tenant(settings(json!("+12125550123"))), &[line(OWN, None)], None, &allowed);
        assert_eq!(codes(&doubts), []);
    }

    #[test]
    fn doubts_about_the_fallback_and_the_connection_are_told() {
        let odd = Tenant {
            language: Some("fr-CA".to_owned()),
            voice: Some("<script>".to_owned()),
            connect: crate::model::Connect { sip_uri: Some("not a uri".to_owned()), ..sample::connect(Via::Sip) },
            ..tenant(json!({
                "mode": "disabled",
                "fallback": {"type": "forward", "forwardNumber": STAFF[0], "noAnswer": "ai", "transcribe": true}
            }))
        };
        let (compiled, doubts) = compile(&odd, &[], None, &Surroundings::default());
        assert_eq!(
            codes(&doubts),
            [
                ("/connect/sipUri", "not_configured"),
                ("/fallback/type", "no_caller_id"),
                ("/fallback/noAnswer", "ai_impossible"),
                ("/fallback/transcribe", "two_minutes_only"),
                ("/fallback/transcribe", "english_only"),
                ("/voice", "not_a_voice"),
            ]
        );
        assert_eq!(compiled.script.spoken().language.as_deref(), Some("fr-CA"));
        let impatient = Tenant {
            connect: crate::model::Connect { timeout_seconds: Some(1), password: None, ..sample::connect(Via::Sip) },
            ..tenant(json!({"mode": "always"}))
        };
        let (_, doubts) = compile(&impatient, &[], None, &Surroundings::default());
        assert_eq!(
            codes(&doubts),
            [("/connect/timeoutSeconds", "out_of_range"), ("/connect/username", "credentials_incomplete")]
        );
    }

    #[test]
    fn the_voicemail_line_is_known() {
        let voicemail = Number { purpose: Purpose::Voicemail, ..line("+16475550124", None) };
        let (compiled, _) =
            compile(&tenant(forwarding()), &[line(OWN, None), voicemail], None, &Surroundings::default());
        assert_eq!(compiled.voicemail_number, Some(number("+16475550124")));
    }
}
