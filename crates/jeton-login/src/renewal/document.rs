//! A person's login at their upstream, as it is kept: a document of theirs, sealed, replaced by
//! compare-and-swap.

use jeton::{
    Document, Expected, Host, Inside, LONGEST_GRANT_LIFETIME, Ledger, LoginSeal, PersonalKey, Put,
    Unavailable, UnixTime, Version, hashed_subject,
};
use serde::{Deserialize, Serialize};

use super::MOST_TRIES;
use crate::{at::At, person::Person, session::Session, ways::Way};

/// The longest refresh token that is kept, in bytes. A longer one is as if none were given.
const LONGEST_TOKEN: usize = 8192;

/// A person's login at an upstream, as it lasts there.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct UpstreamLogin {
    /// The id of the way that they came.
    pub(super) way: String,
    pub(super) iss: String,
    pub(super) sub: String,
    /// When they logged in: a cut-off after that ends it.
    pub(super) began_at: UnixTime,
    pub(super) state: State,
    /// When the upstream last said what the person was refused by, anywhere. Kept through later logins: a session
    /// that began before it says what is known to be true no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refused_at: Option<UnixTime>,
    /// Since when the upstream has not said who the person is, though it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unanswered_since: Option<UnixTime>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) enum State {
    /// It lasts, by this refresh token.
    Lasts {
        refresh_token: String,
        /// Until then somebody is asking the upstream.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        leased_until: Option<UnixTime>,
    },
    /// It had ended, and the person has logged in anew since, without a refresh token.
    NoToken,
    /// The upstream has ended it, or its people may no longer log in. Kept, because an absent document would
    /// say that there is nothing to be asked.
    Ended,
}

impl State {
    /// That it lasts by this refresh token, which nobody is spending.
    pub(super) fn lasts(refresh_token: &str) -> Self {
        Self::Lasts {
            refresh_token: refresh_token.to_owned(),
            leased_until: None,
        }
    }
}

impl UpstreamLogin {
    pub(super) fn with(&self, state: State) -> Self {
        Self {
            state,
            ..self.clone()
        }
    }

    /// The same, by what was said of it now somebody was refused.
    pub(super) fn refused(&self, now: UnixTime) -> Self {
        Self {
            refused_at: self.refused_at.max(Some(now)),
            ..self.clone()
        }
    }

    /// The same, of which nothing was to be known now.
    pub(super) fn unanswered(&self, now: UnixTime) -> Self {
        Self {
            unanswered_since: self.unanswered_since.or(Some(now)),
            ..self.clone()
        }
    }

    /// The same, once the upstream has said who it is.
    pub(super) fn answered(&self) -> Self {
        Self {
            unanswered_since: None,
            ..self.clone()
        }
    }

    /// Whether it lasts by this refresh token.
    pub(super) fn lasts_by(&self, token: &str) -> bool {
        matches!(&self.state, State::Lasts { refresh_token, .. } if refresh_token == token)
    }

    /// Whether what a person gave at that time was given after all by which they were refused.
    pub(super) fn allows_what_was_given(&self, at: UnixTime) -> bool {
        self.refused_at.is_none_or(|refused_at| at > refused_at)
    }

    /// Whether a session began after all by which its person was refused. In the very second one that was begun
    /// for `request` did: it cannot have been there before.
    pub(super) fn allows(&self, session: &Session, request: Option<&str>) -> bool {
        let is_login_for = || request.is_some_and(|request| session.is_login_for(request));
        match self.refused_at {
            Some(refused_at) if session.began_at == refused_at => is_login_for(),
            Some(refused_at) => session.began_at > refused_at,
            // As written before refusals were dated.
            None => !matches!(self.state, State::Ended) || is_login_for(),
        }
    }
}

pub(super) fn key_of(subject: &str) -> PersonalKey {
    PersonalKey::new("upstream login", subject)
}

/// A login that was found, and the version of its document.
pub(super) struct Found {
    pub(super) login: UpstreamLogin,
    pub(super) version: Version,
}

/// The login of a person at their upstream. One that does not open, is of somebody else, or began before a
/// cut-off, is none.
pub(super) async fn find<H: Host>(
    server: &Inside<'_, H>,
    subject: &str,
    now: UnixTime,
) -> Result<Option<Found>, Unavailable> {
    match read(server, subject, now).await? {
        Some((Some(login), version)) => Ok(Some(Found { login, version })),
        Some((None, _)) | None => Ok(None),
    }
}

/// What stands in the place of a person's login: the login, if it is one, and the version.
async fn read<H: Host>(
    server: &Inside<'_, H>,
    subject: &str,
    now: UnixTime,
) -> Result<Option<(Option<UpstreamLogin>, Version)>, Unavailable> {
    let Some(ledger) = server.ledger() else {
        return Ok(None);
    };
    let Some(document) = ledger.personal(&key_of(subject), now).await? else {
        return Ok(None);
    };
    let version = document.version();
    let login: Option<UpstreamLogin> = server.open_sealed(LoginSeal::Document, document.as_str());
    let own = login.filter(|login| hashed_subject(&login.iss, &login.sub) == subject);
    let Some(login) = own else {
        return Ok(Some((None, version)));
    };
    let ended_before = server.ended_before(subject, now).await?;
    Ok(Some((
        Some(login).filter(|login| login.began_at >= ended_before),
        version,
    )))
}

/// Puts the login in the place of the one of that version: its own version; `None`: another stands.
pub(super) async fn put<H: Host>(
    server: &Inside<'_, H>,
    subject: &str,
    login: &UpstreamLogin,
    version: Version,
    now: UnixTime,
) -> Result<Option<Version>, Unavailable> {
    write(server, subject, login, &Expected::Version(version), now).await
}

/// Puts the login in the place of what is expected: its version; `None`: another stands.
pub(super) async fn write<H: Host>(
    server: &Inside<'_, H>,
    subject: &str,
    login: &UpstreamLogin,
    expected: &Expected,
    now: UnixTime,
) -> Result<Option<Version>, Unavailable> {
    let Some(ledger) = server.ledger() else {
        return Ok(None);
    };
    let sealed = server.seal(LoginSeal::Document, login);
    let sealed = sealed.map_err(|_| Unavailable::new("upstream login", "it cannot be sealed"))?;
    let document = Document::of_person(sealed);
    let document = document.map_err(|_| Unavailable::new("upstream login", "it is too long"))?;
    // As long as a grant may live whose claims are renewed by it.
    let until = now + LONGEST_GRANT_LIFETIME;
    let key = key_of(subject);
    let put = ledger.put_personal(&key, Some(&document), expected, until, now);
    Ok(match put.await? {
        Put::Done => Some(document.version()),
        Put::Conflict(_) => None,
    })
}

/// Keeps what the upstream gave with a login at which it was asked for a refresh token. Where it gave none, the
/// one that it gave before stands; and a login that had ended has ended for what was given before this one.
pub(crate) async fn keep<H: Host>(
    at: &At<'_, H>,
    way: &Way,
    subject: &str,
    person: &Person,
) -> Result<(), Unavailable> {
    if at.server.ledger().is_none() {
        return Ok(());
    }
    let given = person
        .refresh_token
        .as_deref()
        .filter(|token| may_be_kept(token));
    for _ in 0..MOST_TRIES {
        let (standing, expected) = match read(&at.server, subject, at.now()).await? {
            Some((login, version)) => (login, Expected::Version(version)),
            None => (None, Expected::Absent),
        };
        let state = match (given, &standing) {
            (Some(refresh_token), _) => State::lasts(refresh_token),
            (None, Some(login)) if matches!(login.state, State::Ended) => State::NoToken,
            (None, _) => return Ok(()),
        };
        let login = UpstreamLogin {
            way: way.id.clone(),
            iss: person.iss.clone(),
            sub: person.sub.clone(),
            began_at: at.now(),
            state,
            refused_at: standing.and_then(|login| login.refused_at),
            unanswered_since: None,
        };
        let written = write(&at.server, subject, &login, &expected, at.now()).await?;
        if written.is_some() {
            return Ok(());
        }
    }
    Err(Unavailable::new(
        "upstream login",
        "others write the same document all the time",
    ))
}

/// Whether a refresh token that an upstream gave is short enough for a document.
pub(super) fn may_be_kept(refresh_token: &str) -> bool {
    refresh_token.len() <= LONGEST_TOKEN
}

/// Forgets the person's login at their upstream.
pub(crate) async fn forget<H: Host>(at: &At<'_, H>, subject: &str) -> Result<(), Unavailable> {
    if let Some(ledger) = at.server.ledger() {
        let key = key_of(subject);
        // One that was written meanwhile is of a login after this.
        let removed = ledger.put_personal(&key, None, &Expected::Anything, at.now(), at.now());
        removed.await?;
    }
    Ok(())
}

/// Whether the session of a browser is good for a device whose client wants fresh claims: nobody was refused since
/// it began. A login at the upstream that had ended has ended for what was given before this session alone: the
/// person has proved anew who they are.
pub(crate) async fn allows_device<H: Host>(
    server: Inside<'_, H>,
    session: &Session,
    now: UnixTime,
) -> Result<bool, Unavailable> {
    for _ in 0..MOST_TRIES {
        let Some(Found { login, version }) = find(&server, &session.subject, now).await? else {
            return Ok(true);
        };
        if !login.allows(session, None) {
            return Ok(false);
        }
        if !matches!(login.state, State::Ended) {
            return Ok(true);
        }
        let revived = login.with(State::NoToken);
        if put(&server, &session.subject, &revived, version, now)
            .await?
            .is_some()
        {
            return Ok(true);
        }
    }
    Err(Unavailable::new(
        "upstream login",
        "others write the same document all the time",
    ))
}
