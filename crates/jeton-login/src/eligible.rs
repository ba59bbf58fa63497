//! Whether a session may answer a request. Every way to accept one goes through here, because what accepts it
//! takes nothing else.

use jeton::Host;

use crate::{
    admission::{self, NotAdmitted},
    asked::Asked,
    at::At,
    session::Session,
};

/// A request, and a session that may answer it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Eligible<'a> {
    request: &'a str,
    asked: &'a Asked,
    session: &'a Session,
}

/// Why a session may not answer a request.
#[derive(Clone, Debug)]
pub(crate) enum Ineligible<'a> {
    /// There is none, or the person has to prove anew who they are.
    LoginNeeded,
    /// The application asks for somebody else.
    OtherPerson(&'a Session),
    /// The person is not among those who may log in there.
    NotAdmitted(&'a Session, NotAdmitted),
}

impl<'a> Ineligible<'a> {
    /// The session that may not.
    pub(crate) const fn session(&self) -> Option<&'a Session> {
        match self {
            Self::LoginNeeded => None,
            Self::OtherPerson(session) | Self::NotAdmitted(session, _) => Some(session),
        }
    }
}

impl<'a> Eligible<'a> {
    /// Holds a session against a request, and against the lists as they are now.
    pub(crate) fn check<H: Host>(
        at: &At<'_, H>,
        request: &'a str,
        asked: &'a Asked,
        session: Option<&'a Session>,
    ) -> Result<Self, Ineligible<'a>> {
        let session = session
            .filter(|session| suits(at, session, asked, request))
            .ok_or(Ineligible::LoginNeeded)?;
        let is_asked_for = |asked_for: &String| *asked_for == session.subject;
        if !asked.sub.as_ref().is_none_or(is_asked_for) {
            return Err(Ineligible::OtherPerson(session));
        }
        admitted(at, session, asked).map_err(|by| Ineligible::NotAdmitted(session, by))?;
        Ok(Self {
            request,
            asked,
            session,
        })
    }

    /// The request, sealed.
    pub(crate) const fn request(self) -> &'a str {
        self.request
    }

    /// What it asks for.
    pub(crate) const fn asked(self) -> &'a Asked {
        self.asked
    }

    pub(crate) const fn session(self) -> &'a Session {
        self.session
    }
}

/// Whether a session will do for what is asked.
fn suits<H: Host>(at: &At<'_, H>, session: &Session, asked: &Asked, request: &str) -> bool {
    session.is_login_for(request)
        || (!asked.wants_a_login() && asked.allows(session.auth_time, at.now()))
}

/// Whether the person may log in to the client. To the deployment they may, or they had no session: but lists
/// change.
fn admitted<H: Host>(at: &At<'_, H>, session: &Session, asked: &Asked) -> Result<(), NotAdmitted> {
    let settings = &at.app.settings;
    let way = settings.way(&session.way).ok_or(NotAdmitted::NO_WAY)?;
    admission::admitted(settings, way, asked.client_id.as_ref(), &session.claims)
}
