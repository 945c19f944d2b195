//! The numbers there are in this world: those set aside for fiction, the lower half at Twilio, the upper half at Vapi.

/// Area codes of Canada; what else begins like one is in the United States.
const CANADA: &[u16] = &[
    204, 226, 236, 249, 250, 263, 289, 306, 343, 354, 365, 367, 368, 382, 403, 416, 418, 428, 431, 437, 438, 450, 468,
    474, 506, 514, 519, 548, 579, 581, 584, 587, 604, 613, 639, 647, 672, 683, 705, 709, 742, 753, 778, 780, 782, 807,
    819, 825, 867, 873, 879, 902, 905, 942,
];

/// Where numbers are looked for first when no area code is asked for.
const USUAL_US: &[u16] = &[205, 305, 312, 404, 512, 617, 702, 808];
const USUAL_CANADA: &[u16] = &[416, 514, 604, 647, 905];

/// An area code in which there is never one, as with Twilio's test credentials.
pub(super) const NONE_THERE: u16 = 533;

/// Numbers of one provider in one area code.
const LINES: u16 = 50;

/// Could this be an area code of North America?
pub(super) fn is_area_code(code: u16) -> bool {
    (200..=999).contains(&code) && code / 10 % 10 != 9 && code % 100 != 11
}

/// The country of an area code.
pub(super) fn country(code: u16) -> &'static str {
    if CANADA.contains(&code) { "CA" } else { "US" }
}

/// Local numbers at Twilio in a country, those of one area code if it is given. None where Twilio has none to sell.
pub(super) fn at_twilio(wanted: &str, area: Option<u16>) -> Option<Box<dyn Iterator<Item = String>>> {
    let usual = match wanted {
        "US" => USUAL_US,
        "CA" => USUAL_CANADA,
        "GB" => return Some(Box::new((0..LINES).map(|line| format!("+442079460{line:03}")))),
        _ => return None,
    };
    let is_there = |code: &u16| *code != NONE_THERE && is_area_code(*code);
    let areas: Vec<u16> = match area {
        Some(code) => vec![code],
        None => usual.iter().copied().chain((200..=999).filter(|code| !usual.contains(code))).collect(),
    };
    let areas: Vec<u16> = areas.into_iter().filter(is_there).filter(|code| country(*code) == wanted).collect();
    Some(Box::new(areas.into_iter().flat_map(|code| lines(code, 0))))
}

/// Free numbers at Vapi in an area code of the United States.
pub(super) fn at_vapi(area: u16) -> impl Iterator<Item = String> {
    lines(area, LINES)
}

fn lines(area: u16, from: u16) -> impl Iterator<Item = String> {
    (from..from + LINES).map(move |line| format!("+1{area}55501{line:02}"))
}

/// The area code of a number of North America.
pub(super) fn area_of(number: &str) -> Option<u16> {
    number.strip_prefix("+1")?.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_sold_twice() {
        let twilio: Vec<String> = at_twilio("US", Some(205)).expect("a country").collect();
        assert!(at_vapi(205).all(|number| !twilio.contains(&number)));
        let count = |country, area| at_twilio(country, area).expect("a country").count();
        assert_eq!(count("CA", Some(205)), 0, "205 is not in Canada");
        assert_eq!(count("US", Some(NONE_THERE)), 0);
        assert!(at_twilio("FR", None).is_none());
        let all: std::collections::BTreeSet<String> = at_twilio("US", None).expect("a country").collect();
        assert_eq!(all.len(), count("US", None), "no number is listed twice");
        assert!(all.len() > 30_000, "enough for many batches");
    }

    #[test]
    fn codes_of_services_are_no_area_codes() {
        assert!(is_area_code(416) && is_area_code(205));
        assert!(![99, 100, 411, 911, 295, 1000].into_iter().any(is_area_code));
    }
}
