//! `/api/twilio/voice`: a call to a number.

use crate::directory::Found;
use crate::model::{Arrival, E164};

use super::signed::Signed;
use super::{Answer, Edge, call};

pub(super) async fn answer(edge: &Edge, signed: &Signed<'_>) -> Answer {
    let line = match E164::parse(signed.to()) {
        Ok(number) => edge.directory.by_number(number).await,
        Err(_) => Found::Unknown,
    };
    call::answer(edge, signed, line, Arrival::Number).await
}
