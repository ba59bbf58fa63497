//! Fresh claims at a refresh: the refresh token that an upstream gave with a login, and what the upstream says
//! by it now.
//!
//! The token is kept sealed in a document of the person, one for each, since a person is of one upstream.
//! Upstreams may take a token once and give the next with the answer (RFC 9700 §4.14.2), so it is spent by
//! one request at a time: who asks first takes a lease, by a write that expects the document as it was read,
//! and afterwards puts the next token in its place. Who finds the lease taken leaves the claims as they are.
//!
//! A process that ends, or is dropped, between the upstream's answer and that second write loses the next
//! token. The lease lapses, the one before is sent again, and an upstream that took it already refuses it: the
//! person then has to log in anew, which is what it would be if a thief had sent it.

use jeton::{
    Document, Expected, Host, Inside, LONGEST_GRANT_LIFETIME, Ledger, LoginSeal, PersonalKey, Put,
    Renewed, Renewing, Scope, Seconds, Unavailable, UnixTime, Version, hashed_subject,
};
use serde::{Deserialize, Serialize};

use crate::{
    admission,
    application::Application,
    asked::Asked,
    at::At,
    claims::{Known, claims_of},
    person::Person,
    session::{Session, lasting},
    ways::{Pace, Way, With},
};

/// For how long one request alone may spend the token: longer than it waits for the upstream.
const LEASE: Seconds = Seconds(10);

/// How often a lease is tried while others write the same document.
const MOST_TRIES: usize = 3;

/// A person's login at an upstream, as it lasts there.
#[derive(Clone, Serialize, Deserialize)]
struct UpstreamLogin {
    /// The id of the way that they came.
    way: String,
    iss: String,
    sub: String,
    /// When they logged in: a cut-off after that ends it.
    began_at: UnixTime,
    state: State,
}

#[derive(Clone, Serialize, Deserialize)]
enum State {
    /// It lasts, by this refresh token.
    Lasts {
        refresh_token: String,
        /// Until then somebody is asking the upstream.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        leased_until: Option<UnixTime>,
    },
    /// The upstream has ended it, or its people may no longer log in. Kept, because an absent document would
    /// say that there is nothing to be asked.
    Ended,
}

/// What is true now of whose refresh token is about to be redeemed.
///
/// # Errors
/// A store does not answer.
pub(crate) async fn renewed<H: Host>(
    server: Inside<'_, H>,
    app: &Application,
    of: &Renewing<'_>,
) -> Result<Renewed, Unavailable> {
    Renewal { server, app, of }.answer().await
}

/// A refresh that wants fresh claims.
struct Renewal<'a, H: Host> {
    server: Inside<'a, H>,
    app: &'a Application,
    of: &'a Renewing<'a>,
}

impl<H: Host> Renewal<'_, H> {
    async fn answer(&self) -> Result<Renewed, Unavailable> {
        let Renewing { subject, now, .. } = *self.of;
        for _ in 0..MOST_TRIES {
            let Some((login, version)) = find(&self.server, subject, now).await? else {
                return Ok(unchanged("the upstream gave no refresh token"));
            };
            let State::Lasts {
                refresh_token,
                leased_until,
            } = &login.state
            else {
                return Ok(Renewed::Refused("their login at the upstream ended".into()));
            };
            let way = self.app.settings.way(&login.way);
            let Some(way) = way.filter(|way| way.is_of(&login.iss)) else {
                return Ok(Renewed::Refused("their way to log in is gone".into()));
            };
            if leased_until.is_some_and(|until| now < until) {
                return Ok(unchanged("another refresh is asking the upstream"));
            }
            let leased = login.with(State::Lasts {
                refresh_token: refresh_token.clone(),
                leased_until: Some(now + LEASE),
            });
            if let Some(leased_at) = self.replace(&leased, version).await? {
                return self.ask(way, &login, refresh_token, leased_at).await;
            }
        }
        Ok(unchanged("others write the same document all the time"))
    }

    /// What the upstream says, asked by whoever has the lease.
    async fn ask(
        &self,
        way: &Way,
        login: &UpstreamLogin,
        refresh_token: &str,
        leased: Version,
    ) -> Result<Renewed, Unavailable> {
        let with = With {
            server: self.server,
            upstreams: &self.app.upstreams_at_refresh,
            pace: Pace::Refresh,
            reach: self.server.config().reach(),
            now: self.of.now,
        };
        let tokens = match way.refreshed(&with, refresh_token).await {
            Ok(tokens) => tokens,
            Err(trouble) if trouble.ends_login() => {
                return Ok(match self.replace(&login.ended(), leased).await? {
                    Some(_) => Renewed::Refused(trouble.to_string().into()),
                    None => unchanged("the person logged in anew meanwhile"),
                });
            }
            // Whether the upstream has taken the token is not known. The lease lapses by itself: nobody asks
            // again at once.
            Err(trouble) => return Ok(Renewed::Unchanged(trouble.to_string().into())),
        };
        let next = tokens.refresh_token.as_deref().unwrap_or(refresh_token);
        let next = login.with(State::Lasts {
            refresh_token: next.to_owned(),
            leased_until: None,
        });
        // Where it is refused the person has logged in anew: that login's token stands, and the answer is about
        // them all the same.
        let kept = self.replace(&next, leased).await?;
        let person = match way.owner(&with, &login.iss, &login.sub, tokens).await {
            Ok(person) => person,
            Err(trouble) => return Ok(Renewed::Unchanged(trouble.to_string().into())),
        };
        let upstream = lasting(&person.claims);
        let settings = &self.app.settings;
        if let Err(by) = admission::admitted(settings, way, None, &upstream) {
            if let Some(kept) = kept {
                self.replace(&login.ended(), kept).await?;
            }
            return Ok(Renewed::Refused(by.to_string().into()));
        }
        let client = Some(self.of.client_id);
        if let Err(by) = admission::admitted(settings, way, client, &upstream) {
            return Ok(Renewed::Refused(by.to_string().into()));
        }
        let scope = self.of.scope.to_string();
        let known = Known {
            subject: self.of.subject,
            way: &login.way,
            upstream: &upstream,
            client_id: Some(self.of.client_id),
            scope: Some(&scope),
        };
        Ok(Renewed::Claims(claims_of(settings, &known)))
    }

    /// Puts the login in the place of the one of that version: its own version; `None`: another stands.
    async fn replace(
        &self,
        login: &UpstreamLogin,
        version: Version,
    ) -> Result<Option<Version>, Unavailable> {
        let Renewing { subject, now, .. } = *self.of;
        let expected = Expected::Version(version);
        put(&self.server, subject, login, &expected, now).await
    }
}

impl UpstreamLogin {
    fn with(&self, state: State) -> Self {
        Self {
            state,
            ..self.clone()
        }
    }

    fn ended(&self) -> Self {
        self.with(State::Ended)
    }
}

fn unchanged(why: &'static str) -> Renewed {
    Renewed::Unchanged(why.into())
}

fn key_of(subject: &str) -> PersonalKey {
    PersonalKey::new("upstream login", subject)
}

/// The login of a person at their upstream, and the version of its document. One that does not open, is of
/// somebody else, or began before a cut-off, is none.
async fn find<H: Host>(
    server: &Inside<'_, H>,
    subject: &str,
    now: UnixTime,
) -> Result<Option<(UpstreamLogin, Version)>, Unavailable> {
    let Some(ledger) = server.ledger() else {
        return Ok(None);
    };
    let Some(document) = ledger.personal(&key_of(subject), now).await? else {
        return Ok(None);
    };
    let login: Option<UpstreamLogin> = server.open_sealed(LoginSeal::Document, document.as_str());
    let own = login.filter(|login| hashed_subject(&login.iss, &login.sub) == subject);
    let Some(login) = own else {
        return Ok(None);
    };
    let ended_before = server.ended_before(subject, now).await?;
    Ok((login.began_at >= ended_before).then(|| (login, document.version())))
}

/// Writes the login over what is expected: its version; `None`: another stands, or it is longer than any
/// document may be.
async fn put<H: Host>(
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
    let Ok(document) = Document::of_person(sealed) else {
        return Ok(None);
    };
    // As long as a grant may live whose claims are renewed by it.
    let until = now + LONGEST_GRANT_LIFETIME;
    let key = key_of(subject);
    let put = ledger.put_personal(&key, Some(&document), expected, until, now);
    Ok(match put.await? {
        Put::Done => Some(document.version()),
        Put::Conflict(_) => None,
    })
}

/// Whether the client that asks for a login wants fresh claims later. A device's is not known yet.
pub(crate) async fn is_wanted<H: Host>(at: &At<'_, H>, asked: &Asked) -> Result<bool, Unavailable> {
    let Some(client) = &asked.client_id else {
        return Ok(false);
    };
    let scope: Scope = match asked.scope.as_deref().unwrap_or_default().parse() {
        Ok(scope) => scope,
        Err(_) => return Ok(false),
    };
    let client = at.server.client(client, at.now()).await?;
    Ok(client.is_some_and(|client| client.renews_claims(&scope)))
}

/// Whether the person has to go to the upstream once more though they have a session: the client wants fresh
/// claims later, and the upstream was not asked for what they are had by.
pub(crate) async fn lacks_token<H: Host>(
    at: &At<'_, H>,
    session: &Session,
    asked: &Asked,
) -> Result<bool, Unavailable> {
    if !is_wanted(at, asked).await? {
        return Ok(false);
    }
    let found = find(&at.server, &session.subject, at.now()).await?;
    Ok(match found {
        Some((login, _)) => matches!(login.state, State::Ended),
        None => !session.asked_for_refresh_token,
    })
}

/// Keeps what the upstream gave with a login at which it was asked for a refresh token. Where it gave none, the
/// one that it gave before stands, and a login that had ended is forgotten: the person has just proved who they
/// are.
pub(crate) async fn keep<H: Host>(
    at: &At<'_, H>,
    way: &Way,
    subject: &str,
    person: &Person,
) -> Result<(), Unavailable> {
    let Some(refresh_token) = &person.refresh_token else {
        let found = find(&at.server, subject, at.now()).await?;
        return match found {
            Some((login, version)) if matches!(login.state, State::Ended) => {
                remove(at, subject, &Expected::Version(version)).await
            }
            _ => Ok(()),
        };
    };
    let login = UpstreamLogin {
        way: way.id.clone(),
        iss: person.iss.clone(),
        sub: person.sub.clone(),
        began_at: at.now(),
        state: State::Lasts {
            refresh_token: refresh_token.clone(),
            leased_until: None,
        },
    };
    put(&at.server, subject, &login, &Expected::Anything, at.now()).await?;
    Ok(())
}

/// Forgets the person's login at their upstream.
pub(crate) async fn forget<H: Host>(at: &At<'_, H>, subject: &str) -> Result<(), Unavailable> {
    remove(at, subject, &Expected::Anything).await
}

async fn remove<H: Host>(
    at: &At<'_, H>,
    subject: &str,
    expected: &Expected,
) -> Result<(), Unavailable> {
    if let Some(ledger) = at.server.ledger() {
        let key = key_of(subject);
        // One that was written meanwhile is of a login after this.
        let removed = ledger.put_personal(&key, None, expected, at.now(), at.now());
        removed.await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
