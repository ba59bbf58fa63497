//! Why a person cannot go on, and the page that says so.

use http::{
    HeaderValue,
    header::{RETRY_AFTER, SET_COOKIE},
};
use jeton::{Audit, ClientId, Fault, Host, JwtFault};

use crate::{
    admission::NotAdmitted,
    application::Answer,
    asked::{Asked, Refused},
    at::At,
    flow::Flow,
    pages::{Problem, ProblemPage, WayIn, Ways},
    session::Session,
    trouble::Trouble,
    view,
    ways::Way,
};

/// Why a person cannot go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The upstream did not say who they are.
    Upstream(Trouble),
    /// They are not among those who may.
    NotAdmitted(Box<Session>, NotAdmitted),
    /// The login came back to a browser in which none of that name is under way.
    OtherBrowser,
    /// The login that came back is another way's.
    ForeignState,
    /// The request, or the login, took too long.
    Expired,
    /// There is no session, or the form is not of a page of it.
    SessionEnded,
    /// The request is none of ours, or cannot be read.
    Damaged,
    /// What is asked of this deployment does not come in time.
    Slow,
    /// A store does not answer.
    Store,
    /// The host's cryptography failed, or an answer of the server could not be read.
    Broken,
}

/// What is known of a person's way when it stops.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    request: Option<String>,
    way: Option<String>,
    client: Option<ClientId>,
    ui_locales: Option<String>,
}

/// A way that stopped.
#[derive(Debug)]
pub(crate) struct Stopped {
    stop: Stop,
    // Boxed: results that are errors should not be larger than those that are not.
    context: Box<Context>,
    cookie: Option<HeaderValue>,
}

impl Context {
    pub(crate) fn of(request: &str, asked: &Asked) -> Self {
        Self {
            request: Some(request.to_owned()),
            way: None,
            client: asked.client_id.clone(),
            ui_locales: asked.ui_locales.clone(),
        }
    }

    pub(crate) fn of_flow(flow: &Flow) -> Self {
        Self {
            request: flow.request.clone(),
            way: Some(flow.way.clone()),
            ui_locales: flow.language.clone(),
            ..Self::default()
        }
    }

    /// A request of which nothing more is known.
    pub(crate) fn of_request(request: &str) -> Self {
        Self {
            request: Some(request.to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn by(self, way: &str) -> Self {
        Self {
            way: Some(way.to_owned()),
            ..self
        }
    }

    pub(crate) fn stopped(&self, stop: Stop) -> Stopped {
        Stopped {
            stop,
            context: Box::new(self.clone()),
            cookie: None,
        }
    }

    /// What the server's refusal to go on means to the person.
    pub(crate) fn refused(&self, refused: Refused) -> Stopped {
        self.stopped(match refused {
            Refused::Unknown => Stop::Damaged,
            Refused::GoesOn(..) => Stop::Expired,
            Refused::Unavailable => Stop::Store,
        })
    }
}

impl From<Stop> for Stopped {
    fn from(stop: Stop) -> Self {
        Context::default().stopped(stop)
    }
}

impl Stop {
    fn problem(&self) -> Problem {
        match self {
            Self::Upstream(trouble) => match trouble {
                Trouble::Unreachable { .. } => Problem::Unreachable,
                Trouble::Denied => Problem::SaidNo,
                Trouble::Refused(_) | Trouble::NotUsable(_) | Trouble::Clock { .. } => {
                    Problem::UpstreamError
                }
                // A code that is none, is over, or was made for another login.
                Trouble::TokenRefused("invalid_grant" | "bad_verification_code") => {
                    Problem::Foreign
                }
                Trouble::TokenRefused(_) => Problem::Misconfigured,
                // Keys are fetched once a minute at most.
                Trouble::IdToken(JwtFault::NoKey) => Problem::KeyUnknown,
                Trouble::Foreign(_) | Trouble::IdToken(_) => Problem::Foreign,
                Trouble::Undated => Problem::Undated,
                Trouble::Stale => Problem::Stale,
                Trouble::Misconfigured(_) => Problem::Misconfigured,
            },
            Self::NotAdmitted(..) => Problem::NotAllowed,
            Self::OtherBrowser => Problem::OtherBrowser,
            Self::ForeignState => Problem::StateUnknown,
            Self::Expired => Problem::Expired,
            Self::SessionEnded => Problem::SessionEnded,
            Self::Damaged => Problem::Damaged,
            Self::Slow | Self::Store | Self::Broken => Problem::Unavailable,
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Upstream(Trouble::TokenRefused(_) | Trouble::Misconfigured(_))
                if self.problem() == Problem::Misconfigured =>
            {
                Fault::Server
            }
            Self::Broken => Fault::Server,
            Self::Slow | Self::Store => Fault::Store,
            _ => Fault::Request,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Upstream(trouble) => trouble.to_string(),
            Self::NotAdmitted(_, by) => by.to_string(),
            Self::OtherBrowser => {
                "no such login is under way in this browser, or it has come back".to_owned()
            }
            Self::ForeignState => "the login is another provider's".to_owned(),
            Self::Expired => "the login took too long".to_owned(),
            Self::SessionEnded => "there is no session, or the form is of none".to_owned(),
            Self::Damaged => "the request is none of ours, or damaged".to_owned(),
            Self::Slow => "no answer within the budget".to_owned(),
            Self::Store => "a store does not answer".to_owned(),
            Self::Broken => "the host's cryptography, or an answer of the server".to_owned(),
        }
    }

    /// The page of a stop of which nothing more is known.
    pub(crate) fn at_once<H: Host>(self, at: &At<'_, H>) -> Answer {
        Stopped::from(self).answer(at)
    }
}

impl Stopped {
    /// With a login that has come back, which ends by it.
    pub(crate) fn ending(self, cookie: Option<HeaderValue>) -> Self {
        Self { cookie, ..self }
    }

    /// The page, and what the log says.
    pub(crate) fn answer<H: Host>(self, at: &At<'_, H>) -> Answer {
        let Self {
            stop,
            context,
            cookie,
        } = self;
        let problem = stop.problem();
        let settings = &at.app.settings;
        let way = context.way.as_deref().and_then(|id| settings.way(id));
        let way = way.map(|way| WayIn {
            id: &way.id,
            name: &way.name,
        });
        let who = match &stop {
            Stop::NotAdmitted(session, _) => Some(view::who(settings, session)),
            _ => None,
        };
        let ways = match (problem, settings.ways.as_slice()) {
            (_, [_]) => Ways::One,
            (Problem::Undated, ways) => {
                let mut others = ways
                    .iter()
                    .filter(|it| Some(&it.id) != context.way.as_ref());
                if others.any(Way::may_say_when) {
                    Ways::Several
                } else {
                    Ways::One
                }
            }
            _ => Ways::Several,
        };
        let language = at.language(context.ui_locales.as_deref());
        let mut response = view::pages(at, language).problem(&ProblemPage {
            problem,
            request: context.request.as_deref(),
            way,
            ways,
            who,
        });
        if let Some(seconds) = problem.retry_after() {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if let Some(cookie) = cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        let audit = Audit {
            error: Some(problem.error()),
            fault: Some(stop.fault()),
            detail: Some(stop.detail().into()),
            client_id: context.client.clone(),
            subject: match &stop {
                Stop::NotAdmitted(session, _) => Some(session.subject.clone()),
                _ => None,
            },
            ..Audit::default()
        };
        Answer { response, audit }
    }
}
