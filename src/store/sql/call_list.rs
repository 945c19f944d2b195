//! Which way the list of calls is walked: along what narrows it most.
//!
//! What is exact goes by an index of its own; of a number people know the end, which has one too. Anything else is
//! looked for along the list itself, in the index that also tells whether a call is wanted.

use super::read::{json_text, spelled};
use super::walk::{Cond, List, Order, Stretch, Walk};
use super::whose::Whose;
use crate::model::{E164, Sid};
use crate::store::cursor::{anywhere, at_the_end, nanos};
use crate::store::words::{self, Words};
use crate::store::{Ask, CallFilter, StoreError};

pub(super) const CALLS: List =
    List { table: "calls", rows: rows_of!(calls), by: "at", id: "call_sid", order: Order::Newest };

/// An end of a call's line: its column, and the index by the end of what stands there.
#[derive(Clone, Copy)]
struct End {
    index: &'static str,
    tail: &'static str,
    is: &'static str,
    like: &'static str,
}

const FROM: End = End {
    index: "calls_by_from_end",
    tail: concat!(last_four!("from_number"), " = "),
    is: "from_number = ",
    like: concat!("from_number ", like!(), " "),
};

const TO: End = End {
    index: "calls_by_to_end",
    tail: concat!(last_four!("to_number"), " = "),
    is: "to_number = ",
    like: concat!("to_number ", like!(), " "),
};

const ESCAPED: &str = " ESCAPE '\\'";

/// The stretch of the list and the walks along it.
pub(super) fn asked(ask: &Ask<CallFilter>) -> Result<(Stretch, Vec<Walk>), StoreError> {
    let only = &ask.only;
    let stretch = Stretch { after: CALLS.after(ask)?, since: only.since.map(nanos), until: only.until.map(nanos) };
    let whose = Whose::of(ask);
    if matches!(whose, Whose::Nobodys) {
        return Ok((stretch, Vec::new()));
    }
    let words = ask.words().map(words::of);
    let judged = judged(only)?;
    let found = words.as_ref().map(found_by);

    if let Some(live) = only.live.as_ref().filter(|live| live.live) {
        let named = Walk::named(among("call_sid IN (SELECT value FROM json_each(", &live.now)?);
        return Ok((stretch, vec![named.reading(whose.conds()).reading(judged).reading(found).reading(ends(only))]));
    }
    if let Some(Words::Sid(sid)) = &words {
        let named = Walk::named(Cond::sql("call_sid = ").text(*sid));
        return Ok((stretch, vec![named.reading(whose.conds()).reading(judged).reading(ends(only))]));
    }
    let by_end: Vec<Walk> = match (only.from, only.to, &words) {
        (Some(from), _, _) => vec![whole(FROM, from)],
        (None, Some(to), _) => vec![whole(TO, to)],
        (None, None, Some(Words::Number(number))) => vec![whole(FROM, *number), whole(TO, *number)],
        // Within one tenant its own calls are the fewer.
        (None, None, Some(Words::End(digits))) if !matches!(whose, Whose::Tenants(_) | Whose::TenantsOf(..)) => {
            vec![part(FROM, digits), part(TO, digits)]
        }
        _ => Vec::new(),
    };
    if !by_end.is_empty() {
        let narrow = |walk: Walk| {
            // The walk itself sees to what it goes by; told again, that does no harm.
            let walk = walk.reading(whose.conds()).reading(judged.clone()).reading(ends(only));
            if only.from.is_some() || only.to.is_some() { walk.reading(found.clone()) } else { walk }
        };
        return Ok((stretch, by_end.into_iter().map(narrow).collect()));
    }
    let index = whose.index("calls_by_age", "calls_by_org", "calls_by_tenant");
    Ok((stretch, vec![Walk::along(index, whose.conds()).only(judged).only(found)]))
}

fn whole(end: End, number: E164) -> Walk {
    let number = number.to_string();
    let tail = number.get(number.len().saturating_sub(4)..).unwrap_or_default().to_owned();
    Walk::along(end.index, vec![Cond::sql(end.tail).text(tail)]).only([Cond::sql(end.is).text(number)])
}

fn part(end: End, digits: &str) -> Walk {
    let tail = digits.get(digits.len().saturating_sub(4)..).unwrap_or_default();
    let walk = Walk::along(end.index, vec![Cond::sql(end.tail).text(tail)]);
    if tail == digits { walk } else { walk.only([Cond::sql(end.like).text(at_the_end(digits))]) }
}

/// What `from` and `to` ask of a row.
fn ends(only: &CallFilter) -> Vec<Cond> {
    let is = |end: End, number: Option<E164>| number.map(|number| Cond::sql(end.is).text(number.to_string()));
    [is(FROM, only.from), is(TO, only.to)].into_iter().flatten().collect()
}

/// What words ask of a row.
fn found_by(words: &Words<'_>) -> Cond {
    match words {
        Words::Sid(sid) => Cond::sql("call_sid = ").text(*sid),
        Words::Number(number) => {
            let number = number.to_string();
            Cond::sql("(from_number = ").text(&number).and_sql(" OR to_number = ").text(number).and_sql(")")
        }
        Words::End(digits) => like_either(&at_the_end(digits)).and_sql(")"),
        Words::Text(text) => {
            let pattern = anywhere(text);
            like_either(&pattern)
                .and_sql(concat!(" OR call_sid ", like!(), " "))
                .text(pattern)
                .and_sql(ESCAPED)
                .and_sql(")")
        }
    }
}

/// The beginning of a condition on both numbers.
fn like_either(pattern: &str) -> Cond {
    let from = Cond::sql("(").and_sql(FROM.like).text(pattern).and_sql(ESCAPED);
    from.and_sql(" OR ").and_sql(TO.like).text(pattern).and_sql(ESCAPED)
}

/// Among these calls, or not, as the beginning says.
fn among(beginning: &'static str, sids: &[Sid]) -> Result<Cond, StoreError> {
    Ok(Cond::sql(beginning).text(json_text(&sids)?).and_sql("))"))
}

/// The rest of what is asked, as the indexes of the list tell it.
fn judged(only: &CallFilter) -> Result<Vec<Cond>, StoreError> {
    let mut conds = Vec::new();
    conds.extend(only.available.map(|available| Cond::sql("available = ").integer(i64::from(available))));
    conds.extend(only.reason.map(|reason| Cond::sql("reason = ").text(reason.as_str())));
    conds.extend(only.arrival.map(|arrival| Cond::sql("arrival = ").text(spelled(arrival))));
    conds.extend(only.status.as_ref().map(|status| Cond::sql("status = ").text(status)));
    if let Some(live) = only.live.as_ref().filter(|live| !live.live) {
        conds.push(among("call_sid NOT IN (SELECT value FROM json_each(", &live.now)?);
    }
    Ok(conds)
}
