//! The languages of pages.

/// A language that pages are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, which whoever understands none of the others is shown.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    const ALL: [Self; 2] = [Self::English, Self::German];

    /// The tags of all.
    pub const TAGS: [&'static str; 2] = [Self::English.tag(), Self::German.tag()];

    /// The language tag (RFC 5646).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language for a person: the first that an application asked for (`ui_locales`, OpenID Connect
    /// Core §3.1.2.1) of those there are, else what the browser prefers (`Accept-Language`, RFC 9110
    /// §12.5.4), else English.
    #[must_use]
    pub fn of(ui_locales: Option<&str>, accept_language: Option<&str>) -> Self {
        ui_locales
            .and_then(Self::asked_for)
            .or_else(|| Self::preferred(accept_language.unwrap_or_default()))
            .unwrap_or_default()
    }

    /// The first that an application asked for (`ui_locales`) of those there are.
    #[must_use]
    pub fn asked_for(ui_locales: &str) -> Option<Self> {
        ui_locales.split_ascii_whitespace().find_map(Self::named)
    }

    /// The language of a tag, whatever its region or script.
    fn named(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        let mut all = Self::ALL.into_iter();
        all.find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The language that has the greatest weight; of several, the first.
    fn preferred(accept_language: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for range in accept_language.split(',').take(20) {
            let mut parts = range.split(';').map(str::trim);
            let Some(language) = parts.next().and_then(Self::named) else {
                continue;
            };
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight = weight.map_or(Some(1000), thousandths);
            let Some(weight) = weight.filter(|weight| *weight > 0) else {
                continue;
            };
            if best.is_none_or(|(most, _)| weight > most) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }
}

/// A weight (`qvalue`, RFC 9110 §12.4.2), which has three decimals at most. As a float it would bring a
/// table of 10 kB into a Worker.
fn thousandths(qvalue: &str) -> Option<u16> {
    let (whole, decimals) = qvalue.split_once('.').unwrap_or((qvalue, ""));
    let mut weight = match whole {
        "0" => 0,
        "1" => 1000,
        _ => return None,
    };
    for (digit, worth) in decimals.chars().zip([100, 10, 1]) {
        weight += u16::try_from(digit.to_digit(10)?).ok()? * worth;
    }
    Some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_application_asks_for_goes_before_the_browser() {
        use Language::{English, German};
        for (ui_locales, accept_language, expected) in [
            (None, None, English),
            (Some("de-CH fr"), Some("en"), German),
            (Some("fr de en"), None, German),
            (Some("fr"), Some("de-DE,de;q=0.9,en;q=0.8"), German),
            (Some(""), Some("fr, en;q=0.7, de;q=0.8"), German),
            (None, Some("de;q=0, en"), English),
            (None, Some("DE"), German),
            (None, Some("deutsch, *;q=0.1"), English),
            (None, Some("de;q=x, en;q=0.1"), English),
            (None, Some("de;q=0.x, en;q=0.001"), English),
            (None, Some("en;q=0.85, de;q=0.851"), German),
            (None, Some("en;q=0.9, de;q=1.0"), German),
        ] {
            let got = Language::of(ui_locales, accept_language);
            assert_eq!(got, expected, "{ui_locales:?} {accept_language:?}");
        }
    }
}
