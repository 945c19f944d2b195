//! One person's data: found by every spelling of a number, read out, erased.
//!
//! What is written with digits and a plus alone is found by an index as it stands; the rest, few, is read along an index
//! of its own and judged. Everything goes by the call: what somebody left, said or did was in one.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{QueryBuilder, Row as _};

use super::erase::{self, Leaving, Remote};
use super::read::{Columns, json_text};
use super::tombstones::bury;
use super::{Db, DbRow, Engine, READ_MAX, WORK_MAX, Writing, voicemails, within};
use crate::model::{Person, Record, Scope, Sid, TenantId};
use crate::store::cursor::nanos;
use crate::store::{Bounds, Erased, PersonAsk, PersonCall, RemoteProvider, StoreError};

/// Calls and voicemails written with more than digits and a plus; the words of the partial indexes.
const ODD_CALLS: &str = concat!("(", odd!("from_number"), " OR ", odd!("to_number"), ")");
const ODD_VOICEMAILS: &str = odd!("from_number");

/// The number a call came in on; none where nothing says so.
const CALLED_LINE: &str = "CASE WHEN json_valid(began) THEN json_extract(began, '$.number_id') END";

/// How many records set aside are looked at in one go.
const STRAYS_MAX: i64 = 500;

impl Engine {
    pub(in crate::store) async fn person_calls(
        &self,
        ask: &PersonAsk,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Sid>, StoreError> {
        within(WORK_MAX, async {
            let is_ours = self.is_a_line(&ask.person).await?;
            let mut found: BTreeSet<Sid> = BTreeSet::new();
            for sought in Sought::all(is_ours) {
                found.extend(self.find(ask, sought, is_ours, after.unwrap_or(""), limit).await?);
            }
            // Each search brought its first ones, so the first of all are among them.
            Ok(found.into_iter().take(limit as usize).collect())
        })
        .await
    }

    /// Is it one of the numbers callers dial? Calls to it are other people's.
    async fn is_a_line(&self, person: &Person) -> Result<bool, StoreError> {
        let query = sqlx::query("SELECT 1 FROM numbers WHERE e164 = $1").bind(person.number().to_string());
        Ok(query.fetch_optional(&mut *self.read().await?).await?.is_some())
    }

    /// The first calls after one, of those found in one way.
    async fn find(
        &self,
        ask: &PersonAsk,
        sought: Sought,
        is_ours: bool,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Sid>, StoreError> {
        let (mut found, mut after) = (Vec::new(), after.to_owned());
        loop {
            let mut query = QueryBuilder::<Db>::new("");
            sought.ask(&mut query, &ask.person);
            query.push(" AND call_sid > ").push_bind(after.clone());
            narrow(&mut query, ask);
            query.push(" ORDER BY call_sid LIMIT ").push_bind(i64::from(limit));
            let rows = query.build().fetch_all(&mut *self.read().await?).await?;
            for row in &rows {
                after = Columns(row).text("call_sid")?;
                if sought.is_meant(row, &ask.person, is_ours)? {
                    found.extend(Sid::parse(&after));
                }
            }
            if rows.len() < limit as usize || found.len() >= limit as usize {
                return Ok(found);
            }
        }
    }

    pub(in crate::store) async fn read_person(
        &self,
        ask: &PersonAsk,
        calls: &[Sid],
    ) -> Result<Vec<PersonCall>, StoreError> {
        within(WORK_MAX, async {
            let mut read: BTreeMap<&Sid, PersonCall> = calls
                .iter()
                .map(|sid| (sid, PersonCall { sid: sid.clone(), call: None, voicemails: Vec::new() }))
                .collect();
            for call in self.calls_among(ask, calls).await? {
                if let Some(one) = read.get_mut(&call.began.call_sid) {
                    one.call = Some(call);
                }
            }
            let mut query = among(rows_of!(voicemails), calls)?;
            narrow(&mut query, ask);
            query.push(" ORDER BY created_at, id");
            for row in &query.build().fetch_all(&mut *self.read().await?).await? {
                let Some(voicemail) = voicemails::readable(row) else { continue };
                if let Some(one) = read.get_mut(&voicemail.call_sid) {
                    one.voicemails.push(voicemail);
                }
            }
            Ok(read.into_values().collect())
        })
        .await
    }

    pub(in crate::store) async fn erase_person_calls(
        &self,
        ask: &PersonAsk,
        calls: &[Sid],
        bounds: &Bounds,
    ) -> Result<Erased, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let erased = erase_calls(&mut writing, ask, calls, bounds).await?;
            // Counted by doing it, so that the two can never tell different things.
            if bounds.dry {
                writing.rollback().await?
            } else {
                writing.commit().await?
            }
            Ok(erased)
        })
        .await
    }

    pub(in crate::store) async fn erase_strays(&self, ask: &PersonAsk, dry: bool) -> Result<Erased, StoreError> {
        let refused = self.erase_refused(ask, dry).await?;
        let deliveries = self.erase_deliveries(ask, dry).await?;
        Ok(Erased { refused, deliveries, ..Erased::default() })
    }

    /// Records that could not be applied and were set aside in a table.
    async fn erase_refused(&self, ask: &PersonAsk, dry: bool) -> Result<u64, StoreError> {
        let (mut after, mut gone) = (0i64, 0);
        loop {
            let query =
                sqlx::query("SELECT rowid AS place, record FROM refused WHERE rowid > $1 ORDER BY rowid LIMIT $2");
            let rows = query.bind(after).bind(STRAYS_MAX).fetch_all(&mut *self.read().await?).await?;
            let Some(last) = rows.last() else { return Ok(gone) };
            after = Columns(last).integer("place")?;
            let mut meant: Vec<i64> = Vec::new();
            for row in &rows {
                if self.is_stray_of(ask, &Columns(row).text("record")?).await? {
                    meant.push(Columns(row).integer("place")?);
                }
            }
            gone += meant.len() as u64;
            if !dry && !meant.is_empty() {
                let mut writing = self.write().await?;
                let query =
                    sqlx::query("DELETE FROM refused WHERE rowid IN (SELECT CAST(value AS BIGINT) FROM json_each($1))");
                query.bind(json_text(&meant)?).execute(&mut *writing).await?;
                writing.commit().await?;
            }
        }
    }

    async fn is_stray_of(&self, ask: &PersonAsk, text: &str) -> Result<bool, StoreError> {
        let Ok(record) = serde_json::from_str::<Record>(text) else {
            // Nobody can tell whose it is; only who sees everything may take it away.
            return Ok(text.contains(ask.person.digits()) && self.covers(ask, None).await?);
        };
        let marks: Vec<&Sid> = record.marks().collect();
        let is_meant = ask.person.is_in(&record) || self.is_erased(&marks).await?;
        Ok(is_meant && self.covers(ask, record.tenant_id()).await?)
    }

    /// Messages to webhooks whose call is not kept any more.
    async fn erase_deliveries(&self, ask: &PersonAsk, dry: bool) -> Result<u64, StoreError> {
        // What tells of a call or a voicemail that is kept goes with it, or stays with it.
        let query = sqlx::query(
            "SELECT id, payload FROM webhook_deliveries WHERE instr(payload, $1) > 0 \
             AND NOT EXISTS (SELECT 1 FROM calls WHERE call_sid = subject) \
             AND NOT EXISTS (SELECT 1 FROM voicemails WHERE voicemails.id = subject)",
        );
        let rows = query.bind(ask.person.digits()).fetch_all(&mut *self.read().await?).await?;
        let mut meant: Vec<String> = Vec::new();
        for row in &rows {
            let payload: serde_json::Value = Columns(row).json("payload")?.unwrap_or_default();
            let data = &payload["data"];
            let is_caller = data["from"].as_str().is_some_and(|from| ask.person.is_written(from));
            let tenant = data["tenantId"].as_str().and_then(|id| TenantId::parse(id).ok());
            if is_caller && self.covers(ask, tenant.as_ref()).await? {
                meant.push(Columns(row).text("id")?);
            }
        }
        if !dry && !meant.is_empty() {
            let mut writing = self.write().await?;
            let query = sqlx::query("DELETE FROM webhook_deliveries WHERE id IN (SELECT value FROM json_each($1))");
            query.bind(json_text(&meant)?).execute(&mut *writing).await?;
            writing.commit().await?;
        }
        Ok(meant.len() as u64)
    }

    pub(in crate::store) async fn covers(
        &self,
        ask: &PersonAsk,
        tenant: Option<&TenantId>,
    ) -> Result<bool, StoreError> {
        if ask.tenant.as_ref().is_some_and(|only| Some(only) != tenant) {
            return Ok(false);
        }
        match &ask.scope {
            Scope::All => Ok(true),
            Scope::Tenant(own) => Ok(tenant == Some(own)),
            Scope::Org(org) => {
                let query = sqlx::query("SELECT 1 FROM tenants WHERE id = $1 AND org_id = $2");
                let query = query.bind(tenant.map(TenantId::as_str)).bind(org.as_str());
                Ok(within(READ_MAX, async { Ok(query.fetch_optional(&mut *self.read().await?).await?) })
                    .await?
                    .is_some())
            }
        }
    }
}

/// A way in which somebody's calls are found.
#[derive(Clone, Copy)]
enum Sought {
    From,
    To,
    Oddly,
    Left,
    LeftOddly,
}

impl Sought {
    fn all(is_ours: bool) -> impl Iterator<Item = Sought> {
        let all = [Sought::From, Sought::To, Sought::Oddly, Sought::Left, Sought::LeftOddly];
        all.into_iter().filter(move |sought| !is_ours || !matches!(sought, Sought::To))
    }

    fn ask(self, query: &mut QueryBuilder<Db>, person: &Person) {
        let spellings = json_text(&person.plain_spellings()).unwrap_or_default();
        match self {
            Sought::From => {
                query.push("SELECT call_sid FROM calls WHERE from_number IN (SELECT value FROM json_each(");
                query.push_bind(spellings).push("))");
            }
            Sought::To => {
                query.push("SELECT call_sid FROM calls WHERE to_number IN (SELECT value FROM json_each(");
                query.push_bind(spellings).push(")) AND ").push(CALLED_LINE).push(" IS NULL");
            }
            Sought::Oddly => {
                query.push("SELECT call_sid, from_number, to_number, ").push(CALLED_LINE).push(" AS line FROM calls ");
                query.push("WHERE ").push(ODD_CALLS).push(" AND (");
                holds(query, "from_number", person);
                query.push(" OR ");
                holds(query, "to_number", person);
                query.push(")");
            }
            Sought::Left => {
                query.push(
                    "SELECT DISTINCT call_sid FROM voicemails WHERE from_number IN (SELECT value FROM json_each(",
                );
                query.push_bind(spellings).push("))");
            }
            Sought::LeftOddly => {
                query.push("SELECT DISTINCT call_sid, from_number FROM voicemails WHERE ").push(ODD_VOICEMAILS);
                query.push(" AND ");
                holds(query, "from_number", person);
            }
        }
    }

    /// What an index cannot tell is judged here.
    fn is_meant(self, row: &DbRow, person: &Person, is_ours: bool) -> Result<bool, StoreError> {
        let columns = Columns(row);
        Ok(match self {
            Sought::From | Sought::To | Sought::Left => true,
            Sought::LeftOddly => person.is_written(&columns.text("from_number")?),
            Sought::Oddly => {
                let is_called = || -> Result<bool, StoreError> {
                    let came_in_on_a_line = is_ours || columns.text_or_none("line")?.is_some();
                    Ok(!came_in_on_a_line && person.is_written(&columns.text("to_number")?))
                };
                person.is_written(&columns.text("from_number")?) || is_called()?
            }
        })
    }
}

/// The column holds the number's digits, whatever is written between them.
fn holds(query: &mut QueryBuilder<Db>, column: &'static str, person: &Person) {
    query.push("instr(replace(replace(replace(replace(replace(").push(column);
    query
        .push(", '-', ''), '.', ''), ' ', ''), '(', ''), ')', ''), ")
        .push_bind(person.digits().to_owned())
        .push(") > 0");
}

/// Only what is asked about.
pub(super) fn narrow(query: &mut QueryBuilder<Db>, ask: &PersonAsk) {
    match &ask.scope {
        Scope::All => {}
        Scope::Org(org) => {
            query
                .push(" AND tenant_id IN (SELECT id FROM tenants WHERE org_id = ")
                .push_bind(org.to_string())
                .push(")");
        }
        Scope::Tenant(tenant) => drop(query.push(" AND tenant_id = ").push_bind(tenant.to_string())),
    }
    if let Some(tenant) = &ask.tenant {
        query.push(" AND tenant_id = ").push_bind(tenant.to_string());
    }
}

/// The rows of a table that are of these calls.
pub(super) fn among(select: &'static str, calls: &[Sid]) -> Result<QueryBuilder<Db>, StoreError> {
    let mut query = QueryBuilder::new(select);
    query.push(" WHERE call_sid IN (SELECT value FROM json_each(").push_bind(json_text(&calls)?).push("))");
    Ok(query)
}

async fn erase_calls(
    writing: &mut Writing,
    ask: &PersonAsk,
    calls_asked: &[Sid],
    bounds: &Bounds,
) -> Result<Erased, StoreError> {
    let mut under_way: BTreeSet<Sid> = calls_asked.iter().filter(|sid| bounds.live.contains(sid)).cloned().collect();
    let mut query = among(
        "SELECT call_sid, at, tenant_id, CASE WHEN json_valid(began) THEN json_extract(began, '$.arrival') END AS arrival, \
         CASE WHEN json_valid(began) THEN json_extract(began, '$.account_sid') END AS account, \
         CASE WHEN json_valid(report) THEN json_extract(report, '$.vapi_call_id.value') END AS vapi FROM calls",
        calls_asked,
    )?;
    narrow(&mut query, ask);
    let call_rows = query.build().fetch_all(&mut **writing).await?;
    let mut query = among(rows_of!(voicemails), calls_asked)?;
    narrow(&mut query, ask);
    let voicemail_rows = query.build().fetch_all(&mut **writing).await?;

    // What began after it was asked which calls are under way may be one of them.
    for (rows, age) in [(&call_rows, "at"), (&voicemail_rows, "created_at")] {
        for row in rows {
            if Columns(row).integer(age)? > nanos(bounds.asked_at) {
                under_way.insert(Columns(row).identity("call_sid")?);
            }
        }
    }
    let mut gone: Vec<Gone> = Vec::with_capacity(call_rows.len());
    for row in &call_rows {
        let call = Gone::of(row)?;
        if !under_way.contains(&call.sid) {
            gone.push(call);
        }
    }
    let mut leaving: Vec<Leaving> = Vec::with_capacity(voicemail_rows.len());
    for row in &voicemail_rows {
        let voicemail = Leaving::of(row)?;
        if !under_way.contains(&voicemail.call_sid) {
            leaving.push(voicemail);
        }
    }

    let account_of = |sid: &Sid| gone.iter().find(|call| call.sid == *sid).and_then(|call| call.account.as_ref());
    let recordings = leaving.iter().filter_map(|one| {
        let account = one.account.as_ref().or_else(|| account_of(&one.call_sid));
        let (provider, tenant) = (RemoteProvider::Twilio, one.tenant_id.as_ref());
        one.recording.as_ref().map(|sid| Remote { provider, account, sid, tenant })
    });
    let ai_calls = gone.iter().filter_map(|call| {
        let (provider, tenant) = (RemoteProvider::Vapi, call.tenant_id.as_ref());
        call.at_vapi().map(|sid| Remote { provider, account: None, sid, tenant })
    });
    let remote: Vec<Remote<'_>> = recordings.chain(ai_calls).collect();
    let sids: Vec<&Sid> = gone.iter().map(|call| &call.sid).collect();
    let subjects: Vec<&str> =
        sids.iter().map(|sid| sid.as_str()).chain(leaving.iter().map(|one| one.id.as_str())).collect();

    let (calls, events) = erase::calls(writing, &sids).await?;
    let (voicemails, news) = erase::voicemails(writing, &leaving).await?;
    let deliveries = erase::deliveries(writing, &subjects).await?;
    let staying = known(writing, calls_asked).await?;
    let queued = erase::queue(writing, &remote, bounds.asked_at).await?;
    let of_calls = gone.iter().flat_map(|call| [Some(&call.sid), call.vapi.as_ref()].into_iter().flatten());
    let of_messages = leaving.iter().flat_map(|one| {
        // A call that stays is somebody else's to keep: then only the recording is remembered.
        let whole = (!staying.contains(&one.call_sid)).then_some(&one.call_sid);
        [whole, one.recording.as_ref()].into_iter().flatten()
    });
    bury(writing, of_calls.chain(of_messages), bounds.remember_until).await?;
    let live = under_way.len() as u64;
    Ok(Erased { calls, events, voicemails, news, deliveries, refused: 0, remote: queued, live })
}

/// Which of these calls are kept.
async fn known(writing: &mut Writing, calls: &[Sid]) -> Result<BTreeSet<Sid>, StoreError> {
    let rows = among("SELECT call_sid FROM calls", calls)?.build().fetch_all(&mut **writing).await?;
    rows.iter().map(|row| Columns(row).identity("call_sid")).collect()
}

/// A call on its way out.
struct Gone {
    sid: Sid,
    tenant_id: Option<TenantId>,
    account: Option<Sid>,
    /// Vapi's own name for it, where it told.
    vapi: Option<Sid>,
    came_by_vapi: bool,
}

impl Gone {
    fn of(row: &DbRow) -> Result<Gone, StoreError> {
        let columns = Columns(row);
        let arrival: Option<&str> = row.try_get("arrival")?;
        Ok(Gone {
            sid: columns.identity("call_sid")?,
            tenant_id: columns.parsed("tenant_id")?,
            account: columns.parsed("account")?,
            vapi: columns.parsed("vapi")?,
            came_by_vapi: arrival == Some("vapi"),
        })
    }

    /// What Vapi knows it as, where Vapi knows it.
    fn at_vapi(&self) -> Option<&Sid> {
        self.vapi.as_ref().or_else(|| self.came_by_vapi.then_some(&self.sid))
    }
}
