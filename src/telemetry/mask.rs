//! Hides the middle of phone numbers in text that came from outside.

/// Runs of this many digits may be a phone number.
const DIGITS_MIN: usize = 7;

/// The text with the middle of every run of 7 or more digits hidden: `+1647•••0123`.
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    push_masked(&mut masked, text, |_| true);
    masked
}

/// Appends `text`, and hides the runs of digits that `suspect` says are phone numbers, given what stands before them.
pub(super) fn push_masked(out: &mut String, text: &str, suspect: impl Fn(&str) -> bool) {
    let mut rest = text;
    let mut seen = 0;
    while let Some(start) = rest.find(|first: char| first.is_ascii_digit()) {
        let digits = rest[start..].bytes().take_while(u8::is_ascii_digit).count();
        let (before, run) = (&rest[..start], &rest[start..start + digits]);
        out.push_str(before);
        if digits >= DIGITS_MIN && suspect(&text[..seen + start]) {
            let shown = if digits >= 10 { 4 } else { 2 };
            out.push_str(&run[..shown]);
            out.push_str("•••");
            out.push_str(&run[digits - shown..]);
        } else {
            out.push_str(run);
        }
        seen += start + digits;
        rest = &rest[start + digits..];
    }
    out.push_str(rest);
}

/// True where what stands before a run of digits says that it is an E.164 number.
pub(super) fn after_a_plus(before: &str) -> bool {
    before.ends_with('+') || before.ends_with("%2B") || before.ends_with("%2b")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_seven_digits_loses_its_middle() {
        for (raw, shown) in [
            ("+16475550123", "+1647•••0123"),
            ("sip:+16475550123@pbx.example.com;x=1", "sip:+1647•••0123@pbx.example.com;x=1"),
            ("16475550123 and 5550123", "1647•••0123 and 55•••23"),
            ("123456", "123456"),
            ("", ""),
            ("anonymous", "anonymous"),
            ("١٢٣٤٥٦٧٨", "١٢٣٤٥٦٧٨"),
        ] {
            assert_eq!(mask(raw), shown);
        }
    }

    #[test]
    fn in_a_whole_line_only_what_follows_a_plus_is_hidden() {
        let mut out = String::new();
        push_masked(&mut out, "CA12345678 to=%2B16475550123 at +16475550199", after_a_plus);
        assert_eq!(out, "CA12345678 to=%2B1647•••0123 at +1647•••0199");
    }
}
