//! The words of the pages, a file a language: one that lacks a text does not compile.

use core::fmt::Display;

use super::Language;

mod english;
mod german;

/// The words of the pages. They are HTML as they stand: no text has a character that means something there.
pub(crate) struct Words {
    pub(crate) scopes: Scopes,
    pub(crate) common: Common,
    pub(crate) device: Device,
    pub(crate) logout: Logout,
    pub(crate) refusal: Refusal,
}

/// A text with one gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap(
    /// What stands before the gap.
    pub &'static str,
    /// What stands after it.
    pub &'static str,
);

impl Gap {
    /// The text with `html` in its gap.
    #[must_use]
    pub fn with(self, html: impl Display) -> String {
        let Self(before, after) = self;
        format!("{before}{html}{after}")
    }
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

/// What several pages say.
pub(crate) struct Common {
    /// What the links in the bar are.
    pub(crate) pages: &'static str,
    pub(crate) error: Gap,
    pub(crate) parameter: &'static str,
    pub(crate) value: &'static str,
    pub(crate) no_value: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) reference: Gap,
    pub(crate) journal: &'static str,
    pub(crate) back: &'static str,
    pub(crate) again: &'static str,
    /// In the place of a link, which cannot repeat a form.
    pub(crate) send_again: &'static str,
    pub(crate) begin_again: &'static str,
    pub(crate) proceed: &'static str,
    pub(crate) one_moment: &'static str,
    pub(crate) on_the_way_back: &'static str,
}

/// The pages on which a device is connected.
pub(crate) struct Device {
    pub(crate) title: &'static str,
    pub(crate) enter: &'static str,
    pub(crate) code: &'static str,
    pub(crate) unknown_code: &'static str,
    pub(crate) wants_to_act: Gap,
    pub(crate) shows: &'static str,
    pub(crate) asks_for: &'static str,
    pub(crate) you_are: Gap,
    pub(crate) other_account: &'static str,
    pub(crate) scope: &'static str,
    pub(crate) caution: &'static str,
    pub(crate) approve: &'static str,
    pub(crate) deny: &'static str,
    pub(crate) connected: &'static str,
    pub(crate) go_back: &'static str,
    pub(crate) not_connected: &'static str,
    pub(crate) too_late: &'static str,
    pub(crate) denied: &'static str,
}

/// The pages of a logout.
pub(crate) struct Logout {
    pub(crate) title: &'static str,
    pub(crate) sent_by: Gap,
    /// Of a client that registered itself.
    pub(crate) unchecked: &'static str,
    pub(crate) question: &'static str,
    pub(crate) done: &'static str,
    pub(crate) done_text: &'static str,
}

/// What is said of a refusal.
pub(crate) struct Refusal {
    pub(crate) title: &'static str,
    pub(crate) unavailable_title: &'static str,
    pub(crate) unavailable: &'static str,
    pub(crate) crypto: &'static str,
    /// What is missing, in the gap, is English.
    pub(crate) not_configured: Gap,
    /// What is wrong, in the gap, is English.
    pub(crate) not_understood: Gap,
    pub(crate) client: PersonFault,
    pub(crate) redirect_uri: PersonFault,
    pub(crate) post_logout_redirect_uri: PersonFault,
    pub(crate) logout_state: PersonFault,
    pub(crate) ticket: PersonFault,
    pub(crate) device: DeviceFault,
    pub(crate) rules: RequestRules,
}

/// What is said of a fault that is told to a person, because there is no client to tell.
pub(crate) struct PersonFault {
    pub(crate) title: &'static str,
    /// What happened and what to do.
    pub(crate) advice: &'static str,
    /// The rule that is broken, and where that stands.
    pub(crate) rule: &'static str,
}

/// What is said of the faults of a person who connects a device.
pub(crate) struct DeviceFault {
    pub(crate) title: &'static str,
    pub(crate) ticket: &'static str,
    pub(crate) expired: &'static str,
    pub(crate) browser: &'static str,
    pub(crate) used: &'static str,
    pub(crate) logged_out: &'static str,
    pub(crate) not_admitted: &'static str,
    pub(crate) claims_too_long: &'static str,
    pub(crate) too_many_attempts: &'static str,
}

/// The rules that a request which is not understood breaks, and where they stand.
pub(crate) struct RequestRules {
    pub(crate) duplicate: &'static str,
    pub(crate) utf8: &'static str,
    pub(crate) form: &'static str,
    pub(crate) required: &'static str,
    pub(crate) scope: &'static str,
    pub(crate) resource: &'static str,
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
