//! The pages for a login that cannot go on: what happened, what to do, and where to go from there.

use bytes::Bytes;
use http::{Response, StatusCode};
use jeton::page::{Escaped, Page};

use super::{Named, PLAIN, Pages, WayIn, Who, hidden, main};
use crate::words::Title;

/// The style of the page.
const STYLE: &str = concat!(
    include_str!("style/shared.css"),
    include_str!("style/problem.css")
);

/// Why a login cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The upstream is not reached, or not in time.
    Unreachable,
    /// The upstream answered an error, or nothing that can be used.
    UpstreamError,
    /// The upstream refuses our registration: the operator has to look.
    Misconfigured,
    /// The person said no at the upstream.
    SaidNo,
    /// The answer is somebody else's, or for somebody else: `iss`, `nonce`, the token.
    Foreign,
    /// The answer is signed by a key that is not known here, and keys have been fetched within the minute.
    KeyUnknown,
    /// The `state` is unknown, used, or another provider's.
    StateUnknown,
    /// The login began in another browser, or the cookie is gone.
    OtherBrowser,
    /// The request is older than half an hour.
    Expired,
    /// The person is not among those who may.
    NotAllowed,
    /// The session was ended from elsewhere.
    SessionEnded,
    /// The request is none of ours.
    Damaged,
    /// This deployment cannot answer now: a store, or its host.
    Unavailable,
    /// The application asks for a recent login, and the upstream does not say when the person logged in.
    Undated,
    /// The application asks for a recent login, and the person logged in at the upstream too long ago.
    Stale,
}

/// What the page for a login shows that cannot go on.
pub(crate) struct ProblemPage<'a> {
    pub(crate) problem: Problem,
    /// The sealed request, where it is known: without it there is no way back.
    pub(crate) request: Option<&'a str>,
    /// The way that was taken.
    pub(crate) way: Option<WayIn<'a>>,
    pub(crate) ways: Ways,
    /// Who came, where that is known.
    pub(crate) who: Option<Who<'a>>,
}

/// How many ways to log in there are that can be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ways {
    One,
    Several,
}

/// How a person goes on from a problem.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// The same once more.
    Again,
    /// With another account.
    OtherAccount,
    /// In another way, where there is one.
    OtherWay,
    /// The request is over: only the application can begin again.
    Back,
}

impl Problem {
    pub(crate) const ALL: [Self; 15] = [
        Self::Unreachable,
        Self::UpstreamError,
        Self::Misconfigured,
        Self::SaidNo,
        Self::Foreign,
        Self::KeyUnknown,
        Self::StateUnknown,
        Self::OtherBrowser,
        Self::Expired,
        Self::NotAllowed,
        Self::SessionEnded,
        Self::Damaged,
        Self::Unavailable,
        Self::Undated,
        Self::Stale,
    ];

    /// The error that stands on the page, and with which the person goes back to the application (RFC 6749
    /// §4.1.2.1, OpenID Connect Core §3.1.2.6).
    pub(crate) const fn error(self) -> &'static str {
        match self {
            Self::Unreachable | Self::UpstreamError | Self::KeyUnknown | Self::Unavailable => {
                "temporarily_unavailable"
            }
            Self::Misconfigured => "server_error",
            Self::SaidNo | Self::NotAllowed => "access_denied",
            Self::Foreign | Self::StateUnknown | Self::OtherBrowser => "login_required",
            Self::Expired | Self::SessionEnded => "login_required",
            Self::Damaged => "invalid_request",
            // `login_required` would say that another try may help (OpenID Connect Core Unmet Authentication
            // Requirements 1.0 §2).
            Self::Undated | Self::Stale => "unmet_authentication_requirements",
        }
    }

    /// What the application is told of it, for whoever develops it (`error_description`, RFC 6749 §4.1.2.1).
    /// Never which rule was not met, or what an upstream said.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Unreachable => "the provider that the person logs in with does not answer",
            Self::UpstreamError => {
                "the provider that the person logs in with answered with an error"
            }
            Self::KeyUnknown => {
                "the answer of the provider is signed with a key that is not known yet"
            }
            Self::Misconfigured => {
                "the login is not set up correctly: whoever runs the authorization server has to look"
            }
            Self::SaidNo => "the person said no at the provider",
            Self::Foreign => "the answer of the provider is not of this login",
            Self::StateUnknown => "the login is not under way",
            Self::OtherBrowser => "the login did not begin in this browser",
            Self::Expired => "the login took too long",
            Self::NotAllowed => "the person may not log in here",
            Self::SessionEnded => "the session of the person has ended",
            Self::Damaged => "the request is damaged",
            Self::Unavailable => "the authorization server cannot answer now",
            Self::Undated => {
                "a recent login is asked for, and the provider does not say when the person logged in"
            }
            Self::Stale => {
                "a recent login is asked for, and the person logged in at the provider too long ago"
            }
        }
    }

    /// What a form calls it: what it says to the application.
    pub(super) fn word(self) -> String {
        format!("{self:?}").to_ascii_lowercase()
    }

    /// The problem that a form of a page calls so.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.word() == word)
    }

    /// The status of the page.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Unreachable | Self::UpstreamError | Self::KeyUnknown | Self::Unavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// After how many seconds the same may go well; `None`: time alone changes nothing.
    pub(crate) const fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::KeyUnknown => Some("60"),
            Self::Unreachable | Self::UpstreamError | Self::Unavailable => Some("1"),
            _ => None,
        }
    }

    const fn remedy(self) -> Remedy {
        match self {
            Self::NotAllowed => Remedy::OtherAccount,
            Self::Expired | Self::Damaged => Remedy::Back,
            Self::Undated => Remedy::OtherWay,
            _ => Remedy::Again,
        }
    }
}

impl Pages<'_> {
    /// The page for a login that cannot go on.
    pub(crate) fn problem(&self, page: &ProblemPage<'_>) -> Response<Bytes> {
        let words = self.words();
        let (problem, status) = (page.problem, page.problem.status());
        let said = (words.problem)(problem);
        let title = match said.title {
            Title::Plain(title) => title.to_owned(),
            Title::Upstream(title) => match page.way {
                Some(way) => title.with(Named(way.name)),
                None => title.with(words.common.the_upstream),
            },
        };
        let who = page.who.map_or_else(String::new, |who| {
            self.person(&who, words.common.you_came_as)
        });
        let kind = match problem {
            // What the person did themselves is no error to them.
            Problem::SaidNo => String::new(),
            _ => format!(
                "<p class=\"kind\"><span>{}</span><code>{}</code></p>",
                words.common.error.with(status.as_u16()),
                problem.error()
            ),
        };
        let body = format!(
            "{kind}<h1>{title}</h1><p>{}</p>{who}{}{}",
            said.text,
            self.ways_on(page),
            self.reference(),
        );
        let body = main(&body);
        Page {
            status,
            style: STYLE,
            body: &body,
            ..self.page(&self.plain_title(page))
        }
        .respond()
    }

    /// The title for the browser, where no HTML stands.
    fn plain_title(&self, page: &ProblemPage<'_>) -> String {
        let words = self.words();
        match (words.problem)(page.problem).title {
            Title::Plain(title) => title.to_owned(),
            Title::Upstream(title) => {
                let name = page.way.map_or(words.common.the_upstream, |way| way.name);
                title.with(name)
            }
        }
    }

    /// The form that leads on: once more, another way, or back to the application.
    fn ways_on(&self, page: &ProblemPage<'_>) -> String {
        // What cannot be read leads nowhere.
        let request = page.request.filter(|_| page.problem != Problem::Damaged);
        let Some(request) = request else {
            // Whoever came for no application came for their account, or comes out there.
            return match page.problem.remedy() {
                Remedy::Back => String::new(),
                Remedy::Again | Remedy::OtherAccount | Remedy::OtherWay => self.account_link(),
            };
        };
        let common = &self.words().common;
        let anew = |class: &str, text| {
            format!("<button{class} name=\"account\" value=\"other\">{text}</button>")
        };
        let (again, back) = match (page.problem.remedy(), page.way) {
            (Remedy::Back, _) => (String::new(), ""),
            (Remedy::OtherAccount, _) => (anew("", common.other_account), PLAIN),
            (Remedy::OtherWay, _) => match page.ways {
                Ways::One => (String::new(), ""),
                Ways::Several => (anew("", common.other_way), PLAIN),
            },
            (Remedy::Again, None) => (anew("", common.again), PLAIN),
            (Remedy::Again, Some(way)) => {
                let id = Escaped(way.id);
                let again = common.again;
                let again = format!("<button name=\"provider\" value=\"{id}\">{again}</button>");
                let other = match page.ways {
                    Ways::One => String::new(),
                    Ways::Several => anew(PLAIN, common.other_way),
                };
                (again + &other, PLAIN)
            }
        };
        format!(
            "<form class=\"ways-on\" method=\"post\" action=\"{}\">{}{}{again}{}</form>",
            self.action(""),
            hidden("request", request),
            hidden("problem", &page.problem.word()),
            self.back_button(back, common.back, page.problem.error()),
        )
    }
}
