//! Stretches of time on the command line.

/// The seconds of `90`, `90s`, `15m`, `24h`, `30d`.
///
/// # Errors
/// The text is none of these.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let unit = units
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)));
    let (number, seconds) = unit.unwrap_or((text, 1));
    let number = number.parse::<u64>().ok();
    number
        .filter(|_| !text.starts_with('+'))
        .and_then(|number| number.checked_mul(seconds))
        .ok_or_else(|| "expected a time such as 90s, 15m, 24h or 30d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn what_is_taken() {
        for (text, expected) in [
            ("0", Ok(0)),
            ("90", Ok(90)),
            ("90s", Ok(90)),
            ("15m", Ok(900)),
            ("24h", Ok(86_400)),
            ("30d", Ok(2_592_000)),
            ("", Err(())),
            ("d", Err(())),
            ("+1d", Err(())),
            ("1.5h", Err(())),
            ("1 d", Err(())),
            ("1w", Err(())),
            ("99999999999999999999d", Err(())),
            ("18446744073709551615d", Err(())),
        ] {
            assert_eq!(seconds(text).map_err(drop), expected, "{text}");
        }
    }
}
