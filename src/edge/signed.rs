//! Who calls: a Twilio request, its form read and its signature checked against the account it names.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hyper::{Method, header};
use tracing::warn;

use crate::directory::{Account, Found};
use crate::model::{Arrival, Sid, SipUri};
use crate::routing::{Call, CompiledTenant};
use crate::telemetry::RequestId;

use super::parameters::{Common, Parameter};
use super::signature::{Claim, Content, SETTINGS_HEADER, SIGNATURE_HEADER, verify};
use super::{Answer, Edge, Form, Incoming};

/// The `CallStatus` values that end a call.
const FINAL: [&str; 5] = ["completed", "busy", "failed", "no-answer", "canceled"];

/// The type of a form's body; parameters may follow.
const FORM: &str = "application/x-www-form-urlencoded";

/// A request that Twilio made.
#[derive(Debug)]
pub struct Signed<'r> {
    /// Its parameters.
    pub form: Form,
    common: Common,
    /// Our own parameters, in the query of the URL it called.
    pub query: Form,
    /// The call it is about.
    pub call_sid: Sid,
    /// The account it names, whose token signed it.
    pub account: Arc<Account>,
    /// The base of the URL it called, for the callbacks of the answer.
    pub base: Cow<'r, str>,
    /// Its name in logs and records.
    pub request_id: RequestId,
    /// When its head had arrived, for the record.
    pub arrived: Instant,
    /// When all of it was there: from here on it is we who keep the caller waiting.
    pub received: Instant,
    asks_vapi: AtomicBool,
}

/// Why a request goes no further.
#[derive(Debug)]
pub enum Refused {
    /// This is the answer.
    Because(Answer),
    /// The account is not cached and cannot be looked up.
    Unknowable,
}

impl Signed<'_> {
    /// A parameter, empty ones counted as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.form.get(name).filter(|value| !value.is_empty())
    }

    /// The caller as Twilio wrote it.
    pub fn from(&self) -> &str {
        self.common(Parameter::From).unwrap_or("")
    }

    /// What was dialled as Twilio wrote it.
    pub fn to(&self) -> &str {
        self.common(Parameter::To).unwrap_or("")
    }

    /// The line that sent the call on to us, where the carrier says so.
    pub fn forwarded_from(&self) -> Option<&str> {
        self.common(Parameter::ForwardedFrom)
    }

    /// The SIP domain that was called, if one was.
    pub fn sip_domain(&self) -> Option<&str> {
        self.common(Parameter::SipDomain)
    }

    fn common(&self, parameter: Parameter) -> Option<&str> {
        self.common.get(&self.form, parameter).filter(|value| !value.is_empty())
    }

    /// The account's SID.
    pub fn account_sid(&self) -> &Sid {
        &self.account.twilio.sid
    }

    /// The call's status, if it is one that ends it.
    pub fn final_status(&self) -> Option<&str> {
        self.common(Parameter::CallStatus).filter(|status| FINAL.contains(status))
    }

    /// A request about a leg of another call: it begins nothing and ends nothing of its parent's.
    pub fn parent(&self) -> Option<Sid> {
        self.common(Parameter::ParentCallSid).and_then(|sid| Sid::parse(sid).ok())
    }

    /// May this account speak of this tenant's calls? Its own accounts may, and the global one, on whose SIP domains the
    /// PBXs of all tenants call in.
    pub fn may_speak_for(&self, tenant: &CompiledTenant) -> bool {
        self.account.org_id.is_none() || tenant.takes_calls_of(self.account_sid())
    }

    /// How the call reached us, from what Twilio says of it now.
    pub fn arrival(&self) -> Arrival {
        let by_sip = self.sip_domain().is_some() || SipUri::parse(self.to()).is_ok();
        if by_sip { Arrival::Sip } else { Arrival::Number }
    }

    /// What the planner needs to know of the call.
    pub fn call(&self, arrival: Arrival) -> Call<'_> {
        Call { sid: self.call_sid.as_str(), account: self.account_sid().as_str(), from: self.from(), arrival }
    }

    /// The instant by which something must be done that may take so long altogether.
    pub fn until(&self, within: Duration) -> tokio::time::Instant {
        (self.received + within).into()
    }

    /// From here on the answer waits for Vapi, and has longer.
    pub fn will_ask_vapi(&self) {
        self.asks_vapi.store(true, Ordering::Relaxed);
    }

    /// Whether the answer waits for Vapi.
    pub fn asks_vapi(&self) -> bool {
        self.asks_vapi.load(Ordering::Relaxed)
    }
}

impl Edge {
    /// Reads and checks a request. Says nothing of the cause to the caller, and all of it to the operator.
    pub(super) async fn signed<'r>(&'r self, request: &Incoming) -> Result<Signed<'r>, Refused> {
        let received = Instant::now();
        let names = [&SIGNATURE_HEADER, &SETTINGS_HEADER, &header::CONTENT_TYPE];
        let [signature, settings, content_type] = request.headers_named(names);
        let claim = Claim { signature, settings };
        if claim.signature.is_none() {
            return Err(self.forged(request, "missing", "only Twilio signs its requests; is somebody else calling?"));
        }
        let query = read(request.query().as_bytes())?;
        let posted = request.method == Method::POST;
        let form = match posted {
            true if is_form(content_type, &request.body) => read(&request.body)?,
            true => return Err(Refused::Because(Answer::text(400, "expected a form"))),
            false => query.clone(),
        };
        let common = Common::of(&form);
        let Some(named) = common.get(&form, Parameter::AccountSid).filter(|sid| Sid::is_one(sid)) else {
            return Err(Refused::Because(Answer::text(400, "no AccountSid")));
        };
        let account = match self.directory.account(named).await {
            Found::Known(account) => account,
            Found::Unknown => {
                let advice = "no organization has this AccountSid, and it is not the global account";
                return Err(self.forged(request, "unknown_account", advice));
            }
            Found::Trouble => return Err(Refused::Unknowable),
        };
        let content = if posted { Content::Form(&form) } else { Content::Nothing };
        if let Err(unsigned) = verify(&self.origin.signed_urls(request), content, claim, &account.keys) {
            return Err(self.forged(request, unsigned.cause(), &unsigned.to_string()));
        }
        let Some(base) = self.origin.base(request) else {
            return Err(self.forged(request, "no_public_url", "set edge.public_url to the base that Twilio calls"));
        };
        let Some(call_sid) = common.get(&form, Parameter::CallSid).and_then(|sid| Sid::parse(sid).ok()) else {
            return Err(Refused::Because(Answer::text(400, "no CallSid")));
        };
        let request_id = self.request_ids.next();
        let (arrived, asks_vapi) = (request.arrived, AtomicBool::new(false));
        Ok(Signed { form, common, query, call_sid, account, base, request_id, arrived, received, asks_vapi })
    }

    fn forged(&self, request: &Incoming, cause: &'static str, advice: &str) -> Refused {
        self.refused_signature(request, cause);
        warn!(cause, path = request.path(), client = %self.origin.client_ip(request), "signature refused: {advice}");
        Refused::Because(Answer::text(403, "forbidden"))
    }
}

fn read(bytes: &[u8]) -> Result<Form, Refused> {
    Form::parse(bytes).map_err(|_| Refused::Because(Answer::text(400, "not a form")))
}

fn is_form(content_type: Option<&str>, body: &[u8]) -> bool {
    match content_type {
        Some(kind) => {
            let begin = kind.trim_start().as_bytes().get(..FORM.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(FORM.as_bytes()))
        }
        None => body.is_empty(),
    }
}
