//! `response_type` (OAuth 2.0 Multiple Response Types §3, §5).

use crate::spec::Grant;

/// What an authorization request asks for: a set, written as words in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResponseType {
    pub(crate) code: bool,
    pub(crate) id_token: bool,
    pub(crate) token: bool,
}

impl ResponseType {
    /// The response type of that text; `None` for one that is unknown here, or malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut asked = Self::default();
        for word in text.split(' ') {
            let part = match word {
                "code" => &mut asked.code,
                "id_token" => &mut asked.id_token,
                "token" => &mut asked.token,
                _ => return None,
            };
            if std::mem::replace(part, true) {
                return None;
            }
        }
        Some(asked)
    }

    /// The grant that it is, besides a code.
    pub(crate) fn grant(self) -> Option<Grant> {
        match (self.code, self.has_tokens()) {
            (_, false) => None,
            (false, true) => Some(Grant::Implicit),
            (true, true) => Some(Grant::Hybrid),
        }
    }

    /// Whether the authorization endpoint hands out tokens.
    pub(crate) fn has_tokens(self) -> bool {
        self.id_token || self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_any_order() {
        for (text, expected) in [
            ("code", Some((true, false, false))),
            ("token", Some((false, false, true))),
            ("id_token", Some((false, true, false))),
            ("token id_token", Some((false, true, true))),
            ("id_token code token", Some((true, true, true))),
            ("code code", None),
            ("code  token", None),
            ("none", None),
            ("", None),
        ] {
            let parsed = ResponseType::parse(text).map(|it| (it.code, it.id_token, it.token));
            assert_eq!(parsed, expected, "{text:?}");
        }
    }
}
