//! Fresh claims at a refresh: the refresh token that an upstream gave with a login, and what the upstream says
//! by it now.
//!
//! The token is kept sealed in a document of the person ([`document`]), one for each, since a person is of one
//! upstream. Upstreams may take a token once and give the next with the answer (RFC 9700 §4.14.2), so it is
//! spent by one request at a time: who asks first takes a lease, by a write that expects the document as it was
//! read, and afterwards puts the next token in its place. Who finds the lease taken gets nothing and is to try
//! again: claims that are old would be kept by whoever refreshes twice at once.
//!
//! A process that ends, or is dropped, between the upstream's answer and that second write loses the next
//! token. The lease lapses, the one before is sent again, and an upstream that took it already refuses it: the
//! person then has to log in anew, which is what it would be if a thief had sent it.

use jeton::{Host, Inside, Renewed, Renewing, Scope, Seconds, Unavailable, Version};

use crate::{
    admission,
    application::Application,
    asked::{Asked, RequestKind},
    at::At,
    claims::{Known, claims_of},
    session::{Session, lasting},
    trouble::Trouble,
    ways::{Pace, Way, With},
};

mod document;

use document::{Found, State, UpstreamLogin};
pub(crate) use document::{allows_device, forget, keep};

/// For how long one request alone may spend the token: longer than it waits for the upstream.
const LEASE: Seconds = Seconds(10);

/// For how long an upstream that says nothing leaves a person the claims that they have, from the first time
/// that it said nothing: a bad hour of a provider logs nobody out, and a longer one keeps no rights.
const LONGEST_UNANSWERED: Seconds = Seconds(3600);

/// How often a write is tried while others write the same document.
const MOST_TRIES: usize = 3;

const NO_TOKEN: &str = "the provider gave no refresh token";
const ENDED: &str = "their login at the provider ended";

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
            let Some(found) = document::find(&self.server, subject, now).await? else {
                return Ok(Renewed::Unchanged(NO_TOKEN.into()));
            };
            let login = &found.login;
            let (refresh_token, leased_until) = match &login.state {
                State::Lasts {
                    refresh_token,
                    leased_until,
                } => (refresh_token, leased_until),
                State::NoToken if login.allows_what_was_given(self.of.granted_at) => {
                    return Ok(Renewed::Unchanged(NO_TOKEN.into()));
                }
                State::NoToken | State::Ended => return Ok(Renewed::Refused(ENDED.into())),
            };
            let way = self.app.settings.way(&login.way);
            let Some(way) = way.filter(|way| way.is_of(&login.iss)) else {
                return Ok(Renewed::Refused("their way to log in is gone".into()));
            };
            if leased_until.is_some_and(|until| now < until) {
                return Err(busy("another refresh is asking the provider"));
            }
            let leased = login.with(State::Lasts {
                refresh_token: refresh_token.clone(),
                leased_until: Some(now + LEASE),
            });
            if let Some(version) = self.put(&leased, found.version).await? {
                let leased = Found {
                    login: leased,
                    version,
                };
                return self.ask(way, leased, refresh_token).await;
            }
        }
        Err(busy("others write the same document all the time"))
    }

    /// What the upstream says, asked by whoever has the lease.
    async fn ask(
        &self,
        way: &Way,
        leased: Found,
        refresh_token: &str,
    ) -> Result<Renewed, Unavailable> {
        let now = self.of.now;
        let with = With {
            server: self.server,
            upstreams: &self.app.upstreams_at_refresh,
            pace: Pace::Refresh,
            reach: self.server.config().reach(),
            now,
        };
        let tokens = match way.refreshed(&with, refresh_token).await {
            Ok(tokens) => tokens,
            Err(trouble) if trouble.ends_login() => {
                let ended = |login: &UpstreamLogin| {
                    let is_same = login.lasts_by(refresh_token);
                    is_same.then(|| login.refused(now).with(State::Ended))
                };
                return match self.change(leased, ended).await? {
                    Some(_) => Ok(Renewed::Refused(trouble.to_string().into())),
                    None => Err(busy("the person logged in anew meanwhile")),
                };
            }
            // Whether the upstream has taken the token is not known. The lease is given back all the same, so that
            // whoever asks next is answered as soon as the upstream is well.
            Err(trouble) => {
                let freed = |login: &UpstreamLogin| {
                    let is_same = login.lasts_by(refresh_token);
                    is_same.then(|| login.unanswered(now).with(State::lasts(refresh_token)))
                };
                return self.unanswered(leased, freed, &trouble).await;
            }
        };
        let next = tokens.refresh_token.as_deref();
        let next = next.filter(|token| document::may_be_kept(token));
        let next = next.unwrap_or(refresh_token).to_owned();
        let kept = |login: &UpstreamLogin| {
            let is_same = login.lasts_by(refresh_token);
            is_same.then(|| login.with(State::lasts(&next)))
        };
        let (iss, sub) = (leased.login.iss.clone(), leased.login.sub.clone());
        let began_at = leased.login.began_at;
        let Some(kept) = self.change(leased, kept).await? else {
            return Err(busy("the person logged in anew meanwhile"));
        };
        let person = match way.owner(&with, &iss, &sub, tokens).await {
            Ok(person) => person,
            // Somebody else may be spending the next token already.
            Err(trouble) => {
                let marked = |login: &UpstreamLogin| {
                    let is_same = login.began_at == began_at;
                    is_same.then(|| login.unanswered(now))
                };
                return self.unanswered(kept, marked, &trouble).await;
            }
        };
        let upstream = lasting(&person.claims);
        let settings = &self.app.settings;
        if let Err(by) = admission::admitted(settings, way, None, &upstream) {
            let ended = |login: &UpstreamLogin| {
                let refused = login.refused(now);
                // Who has logged in anew since was on the lists then.
                let is_same = login.began_at == began_at;
                Some(if is_same {
                    refused.with(State::Ended)
                } else {
                    refused
                })
            };
            self.change(kept, ended).await?;
            return Ok(Renewed::Refused(by.to_string().into()));
        }
        let client = Some(self.of.client_id);
        if let Err(by) = admission::admitted(settings, way, client, &upstream) {
            self.change(kept, |login| Some(login.refused(now).answered()))
                .await?;
            return Ok(Renewed::Refused(by.to_string().into()));
        }
        if kept.login.unanswered_since.is_some() {
            self.change(kept, |login| Some(login.answered())).await?;
        }
        let scope = self.of.scope.to_string();
        let known = Known {
            subject: self.of.subject,
            way: &way.id,
            upstream: &upstream,
            client_id: client,
            scope: Some(&scope),
        };
        Ok(Renewed::Claims(claims_of(settings, &known).claims))
    }

    /// What follows where the upstream does not say who the person is, which is written down by `change`.
    ///
    /// Once the person was refused since the grant began, or nothing was said for too long, its claims are not
    /// known to be true any more.
    async fn unanswered(
        &self,
        standing: Found,
        change: impl Fn(&UpstreamLogin) -> Option<UpstreamLogin>,
        trouble: &Trouble,
    ) -> Result<Renewed, Unavailable> {
        let Renewing {
            granted_at, now, ..
        } = *self.of;
        let Some(Found { login, .. }) = self.change(standing, change).await? else {
            return Err(busy("the person logged in anew meanwhile"));
        };
        let since = login.unanswered_since.unwrap_or(now);
        let is_known = now < since + LONGEST_UNANSWERED && login.allows_what_was_given(granted_at);
        if !is_known {
            return Err(Unavailable::new("upstream", trouble));
        }
        Ok(Renewed::Unanswered(trouble.to_string().into()))
    }

    /// Changes the login, which stands so or as others have written it since; `None`: it is not to be changed as
    /// it stands by now, or is there no more.
    async fn change(
        &self,
        standing: Found,
        change: impl Fn(&UpstreamLogin) -> Option<UpstreamLogin>,
    ) -> Result<Option<Found>, Unavailable> {
        let Renewing { subject, now, .. } = *self.of;
        let mut standing = standing;
        for _ in 0..MOST_TRIES {
            let Some(login) = change(&standing.login) else {
                return Ok(None);
            };
            if let Some(version) = self.put(&login, standing.version).await? {
                return Ok(Some(Found { login, version }));
            }
            match document::find(&self.server, subject, now).await? {
                Some(found) => standing = found,
                None => return Ok(None),
            }
        }
        Err(busy("others write the same document all the time"))
    }

    /// Puts the login in the place of the one of that version: its own version; `None`: another stands.
    async fn put(
        &self,
        login: &UpstreamLogin,
        version: Version,
    ) -> Result<Option<Version>, Unavailable> {
        let Renewing { subject, now, .. } = *self.of;
        document::put(&self.server, subject, login, version, now).await
    }
}

/// That the client has to ask again in a moment.
fn busy(why: &'static str) -> Unavailable {
    Unavailable::new("upstream login", why)
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

/// What a session is worth where fresh claims are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It will do.
    Enough,
    /// The upstream was not asked for what fresh claims are had by later.
    LacksToken,
    /// The upstream has said since that its person may not go on, here or at another client, or has ended their
    /// login.
    Superseded,
}

/// What the session is worth to the client that asks for a login. At a device, whose client shows only later,
/// that it is not superseded is all that can be asked.
pub(crate) async fn freshness<H: Host>(
    at: &At<'_, H>,
    session: &Session,
    request: &str,
    asked: &Asked,
) -> Result<Freshness, Unavailable> {
    let client = match &asked.client_id {
        Some(client) => at.server.client(client, at.now()).await?,
        None => None,
    };
    let may_want = match &client {
        // Whatever its scope is: without a refresh token it would ask for the same claims again and again.
        Some(client) => client.refresh.renew_claims,
        None => asked.kind == RequestKind::Device,
    };
    if !may_want {
        return Ok(Freshness::Enough);
    }
    let found = document::find(&at.server, &session.subject, at.now()).await?;
    let login = found.map(|found| found.login);
    let is_login_for = session.is_login_for(request);
    if let Some(login) = &login
        && !login.allows(session, Some(request))
    {
        return Ok(Freshness::Superseded);
    }
    let lacks_token = match login.map(|login| login.state) {
        Some(State::Lasts { .. }) => false,
        Some(State::Ended) => true,
        Some(State::NoToken) | None => !session.asked_for_refresh_token,
    };
    if lacks_token && !is_login_for && is_wanted(at, asked).await? {
        return Ok(Freshness::LacksToken);
    }
    Ok(Freshness::Enough)
}

#[cfg(test)]
mod tests;
