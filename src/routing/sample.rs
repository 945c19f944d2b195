//! A business for tests: Smile Dental of Toronto, on account `ACsmile`.

use crate::model::{
    Arrival, Connect, E164, Fallback, FallbackKind, NoAnswer, Secret, Sid, Target, TargetKind, TenantId, Via,
};

use super::{Call, Script, ScriptSource, StandIn};

pub(crate) const ACCOUNT: &str = "ACsmile";
pub(crate) const CALLER: &str = "+14165550177";
pub(crate) const OWN: &str = "+16475550123";
pub(crate) const STAFF: [&str; 2] = ["+14165550101", "+14165550102"];

pub(crate) fn number(digits: &str) -> E164 {
    E164::parse(digits).expect("a number")
}

pub(crate) fn tenant_id() -> TenantId {
    TenantId::parse("ten_01hzx3v9k2m4n6p8q0r2s4t6v8").expect("an id")
}

pub(crate) fn target() -> Target {
    Target { kind: TargetKind::Assistant, id: Sid::parse("a-1").expect("a sid") }
}

pub(crate) fn connect(via: Via) -> Connect {
    Connect {
        via,
        sip_uri: Some("sip:ten_1@sip.vapi.ai".to_owned()),
        username: Some("smile-dental-user-01".to_owned()),
        password: Some(Secret::new("an invented & secret password")),
        timeout_seconds: None,
    }
}

pub(crate) fn stand_in() -> StandIn {
    StandIn { account: Sid::parse(ACCOUNT).expect("a sid"), number: number(OWN) }
}

pub(crate) fn forward(no_answer: NoAnswer) -> Fallback {
    Fallback { kind: FallbackKind::Forward, forward: STAFF.map(number).to_vec(), no_answer, ..Fallback::default() }
}

pub(crate) fn source<'a>(
    tenant: &'a TenantId,
    connect: &'a Connect,
    target: Option<&'a Target>,
    fallback: Fallback,
) -> ScriptSource<'a> {
    ScriptSource {
        tenant,
        name: "Smile Dental",
        slug: "smile-dental",
        language: None,
        voice: None,
        connect,
        target,
        fallback,
        own: vec![number(OWN)],
        accounts: &[],
        stand_ins: vec![stand_in()],
        countries: vec!["CA".to_owned()],
    }
}

pub(crate) fn script(via: Via, fallback: Fallback) -> Script {
    Script::compile(source(&tenant_id(), &connect(via), Some(&target()), fallback)).0
}

pub(crate) fn call() -> Call<'static> {
    Call { sid: "CA0123456789abcdef", account: ACCOUNT, from: CALLER, arrival: Arrival::Number }
}
