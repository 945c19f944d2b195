//! What is asked of every engine, written once: each engine takes these files in as a module of its own, so that they are
//! compiled for its types and neither pays for the other.
//!
//! Whoever takes them in has beside them: `Engine` with `read`, `snapshot`, `write`, `write_patiently`, `writers`, `ring`; `Db`, `DbRow`,
//! `DbConnection`, `DbArguments`, `Writing`; `tell_others` of what was written; and, as macros that must be known
//! before, the few words in which the engines differ. What one of them lacks of the functions called here, its first migration makes.

#[macro_use]
mod columns;

mod apply;
mod audit;
mod bulk;
mod call_list;
mod calls;
mod costs;
mod deliveries;
mod erase;
mod erasures;
mod idempotent;
mod jobs;
pub(super) mod key;
mod life;
mod newest;
mod numbers;
mod orgs;
mod past;
mod person;
mod phone;
mod pool;
mod ports;
pub(super) mod read;
mod remote;
pub(super) mod reseal;
mod retention;
pub(super) mod schema;
mod sessions;
mod sip;
mod sweep;
mod tell;
mod tenants;
mod today;
mod tokens;
mod tombstones;
mod versions;
mod voicemails;
mod walk;
mod webhooks;
mod whose;

use super::{
    Db, DbArguments, DbConnection, DbRow, Engine, HAS_COLUMN, KEYS_MAX, ROWS_MAX, Writing, flag_at, push_index,
    tell_others, text_at,
};
use crate::store::within::{READ_MAX, WORK_MAX, within};
