//! Calls that come round: the pure part of noticing them while they ring, and of refusing settings that make them.
//!
//! Which numbers ring right now is the ledger's knowledge; who owns a number is the store's. Both are asked by others.

use std::collections::{HashSet, VecDeque};

use crate::model::{E164, SipUri, TenantId, as_e164, is_withheld};

use super::CompiledTenant;

/// How many forwards a call may go through before nobody follows it any further. Carriers give up much earlier.
const DEPTH_MAX: usize = 16;

/// How many numbers one search asks about at most.
const ASKED_MAX: usize = 256;

/// True if the caller is one of the tenant's own numbers: a forward of ours has come back.
pub fn is_own_number(tenant: &CompiledTenant, caller: Option<E164>) -> bool {
    caller.is_some_and(|number| tenant.numbers().contains(&number))
}

/// The number in `From`, if the caller tells it. By SIP it is the user part of the caller's URI.
pub fn caller_number(from: &str) -> Option<E164> {
    let told = |text: &str| as_e164(text).filter(|_| !is_withheld(text));
    told(from).or_else(|| told(&SipUri::parse(from).ok()?.user))
}

/// Where a number leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// Whose calls go there.
    pub tenant: TenantId,
    /// Whom that tenant's fallback rings.
    pub forwards: Vec<E164>,
}

/// Follows the forwards of a tenant, through other tenants' numbers too, and tells whether they lead back.
///
/// The search names the numbers it needs to know about, so that whoever asks may look them up in its own way.
#[derive(Clone, Debug)]
pub struct LoopSearch {
    tenant: TenantId,
    own: HashSet<E164>,
    open: VecDeque<Path>,
    seen: HashSet<E164>,
    found: Option<E164>,
}

/// A number the search came to, and by which of the tenant's forwards.
#[derive(Clone, Copy, Debug)]
struct Path {
    at: E164,
    first: E164,
    depth: usize,
}

impl LoopSearch {
    /// Begins with the numbers a tenant would forward to. `own` are those whose calls reach it: its numbers, and its
    /// line at the carrier where that one is forwarded to us.
    pub fn new(tenant: &TenantId, own: &[E164], forwards: &[E164]) -> LoopSearch {
        let mut search = LoopSearch {
            tenant: tenant.clone(),
            own: own.iter().copied().collect(),
            open: VecDeque::new(),
            seen: HashSet::new(),
            found: None,
        };
        for number in forwards {
            search.visit(Path { at: *number, first: *number, depth: 1 });
        }
        search
    }

    /// The next number of which the search needs to know where it leads; none when it is over.
    pub fn ask(&self) -> Option<E164> {
        let over = self.found.is_some() || self.seen.len() > ASKED_MAX;
        self.open.front().filter(|_| !over).map(|path| path.at)
    }

    /// Tells where the number asked for leads; none if it is nobody's here.
    pub fn learn(&mut self, lead: Option<Lead>) {
        let (Some(path), Some(lead)) = (self.open.pop_front(), lead) else { return };
        if lead.tenant == self.tenant {
            self.found.get_or_insert(path.first);
            return;
        }
        if path.depth < DEPTH_MAX {
            for number in lead.forwards {
                self.visit(Path { at: number, first: path.first, depth: path.depth + 1 });
            }
        }
    }

    /// The forward number through which calls would come back, once one was found.
    pub fn found(&self) -> Option<E164> {
        self.found
    }

    fn visit(&mut self, path: Path) {
        if self.own.contains(&path.at) {
            self.found.get_or_insert(path.first);
        } else if self.seen.insert(path.at) {
            self.open.push_back(path);
        }
    }
}

/// The forward number through which a tenant's calls would come back to it, if there is one.
pub fn forward_loops(
    tenant: &TenantId,
    own: &[E164],
    forwards: &[E164],
    mut leads: impl FnMut(E164) -> Option<Lead>,
) -> Option<E164> {
    let mut search = LoopSearch::new(tenant, own, forwards);
    while let Some(number) = search.ask() {
        let lead = leads(number);
        search.learn(lead);
    }
    search.found()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::sample::{number, tenant_id};

    fn other(last: char) -> TenantId {
        TenantId::parse(&format!("ten_01hzx3v9k2m4n6p8q0r2s4t6v{last}")).expect("an id")
    }

    /// `+1647555010x` leads to tenant x, which forwards to the numbers given.
    fn found(forwards: &[&str], others: &[(char, &[&str])]) -> Option<E164> {
        let numbers = |digits: &[&str]| digits.iter().copied().map(number).collect::<Vec<_>>();
        let leads = |asked: E164| {
            let (name, forwards) = others.iter().find(|(name, _)| asked == number(&format!("+1647555010{name}")))?;
            let tenant = if *name == '0' { tenant_id() } else { other(*name) };
            Some(Lead { tenant, forwards: numbers(forwards) })
        };
        forward_loops(&tenant_id(), &[number("+16475550123")], &numbers(forwards), leads)
    }

    #[test]
    fn a_caller_has_a_number_only_if_they_tell_it() {
        assert_eq!(caller_number("+12045550123"), Some(number("+12045550123")));
        assert_eq!(caller_number("sip:+12045550123@pbx.example"), Some(number("+12045550123")));
        for nobody in ["", "anonymous", "+266696687", "+7378742833", "sip:anonymous@anonymous.invalid"] {
            assert_eq!(caller_number(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn a_forward_to_ones_own_number_leads_back() {
        assert_eq!(found(&["+14165550101", "+16475550123"], &[]), Some(number("+16475550123")));
        assert_eq!(found(&["+14165550101"], &[]), None);
        assert_eq!(found(&[], &[]), None);
        assert_eq!(found(&["+16475550100"], &[('0', &[])]), Some(number("+16475550100")), "the store knows it is ours");
    }

    #[test]
    fn a_forward_through_other_tenants_leads_back_whoever_is_saved_last() {
        let through_two: &[(char, &[&str])] = &[('1', &["+16475550102"]), ('2', &["+14165550101", "+16475550123"])];
        assert_eq!(found(&["+14165550177", "+16475550101"], through_two), Some(number("+16475550101")));
        let not_back: &[(char, &[&str])] = &[('1', &["+16475550102"]), ('2', &["+14165550101"])];
        assert_eq!(found(&["+16475550101"], not_back), None);
    }

    #[test]
    fn a_ring_of_others_that_leaves_us_out_ends_the_search() {
        let ring: &[(char, &[&str])] = &[('1', &["+16475550102"]), ('2', &["+16475550101"])];
        assert_eq!(found(&["+16475550101"], ring), None);
    }

    #[test]
    fn the_search_is_bounded_however_long_the_chain() {
        let mut asked = 0;
        let endless = |_: E164| {
            asked += 1;
            let forwards = (0..20).map(|step| number(&format!("+1{:010}", asked * 20 + step))).collect();
            Some(Lead { tenant: other('1'), forwards })
        };
        assert_eq!(forward_loops(&tenant_id(), &[], &[number("+14165550101")], endless), None);
        assert!(asked <= ASKED_MAX, "{asked}");
    }

    #[test]
    fn the_callers_number_is_found_on_either_kind_of_call() {
        for (from, expected) in [
            ("+16475550123", Some("+16475550123")),
            ("sip:+16475550123@pbx.example;user=phone", Some("+16475550123")),
            ("sip:%2B16475550123@pbx.example", Some("+16475550123")),
            ("sip:front-desk@pbx.example", None),
            ("anonymous", None),
            ("", None),
        ] {
            assert_eq!(caller_number(from), expected.map(number), "{from}");
        }
    }
}
