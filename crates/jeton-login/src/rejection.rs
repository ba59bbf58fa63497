//! Why a person goes back to the application without a login, and what it is told.

use crate::pages::Problem;

/// Why a person goes back to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// They would have to log in, and no page may be shown.
    NotLoggedIn,
    /// Another person is asked for.
    OtherPerson,
    /// They would have to agree, and no page may be shown.
    NotAgreed,
    /// They do not want to log in, or do not agree.
    SaidNo,
    /// What the application sent is too long.
    TooLong,
    /// They met a problem.
    Met(Problem),
}

impl Rejection {
    /// What a form of a page says: a problem, or the error of one that has none.
    pub(crate) fn of_form(problem: Option<&str>, error: Option<&str>) -> Self {
        match (problem.and_then(Problem::of_word), error) {
            (Some(problem), _) => Self::Met(problem),
            (None, Some("login_required")) => Self::OtherPerson,
            _ => Self::SaidNo,
        }
    }

    /// The error (RFC 6749 §4.1.2.1, OpenID Connect Core 1.0 §3.1.2.6).
    pub(crate) const fn error(self) -> &'static str {
        match self {
            Self::NotLoggedIn | Self::OtherPerson => "login_required",
            Self::NotAgreed => "consent_required",
            Self::SaidNo => "access_denied",
            Self::TooLong => "invalid_request",
            Self::Met(problem) => problem.error(),
        }
    }

    /// What whoever develops the application reads.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::NotLoggedIn => "the person is not logged in as the request asks for",
            Self::OtherPerson => "another person than the one who is asked for is logged in",
            Self::NotAgreed => "the person has not agreed to what is asked for",
            Self::SaidNo => "the person said no",
            Self::TooLong => "the request is too long",
            Self::Met(problem) => problem.description(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_which_problem_it_was() {
        for problem in Problem::ALL {
            let word = format!("{problem:?}").to_ascii_lowercase();
            let rejection = Rejection::of_form(Some(&word), Some("access_denied"));
            assert_eq!(rejection, Rejection::Met(problem));
            assert_eq!(rejection.error(), problem.error());
        }
        let told = |problem, error| Rejection::of_form(problem, error).description();
        assert_eq!(told(None, Some("access_denied")), "the person said no");
        assert_eq!(told(Some("<script>"), None), "the person said no");
        let other = "another person than the one who is asked for is logged in";
        assert_eq!(told(None, Some("login_required")), other);
    }

    #[test]
    fn what_applications_are_told_fits_and_tells_problems_apart() {
        let told: std::collections::BTreeSet<_> = Problem::ALL.map(Problem::description).into();
        assert_eq!(told.len(), Problem::ALL.len());
        for text in told {
            let is_sent = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
            assert!(text.len() <= 200 && text.chars().all(is_sent), "{text}");
        }
    }
}
