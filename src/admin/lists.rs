//! What part of a list is asked for: `limit` and `cursor`, which every list takes, and what `narrowings` say that it takes
//! besides.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::auth::Caller;
use super::error::Problem;
use super::query;
use crate::store::Ask;

/// What a list can be narrowed to.
pub(super) trait Narrowing: IntoParams + DeserializeOwned {
    /// The same in the store's words.
    type Filter: Default;

    /// Says it in the store's words.
    fn narrow(self, ask: &mut Ask<Self::Filter>);
}

/// What every list takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only describes what is read by hand, because a limit is clamped")]
pub(super) struct Paging {
    /// How many rows at most, 1 to 200; 50 where nothing is said.
    #[param(default = 50)]
    limit: Option<i64>,
    /// Where the page begins: `nextCursor` of the page before. It is good for the same question only. A page may be
    /// short, even empty, where the search was long: while there is a `nextCursor`, there may be more.
    cursor: Option<String>,
}

/// How many rows a page has where nothing is said, and at most.
const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;

/// What is asked of a list that is narrowed as `Q` says, within what the caller may see.
pub(super) struct ListQuery<Q: Narrowing>(pub Ask<Q::Filter>);

impl<S: Send + Sync, Q: Narrowing> FromRequestParts<S> for ListQuery<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<ListQuery<Q>, Problem> {
        let scope = Caller::from_request_parts(parts, state).await?.scope();
        let given = query::given(parts, state).await?;
        let (paging, narrowing) = read::<Q>(given)?;
        let limit = paging.get("limit").and_then(Value::as_i64).unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        let mut ask = Ask {
            limit: u32::try_from(limit).unwrap_or(50),
            cursor: paging.get("cursor").and_then(Value::as_str).map(str::to_owned),
            q: None,
            tenant: None,
            scope,
            only: Q::Filter::default(),
        };
        narrowing.narrow(&mut ask);
        Ok(ListQuery(ask))
    }
}

/// The query parameters of a list that is narrowed as `Q` says.
pub(super) fn parameters<Q: Narrowing>() -> Vec<Parameter> {
    let place = || Some(ParameterIn::Query);
    Paging::into_params(place).into_iter().chain(Q::into_params(place)).collect()
}

/// Reads what was given, naming every fault: the page asked for, and what it is narrowed to.
fn read<Q: Narrowing>(given: Vec<(String, String)>) -> Result<(Map<String, Value>, Q), Problem> {
    let mut narrowing = query::read(&parameters::<Q>(), "this list", given)?;
    let mut paging = Map::new();
    for name in ["limit", "cursor"] {
        paging.extend(narrowing.shift_remove_entry(name));
    }
    Ok((paging, query::typed(narrowing)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, IntoParams)]
    #[into_params(parameter_in = Query)]
    #[serde(rename_all = "camelCase")]
    struct Shops {
        /// Words.
        q: Option<String>,
        /// Open now.
        is_open: Option<bool>,
        /// Its phone.
        #[param(format = "e164")]
        phone: Option<String>,
    }

    impl Narrowing for Shops {
        type Filter = (Option<bool>, Option<String>);

        fn narrow(self, ask: &mut Ask<Self::Filter>) {
            ask.q = self.q;
            ask.only = (self.is_open, self.phone);
        }
    }

    fn asked(query: &[(&str, &str)]) -> Result<(Map<String, Value>, Shops), Problem> {
        read(query.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn what_is_given_is_read_as_what_it_is() {
        let (paging, shops) =
            asked(&[("limit", "-7"), ("isOpen", "true"), ("phone", " 16475550123"), ("q", " "), ("cursor", "")])
                .unwrap();
        assert_eq!(paging.get("limit"), Some(&Value::from(-7)));
        assert_eq!((shops.q, shops.is_open, shops.phone), (None, Some(true), Some("+16475550123".to_owned())));
        assert!(!paging.contains_key("cursor"));
    }

    #[test]
    fn every_fault_is_named_with_its_parameter() {
        let query = [("limit", "x"), ("isOpen", "maybe"), ("isopen", "true"), ("phone", "1"), ("q", "a"), ("q", "b")];
        let problem = asked(&query).map(drop).unwrap_err();
        let faults: Vec<_> = problem.faults().iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect();
        let expected =
            ["?limit type", "?isOpen type", "?isopen unknown_parameter", "?phone not_e164", "?q repeated_parameter"];
        assert_eq!(faults, expected);
    }
}
