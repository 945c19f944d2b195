//! The parameters every call is asked about, found in one pass over the form.

use super::Form;
use super::form::first_eight;

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
    places: [u16; COUNT + 1],
}

/// Their names, in the order of [`Parameter`].
const NAMES: [&str; COUNT] =
    ["AccountSid", "CallSid", "CallStatus", "ForwardedFrom", "From", "ParentCallSid", "SipDomain", "To"];

/// What no name begins with: it is no UTF-8.
const NOTHING: u64 = u64::MAX;

/// How the names begin, each in a slot of its own, and which they are. Whatever else is met finds another beginning
/// there, and is noted in a place that nobody asks for: the processor could not guess which of thirty shuffled names
/// it meets next.
static SLOTS: [(u64, usize); 16] = {
    let mut slots = [(NOTHING, COUNT); 16];
    let mut which = 0;
    while which < COUNT {
        let first_eight = first_eight(NAMES[which].as_bytes());
        let slot = slot(first_eight);
        assert!(slots[slot].0 == NOTHING, "two names share a slot: choose another factor");
        slots[slot] = (first_eight, which);
        which += 1;
    }
    slots
};

/// Found by trying.
const FACTOR: u64 = 0x612e_7696_a6ce_cc1b;

const fn slot(first_eight: u64) -> usize {
    (first_eight.wrapping_mul(FACTOR) >> 60) as usize
}

impl Common {
    pub(super) fn of(form: &Form) -> Common {
        let mut places = [ABSENT; COUNT + 1];
        for (place, first_eight) in (0..ABSENT).zip(form.beginnings()) {
            let (wanted, which) = SLOTS[slot(first_eight)];
            let found = &mut places[if wanted == first_eight { which } else { COUNT }];
            *found = place.min(*found);
        }
        for (place, name) in places.iter_mut().zip(NAMES) {
            let is_named = |place: u16| form.pair(usize::from(place)).0 == name.as_bytes();
            // Another name that begins alike stands before it, or in its stead.
            if *place != ABSENT && !is_named(*place) {
                *place = (*place..ABSENT)
                    .take(form.len() - usize::from(*place))
                    .find(|place| is_named(*place))
                    .unwrap_or(ABSENT);
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
        use Parameter::{AccountSid, CallSid, CallStatus, ForwardedFrom, From, ParentCallSid, SipDomain, To};
        let all = [AccountSid, CallSid, CallStatus, ForwardedFrom, From, ParentCallSid, SipDomain, To];
        for misleading in ["", "&AccountS=2&AccountSidFoo=3&CallStatu=4&SipDomai%00=5&To%00=6&ParentCallSids=7"] {
            let body = NAMES.map(|name| format!("from=1&{name}=its-{name}&{name}=again")).join("&");
            let form = Form::parse(format!("other=0{misleading}&{body}{misleading}").as_bytes()).unwrap();
            let common = Common::of(&form);
            for (parameter, name) in all.into_iter().zip(NAMES) {
                assert_eq!(format!("{parameter:?}"), name);
                assert_eq!(common.get(&form, parameter), form.get(name));
                assert_eq!(common.get(&form, parameter), Some(format!("its-{name}").as_str()));
            }
        }
        let nothing = Form::parse(b"from=1&TO=2&CallSi=3&CallSid%20=4&AccountSid2=5&ForwardedTo=6").unwrap();
        assert!(Common::of(&nothing).places[..COUNT].iter().all(|place| *place == ABSENT));
    }
}
