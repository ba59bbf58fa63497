//! The words of the pages, a file a language: one that lacks a text does not compile.

use super::Language;

mod english;
mod german;

/// The words of the pages. They are HTML as they stand: no text has a character that means something there.
pub(crate) struct Words {
    pub(crate) scopes: Scopes,
}

/// What the standard scopes let an application do (OpenID Connect Core §5.4, §11).
pub(crate) struct Scopes {
    pub(crate) openid: &'static str,
    pub(crate) profile: &'static str,
    pub(crate) email: &'static str,
    pub(crate) address: &'static str,
    pub(crate) phone: &'static str,
    pub(crate) offline_access: &'static str,
}

impl Words {
    /// The words of a language.
    pub(crate) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::WORDS,
            Language::German => &german::WORDS,
        }
    }
}
