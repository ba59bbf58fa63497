//! The words of the pages, a file a language: one that lacks a text does not compile.

use jeton::page::{Gap, Language};

use crate::pages::Problem;

mod english;
mod german;

/// The words of all pages. They are HTML as they stand: no text has a character that means something there.
pub(crate) struct Words {
    pub(crate) common: Common,
    pub(crate) chooser: Chooser,
    pub(crate) consent: Consent,
    pub(crate) account: Account,
    pub(crate) logout: Logout,
    pub(crate) other_person: OtherPerson,
    pub(crate) finished: Finished,
    pub(crate) problem: fn(Problem) -> ProblemWords,
    /// A date, of the Gregorian calendar.
    pub(crate) date: fn(year: u64, month: u64, day: u64) -> String,
}

/// What several pages say.
pub(crate) struct Common {
    /// Who asks where a device is to be connected.
    pub(crate) a_device: &'static str,
    pub(crate) device_acts: Gap,
    pub(crate) goes_to: Gap,
    /// Where a program on the person's machine takes the answer: its host in the gap.
    pub(crate) program_here: Gap,
    /// Where an installed app takes the answer: the scheme of its addresses in the gap.
    pub(crate) app_that_opens: Gap,
    pub(crate) unchecked: &'static str,
    pub(crate) you_are: Gap,
    /// Of a person who is not let in.
    pub(crate) you_came_as: Gap,
    /// Where a person has the account by which they logged in.
    pub(crate) by_account_at: Gap,
    pub(crate) other_account: &'static str,
    pub(crate) back: &'static str,
    pub(crate) cancel: &'static str,
    pub(crate) again: &'static str,
    pub(crate) other_way: &'static str,
    pub(crate) error: Gap,
    pub(crate) reference: Gap,
    /// What stands for an upstream without a name.
    pub(crate) the_upstream: &'static str,
}

/// The page with the ways to log in.
pub(crate) struct Chooser {
    pub(crate) title: &'static str,
    pub(crate) asks: Gap,
    pub(crate) ways: &'static str,
    pub(crate) continue_with: Gap,
}

/// The page that asks for consent.
pub(crate) struct Consent {
    pub(crate) title: &'static str,
    pub(crate) asks: Gap,
    pub(crate) not_you: &'static str,
    pub(crate) about_you: &'static str,
    pub(crate) besides: &'static str,
    pub(crate) nothing_chosen: &'static str,
    /// Of a scope that the person has agreed to before.
    pub(crate) allowed: &'static str,
    /// A further API at which a scope is good; its words follow.
    pub(crate) also_at: Gap,
    /// Claims that are asked for by name.
    pub(crate) by_name: &'static str,
    /// Links to the application's own pages.
    pub(crate) home: &'static str,
    pub(crate) policy: &'static str,
    pub(crate) terms: &'static str,
    pub(crate) allow: &'static str,
    pub(crate) deny: &'static str,
    /// Where consent is taken back: a link in the gap.
    pub(crate) taken_back: Gap,
    /// Audiences that follow, at which no scope is named.
    pub(crate) acts_at: &'static str,
}

/// The page with a person's applications and devices.
pub(crate) struct Account {
    pub(crate) title: &'static str,
    pub(crate) none: &'static str,
    pub(crate) device: &'static str,
    pub(crate) since: Gap,
    pub(crate) last_used: Gap,
    pub(crate) may: &'static str,
    /// Scopes that are left out of a long list: their number in the gap.
    pub(crate) and_more: Gap,
    pub(crate) end: &'static str,
    pub(crate) ended: &'static str,
    pub(crate) older: &'static str,
    /// Grants were left out, and where the others are.
    pub(crate) not_all: &'static str,
    pub(crate) further: &'static str,
    pub(crate) log_out: &'static str,
    pub(crate) everywhere: &'static str,
    pub(crate) everywhere_means: &'static str,
    pub(crate) sessions: &'static str,
    /// What is left of an application that does not act for the person now.
    pub(crate) consent: &'static str,
    /// Several of a kind: their number in the gap.
    pub(crate) devices: Gap,
}

/// The page that asks whether to log out, and the one that says that it is done.
pub(crate) struct Logout {
    pub(crate) title: &'static str,
    pub(crate) sent_by: Gap,
    pub(crate) question: &'static str,
    pub(crate) upstream_too: Gap,
    pub(crate) stay: &'static str,
    pub(crate) button: &'static str,
    pub(crate) done_title: &'static str,
    pub(crate) done: &'static str,
    pub(crate) still_upstream: Gap,
}

/// The page for a person who is not the one that the application asks for.
pub(crate) struct OtherPerson {
    pub(crate) title: &'static str,
    pub(crate) asked: Gap,
    pub(crate) advice: &'static str,
}

/// The page for whoever comes back to a login that is finished.
pub(crate) struct Finished {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    /// The application's name in the gap.
    pub(crate) go_to: Gap,
}

/// What is said of one problem.
pub(crate) struct ProblemWords {
    pub(crate) title: Title,
    /// What happened, and what to do.
    pub(crate) text: &'static str,
}

/// What a problem is called.
pub(crate) enum Title {
    Plain(&'static str),
    /// With the upstream's name in the gap.
    Upstream(Gap),
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
