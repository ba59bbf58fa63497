use std::{fmt, str::FromStr, time::Duration};

/// The longest delay: a test that waits longer waits for nothing.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// A length of time as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// `2s`.
    Seconds(u64),
    /// `300ms`.
    Milliseconds(u64),
}

impl Delay {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let delay = match text.strip_suffix("ms") {
            Some(number) => Self::Milliseconds(digits(number)?),
            None => Self::Seconds(digits(text.strip_suffix('s')?)?),
        };
        (delay.length() <= LONGEST_DELAY).then_some(delay)
    }

    /// The same length by whole milliseconds, in seconds where that is exact.
    pub(super) fn of(length: Duration) -> Self {
        let milliseconds = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        if milliseconds.is_multiple_of(1000) {
            Self::Seconds(milliseconds / 1000)
        } else {
            Self::Milliseconds(milliseconds)
        }
    }

    /// The same length in Rust's terms.
    #[must_use]
    pub fn length(self) -> Duration {
        match self {
            Self::Seconds(number) => Duration::from_secs(number),
            Self::Milliseconds(number) => Duration::from_millis(number),
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds(number) => write!(f, "{number}s"),
            Self::Milliseconds(number) => write!(f, "{number}ms"),
        }
    }
}

/// A number of digits only: Rust's own parser also takes a sign.
pub(super) fn digits<N: FromStr>(text: &str) -> Option<N> {
    let only = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| only)
}
