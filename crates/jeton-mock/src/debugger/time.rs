//! Times in words.

use jeton::UnixTime;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The last second of the year 9999: later ones are hardly meant as times.
const LATEST: u64 = 253_402_300_799;

/// `2026-01-31 12:00:00 UTC, in 59 minutes`; `None` for what is no time.
pub(super) fn in_words(time: u64, now: u64) -> Option<String> {
    (time <= LATEST).then(|| format!("{}, {}", utc(time), relative(time, now)))
}

/// `12:00:00`, in UTC.
pub(super) fn of_day(time: u64) -> String {
    let second = time % DAY;
    let (hour, minute, second) = (second / HOUR, second % HOUR / MINUTE, second % MINUTE);
    format!("{hour:02}:{minute:02}:{second:02}")
}

pub(crate) fn utc(time: u64) -> String {
    let (year, month, day) = UnixTime(time).date();
    format!("{year:04}-{month:02}-{day:02} {} UTC", of_day(time))
}

fn relative(time: u64, now: u64) -> String {
    let apart = time.abs_diff(now);
    let (count, unit) = match apart {
        0 => return "now".to_owned(),
        1..MINUTE => (apart, "second"),
        MINUTE..HOUR => (apart / MINUTE, "minute"),
        HOUR..DAY => (apart / HOUR, "hour"),
        _ => (apart / DAY, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if time > now {
        format!("in {count} {unit}{plural}")
    } else {
        format!("{count} {unit}{plural} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (time, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_700_000_000, "2023-11-14 22:13:20 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (LATEST, "9999-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(utc(time), expected);
        }
        assert_eq!(in_words(LATEST + 1, 0), None);
    }

    #[test]
    fn distances() {
        for (time, expected) in [
            (1000, "now"),
            (1001, "in 1 second"),
            (941, "59 seconds ago"),
            (1060, "in 1 minute"),
            (1000 + 2 * 3600 - 1, "in 1 hour"),
            (1000 + 3 * 86400, "in 3 days"),
        ] {
            assert_eq!(relative(time, 1000), expected);
        }
    }
}
