//! `/login/account`: what a person has given to applications and devices, to be seen and ended by them.

use core::mem;
use std::{collections::BTreeMap, sync::Arc};

use http::{Method, StatusCode, header::SET_COOKIE};
use jeton::{
    Client, ClientId, GrantId, GrantType, Host, Scope, UnixTime, page::see_other, path_segment,
};
use serde::Deserialize;

use crate::{
    application::{Answer, path, unreadable},
    asked::{call, json},
    at::At,
    consent::{self, Remembered},
    login::choose,
    pages::{Account, Entry, EntryKind, LoggedOut, MOST_ENTRIES, Notice},
    renewal,
    session::Session,
    sorted::sorted_by_key,
    stop::{Stop, Stopped},
    view::{self, Scopes},
};

mod rights;

pub(crate) use rights::Right;

/// How many pages of grants are read for one page of ours.
const MOST_PAGES: usize = 8;

/// The most grants that end one by one, at once everywhere.
const MOST_ENDED: usize = 40;

/// The most clients that are shown because consent to them is remembered; the newest.
const MOST_REMEMBERED: usize = 50;

/// A page of a subject's grants (`/manage/grants`).
#[derive(Deserialize)]
struct Page {
    items: Vec<Grant>,
    next: Option<GrantId>,
}

/// Grants of a person.
#[derive(Default)]
struct Found {
    grants: Vec<Grant>,
    /// After which one to look, if clients may have some that are not among these.
    further: Option<GrantId>,
}

/// A grant.
#[derive(Deserialize)]
struct Grant {
    grant_id: GrantId,
    client_id: ClientId,
    scope: Scope,
    audiences: Vec<String>,
    created_at: UnixTime,
    last_used_at: Option<UnixTime>,
}

/// An application, or a kind of device, that a person has given something to: however often they logged in.
#[derive(Debug)]
struct Connected {
    client_id: ClientId,
    /// `None`: it is gone, or turned off.
    client: Option<Arc<Client>>,
    kind: EntryKind,
    rights: Vec<Right>,
    since: UnixTime,
    last_used: UnixTime,
}

/// `GET`: the page, for whoever is logged in; everybody else logs in first.
pub(crate) async fn show<H: Host>(at: &At<'_, H>) -> Result<Answer, Stopped> {
    let session = Session::find(at)
        .await
        .map_err(|_| Stopped::from(Stop::Store))?;
    let Some(session) = session else {
        return Ok(choose(at));
    };
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let from = parameters.get("from").and_then(|id| id.parse().ok());
    let (connected, further) = connected(at, &session.subject, from).await?;
    let after = parameters.get("after");
    let begin = after.and_then(|id| {
        let mut ids = connected.iter().map(|it| it.client_id.as_str());
        ids.position(|own| own == id)
    });
    let shown = connected
        .get(begin.map_or(0, |place| place + 1)..)
        .unwrap_or_default();
    let entries: Vec<_> = shown
        .iter()
        .take(MOST_ENTRIES)
        .map(Connected::scopes)
        .collect();
    let entries: Vec<_> = shown
        .iter()
        .zip(&entries)
        .map(|(it, scopes)| it.entry(scopes))
        .collect();
    let last = shown
        .get(MOST_ENTRIES.wrapping_sub(1))
        .filter(|_| shown.len() > MOST_ENTRIES);
    let mut response = view::pages(at, at.language(None)).account(&Account {
        form_key: session.form_key(),
        who: view::who(&at.app.settings, &session),
        entries: &entries,
        from,
        after: last.map(|it| it.client_id.as_str()),
        further,
        notice: match parameters.get("ended") {
            Some(_) => Notice::Ended,
            None => Notice::Nothing,
        },
    });
    if let Some(cookie) = session.used(at, None) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response.into())
}

/// What a client with so many grants is to people: who can only be logged in to by a code is a device.
fn kind_of(client: &Client, grants: usize) -> EntryKind {
    let may = |grant: GrantType| client.grant_types.contains(&grant);
    if grants == 0 {
        EntryKind::Consent
    } else if may(GrantType::DeviceCode) && !may(GrantType::AuthorizationCode) {
        EntryKind::Devices(grants)
    } else {
        EntryKind::Application
    }
}

/// What a person has given to one client.
#[derive(Default)]
struct Given {
    grants: Vec<Grant>,
    /// What they agreed to, which is not asked about again, whether or not there is a grant.
    consent: Option<Remembered>,
}

impl Given {
    /// Of an application that has something, what it has; of another, what it may have without asking.
    fn rights(&mut self) -> Vec<Right> {
        let consent = self.consent.as_mut().filter(|_| self.grants.is_empty());
        let agreed = consent.map(|consent| mem::take(&mut consent.rights));
        let granted = self.grants.iter_mut().map(|grant| Right {
            audiences: mem::take(&mut grant.audiences),
            scope: mem::take(&mut grant.scope),
        });
        agreed.into_iter().flatten().chain(granted).collect()
    }

    /// When it was first given, and last used.
    fn times(&self) -> Option<(UnixTime, UnixTime)> {
        let given = self.consent.iter().map(|consent| consent.at);
        let given = given.chain(self.grants.iter().map(|grant| grant.created_at));
        let used = self.grants.iter().filter_map(|grant| grant.last_used_at);
        Some((given.clone().min()?, given.chain(used).max()?))
    }

    /// With the client that it was given to; `None`: that is gone.
    fn to(mut self, client_id: ClientId, client: Option<Arc<Client>>) -> Option<Connected> {
        let (since, last_used) = self.times()?;
        if client.is_none() && self.grants.is_empty() {
            return None;
        }
        let kind = |client: &Arc<Client>| kind_of(client, self.grants.len());
        Some(Connected {
            kind: client.as_ref().map_or(EntryKind::Application, kind),
            rights: self.rights(),
            client,
            client_id,
            since,
            last_used,
        })
    }
}

impl Connected {
    fn scopes(&self) -> Vec<Scopes<'_>> {
        rights::scopes(self.client.as_deref(), &self.rights)
    }

    fn entry<'a>(&'a self, scopes: &'a [Scopes<'a>]) -> Entry<'a> {
        let client = self.client.as_deref();
        let name = client.and_then(|client| client.name.as_deref());
        Entry {
            client_id: self.client_id.as_str(),
            name: name.unwrap_or(self.client_id.as_str()),
            kind: self.kind,
            since: self.since,
            last_used: self.last_used,
            groups: view::groups(scopes),
        }
    }
}

/// What a person has given to whom, those that used it last first; and from where on there may be more.
async fn connected<H: Host>(
    at: &At<'_, H>,
    subject: &str,
    from: Option<GrantId>,
) -> Result<(Vec<Connected>, Option<GrantId>), Stopped> {
    let mut given: BTreeMap<ClientId, Given> = BTreeMap::new();
    let found = grants(at, subject, from).await?;
    for grant in found.grants {
        let of_client = given.entry(grant.client_id.clone()).or_default();
        of_client.grants.push(grant);
    }
    let remembered = consent::remembered(at, subject)
        .await
        .map_err(|_| Stopped::from(Stop::Store))?;
    // Once: with the first grants.
    let remembered = remembered.into_iter().filter(|_| from.is_none());
    for consent in remembered.take(MOST_REMEMBERED) {
        let of_client = given.entry(consent.client_id.clone()).or_default();
        of_client.consent = Some(consent);
    }
    let mut connected = Vec::new();
    for (id, given) in given {
        let client = at.server.client(&id, at.now()).await;
        let client = client.map_err(|_| Stopped::from(Stop::Store))?;
        connected.extend(given.to(id, client));
    }
    let connected = sorted_by_key(connected, |it| u64::MAX - it.last_used.0);
    Ok((connected, found.further))
}

/// The grants of a person that come after `from`, or from the first on.
///
/// Grants of a client stand side by side. Of one that fills a page the rest is passed over, so that it hides none
/// of another; where all of that page had ended, the rest may be looked through from there.
async fn grants<H: Host>(
    at: &At<'_, H>,
    subject: &str,
    from: Option<GrantId>,
) -> Result<Found, Stopped> {
    let mut found = Found::default();
    let client_of = |id: Option<GrantId>| id.map(GrantId::last_of_client);
    let mut after = from;
    for _ in 0..MOST_PAGES {
        let mut path = format!("/manage/grants?subject={}", path_segment(subject));
        if let Some(after) = after {
            path += &format!("&after={after}");
        }
        let answer = call(at, Method::GET, &path, String::new()).await;
        let answer = answer.map_err(|_| Stopped::from(Stop::Store))?;
        if answer.status() != StatusCode::OK {
            return Err(Stop::Store.into());
        }
        let page: Page = json(&answer).ok_or(Stop::Broken)?;
        found.grants.extend(page.items);
        let Some(next) = page.next else {
            return Ok(found);
        };
        let client = client_of(Some(next));
        let is_filled = client_of(after) == client && client_of(from) != client;
        after = if is_filled {
            let mut ids = found.grants.iter().map(|grant| grant.grant_id);
            if !ids.any(|id| client_of(Some(id)) == client) {
                found.further = found.further.or(Some(next));
            }
            client
        } else {
            Some(next)
        };
    }
    found.further = found.further.or(after);
    Ok(found)
}

/// `POST`: all that one client has ends, or all, with the session.
pub(crate) async fn end<H: Host>(at: &At<'_, H>) -> Result<Answer, Stopped> {
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let session = Session::find(at)
        .await
        .map_err(|_| Stopped::from(Stop::Store))?;
    let session = session.ok_or(Stop::SessionEnded)?;
    let key = parameters.get("form_key").unwrap_or_default();
    if !session.has_form_key(key) || !at.is_from_our_page() {
        return Err(Stop::SessionEnded.into());
    }
    let subject = &session.subject;
    if parameters.get("end") == Some("everything") {
        delete(
            at,
            &format!("/manage/grants?subject={}", path_segment(subject)),
        )
        .await?;
        let forgotten = consent::change(at, subject, |consents| consents.clients.clear()).await;
        forgotten.map_err(|_| Stopped::from(Stop::Store))?;
        renewal::forget(at, subject)
            .await
            .map_err(|_| Stopped::from(Stop::Store))?;
        let mut response = view::pages(at, at.language(None)).logged_out(LoggedOut::default());
        // The cut-off has ended this session, too.
        if let Some(cookie) = Session::forgotten(at) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        return Ok(response.into());
    }
    let client = parameters.get("client").ok_or_else(unreadable)?;
    // First: what is left of it then is still on the page, and can be ended by another try.
    let forgotten = consent::change(at, subject, |consents| {
        consents.clients.remove(client);
    });
    forgotten.await.map_err(|_| Stopped::from(Stop::Store))?;
    let listed = grants(at, subject, None).await?.grants;
    // All that it has ends by one write, however much it is, and so does a login that is under way.
    let (subject, id) = (path_segment(subject), path_segment(client));
    delete(
        at,
        &format!("/manage/grants?subject={subject}&client_id={id}"),
    )
    .await?;
    // Other processes may hear of that a little later, and of these at once.
    let own = listed.iter().filter(|it| it.client_id.as_str() == client);
    for grant in own.take(MOST_ENDED) {
        let path = format!("/manage/grants/{}", grant.grant_id);
        delete(at, &path).await?;
    }
    Ok(see_other(&format!("{}?ended=yes", at.url_of(path::ACCOUNT))).into())
}

async fn delete<H: Host>(at: &At<'_, H>, path: &str) -> Result<(), Stopped> {
    let answer = call(at, Method::DELETE, path, String::new()).await;
    let answer = answer.map_err(|_| Stopped::from(Stop::Store))?;
    if answer.status().is_success() || answer.status() == StatusCode::NOT_FOUND {
        Ok(())
    } else {
        Err(Stop::Store.into())
    }
}
