//! The parameters every call is asked about, found in one pass over the form.

use super::Form;

/// A parameter that is looked up for most requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    AccountSid,
    CallSid,
    CallStatus,
    ForwardedFrom,
    From,
    ParentCallSid,
    SipDomain,
    To,
}

const COUNT: usize = 8;

/// No form has so many fields.
const ABSENT: u16 = u16::MAX;

/// Where in a form they stand, each the first of its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    places: [u16; COUNT],
}

impl Parameter {
    fn named(name: &[u8]) -> Option<Parameter> {
        Some(match name {
            b"AccountSid" => Parameter::AccountSid,
            b"CallSid" => Parameter::CallSid,
            b"CallStatus" => Parameter::CallStatus,
            b"ForwardedFrom" => Parameter::ForwardedFrom,
            b"From" => Parameter::From,
            b"ParentCallSid" => Parameter::ParentCallSid,
            b"SipDomain" => Parameter::SipDomain,
            b"To" => Parameter::To,
            _ => return None,
        })
    }
}

impl Common {
    pub(super) fn of(form: &Form) -> Common {
        let mut places = [ABSENT; COUNT];
        for place in 0..form.len() {
            let Some(parameter) = Parameter::named(form.pair(place).0) else { continue };
            let found = &mut places[parameter as usize];
            if *found == ABSENT {
                *found = u16::try_from(place).unwrap_or(ABSENT);
            }
        }
        Common { places }
    }

    /// The value, of the form the places were found in.
    pub(super) fn get<'f>(&self, form: &'f Form, parameter: Parameter) -> Option<&'f str> {
        form.value(usize::from(self.places[parameter as usize]))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_where_its_name_stands_first() {
        let names =
            ["AccountSid", "CallSid", "CallStatus", "ForwardedFrom", "From", "ParentCallSid", "SipDomain", "To"];
        let body = names.map(|name| format!("from=1&{name}=its-{name}&{name}=again")).join("&");
        let form = Form::parse(body.as_bytes()).unwrap();
        let common = Common::of(&form);
        for name in names {
            let parameter = Parameter::named(name.as_bytes()).unwrap();
            assert_eq!(common.get(&form, parameter), form.get(name));
            assert_eq!(common.get(&form, parameter), Some(format!("its-{name}").as_str()));
        }
        let nothing = Form::parse(b"from=1&TO=2&CallSi=3&CallSid%20=4").unwrap();
        assert!(Common::of(&nothing).places.iter().all(|place| *place == ABSENT));
    }
}
