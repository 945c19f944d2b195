//! Setup guides: what a business and whoever runs this do so that its calls come here, written out for the one tenant.
//!
//! Facts in, a [`Guide`] out; the same structure is JSON by serde, Markdown and HTML by the renderers beside it. A file
//! for each way of being reached, one for what all three have in common. The words that the documents this product unites
//! give for labels, pros, cons and steps stand here as they stand there, with the brand in place of a name; where those
//! documents are wrong, the guide says what is so.

mod asterisk;
mod choice;
mod costs;
mod facts;
mod first;
mod forwarded;
mod guide;
mod html;
mod instructions;
mod kinds;
mod markdown;
mod ported;
mod settings;
mod sip;
mod warnings;

#[cfg(test)]
mod tests;

pub use facts::Facts;
pub use guide::{
    Audience, Business, Code, Comparison, Costs, Guide, MethodGuide, Section, Table, Todo, Value, Warning,
};
pub use html::{STYLE, html};
pub use instructions::{Forwarding, Instructions, Porting, SipSetup, SipSteps};
pub use kinds::{Method, Pbx};
pub use markdown::markdown;

/// Writes the guide of a tenant.
///
/// `method` is whose way is asked for: where none is, the one the tenant is configured for, and where it is for none, all
/// three to choose from. `pbx` is of SIP alone; where none is asked for, the tenant's own telephone system.
pub fn guide(facts: &Facts<'_>, method: Option<Method>, pbx: Option<Pbx>) -> Guide {
    let configured = facts.phone.map(|phone| Method::of(phone.method));
    let method = method.or(pbx.map(|_| Method::Sip)).or(configured);
    let pbx = pbx.unwrap_or_else(|| Pbx::of(facts.phone.and_then(|phone| phone.pbx_type.as_deref())));
    let all = || Method::ALL.into_iter().map(|method| of(facts, method, pbx));
    let guides: Vec<MethodGuide> = method.map_or_else(|| all().collect(), |method| vec![of(facts, method, pbx)]);
    let title = match guides.as_slice() {
        [MethodGuide { instructions: Instructions::Sip(setup), .. }] => setup.title.clone(),
        [one] => one.label.clone(),
        _ => choice::TITLE.to_owned(),
    };
    Guide {
        brand: facts.brand.to_owned(),
        business: Business {
            id: facts.tenant.id.clone(),
            slug: facts.tenant.slug.clone(),
            name: facts.tenant.name.clone(),
        },
        title,
        configured,
        method,
        comparison: method.is_none().then(|| choice::comparison(facts)),
        guides,
    }
}

fn of(facts: &Facts<'_>, method: Method, pbx: Pbx) -> MethodGuide {
    match method {
        Method::Ported => ported::guide(facts),
        Method::Forwarded => forwarded::guide(facts),
        Method::Sip => sip::guide(facts, pbx),
    }
}
