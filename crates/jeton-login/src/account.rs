//! `/login/account`: what a person has given to applications and devices, to be seen and ended by them.

use std::collections::BTreeMap;

use http::{Method, StatusCode, header::SET_COOKIE};
use jeton::{Client, ClientId, GrantType, Host, UnixTime, page::see_other, path_segment};
use serde::Deserialize;

use crate::{
    application::{Answer, path, unreadable},
    asked::call,
    at::At,
    consent,
    login::choose,
    pages::{Account, Entry, EntryKind, LoggedOut, MOST_ENTRIES, Notice, ScopeItem},
    renewal,
    session::Session,
    stop::{Stop, Stopped},
    view,
};

/// How many pages of grants are read. Each has fifty at most; whoever has more sees the rest once these have
/// ended.
const MOST_PAGES: usize = 4;

/// The most clients that are shown because consent to them is remembered; the newest.
const MOST_REMEMBERED: usize = 50;

/// What stands before a client's id where its entry has no grant.
const CONSENT_TO: &str = "consent:";

/// A page of a subject's grants (`/manage/grants`).
#[derive(Deserialize)]
struct Page {
    items: Vec<Grant>,
    next: Option<String>,
}

/// A grant.
#[derive(Deserialize)]
struct Grant {
    grant_id: String,
    client_id: ClientId,
    scope: String,
    created_at: UnixTime,
    last_used_at: Option<UnixTime>,
}

/// An application, or a device, that a person has connected.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) grant_id: String,
    pub(crate) client_id: ClientId,
    pub(crate) name: Option<String>,
    pub(crate) kind: EntryKind,
    /// The words of its APIs, by scope token.
    pub(crate) words: BTreeMap<String, String>,
    pub(crate) scope: String,
    pub(crate) since: UnixTime,
    pub(crate) last_used: Option<UnixTime>,
}

/// `GET`: the page, for whoever is logged in; everybody else logs in first.
pub(crate) async fn show<H: Host>(at: &At<'_, H>) -> Result<Answer, Stopped> {
    let session = Session::find(at)
        .await
        .map_err(|_| Stopped::from(Stop::Store))?;
    let Some(session) = session else {
        return Ok(choose(at));
    };
    let connected = connected(at, &session.subject).await?;
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let after = parameters.get("after");
    let begin = after.and_then(|id| connected.iter().position(|it| it.grant_id == id));
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
        after: last.map(|it| it.grant_id.as_str()),
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

/// What a client is to people: who can only be logged in to by a code is a device.
fn kind_of(client: &Client) -> EntryKind {
    let may = |grant: GrantType| client.grant_types.contains(&grant);
    if may(GrantType::DeviceCode) && !may(GrantType::AuthorizationCode) {
        EntryKind::Device
    } else {
        EntryKind::Application
    }
}

/// What the scopes of a client's APIs mean.
fn words_of(client: &Client) -> BTreeMap<String, String> {
    let apis = client.apis.iter().map(|granted| &granted.api.scopes);
    apis.flatten()
        .map(|(token, words)| (token.clone(), words.clone()))
        .collect()
}

impl Connected {
    fn scopes(&self) -> Vec<ScopeItem<'_>> {
        let tokens = self.scope.split_ascii_whitespace();
        tokens
            .map(|scope| ScopeItem {
                scope,
                description: self.words.get(scope).map(String::as_str),
                also: Vec::new(),
            })
            .collect()
    }

    fn entry<'a>(&'a self, scopes: &'a [ScopeItem<'a>]) -> Entry<'a> {
        Entry {
            id: &self.grant_id,
            name: self.name.as_deref().unwrap_or(self.client_id.as_str()),
            kind: self.kind,
            since: self.since,
            last_used: self.last_used.unwrap_or(self.since),
            scopes,
        }
    }
}

async fn connected<H: Host>(at: &At<'_, H>, subject: &str) -> Result<Vec<Connected>, Stopped> {
    let mut connected = Vec::new();
    let mut after = String::new();
    for _ in 0..MOST_PAGES {
        let path = format!("/manage/grants?subject={}{after}", path_segment(subject));
        let answer = call(at, Method::GET, &path, String::new()).await;
        let answer = answer.map_err(|_| Stopped::from(Stop::Store))?;
        if answer.status() != StatusCode::OK {
            return Err(Stop::Store.into());
        }
        let page: Page = serde_json::from_slice(answer.body()).map_err(|_| Stop::Broken)?;
        for grant in page.items {
            let client = at.server.client(&grant.client_id, at.now()).await;
            let client = client.map_err(|_| Stopped::from(Stop::Store))?;
            let client = client.as_deref();
            connected.push(Connected {
                name: client.and_then(|client| client.name.clone()),
                kind: client.map_or(EntryKind::Application, kind_of),
                words: client.map(words_of).unwrap_or_default(),
                grant_id: grant.grant_id,
                client_id: grant.client_id,
                scope: grant.scope,
                since: grant.created_at,
                last_used: grant.last_used_at,
            });
        }
        match page.next {
            Some(next) => after = format!("&after={}", path_segment(&next)),
            None => break,
        }
    }
    connected.extend(consented(at, subject, &connected).await?);
    connected.sort_by_key(|it| std::cmp::Reverse(it.last_used.unwrap_or(it.since)));
    Ok(connected)
}

/// The applications that nothing is left of but that the person agreed to them.
async fn consented<H: Host>(
    at: &At<'_, H>,
    subject: &str,
    connected: &[Connected],
) -> Result<Vec<Connected>, Stopped> {
    let remembered = consent::remembered(at, subject).await;
    let remembered = remembered.map_err(|_| Stopped::from(Stop::Store))?;
    let has_grant = |id: &ClientId| connected.iter().any(|it| it.client_id == *id);
    let without = remembered
        .into_iter()
        .filter(|it| !has_grant(&it.client_id));
    let mut consented = Vec::new();
    for it in without.take(MOST_REMEMBERED) {
        let client = at.server.client(&it.client_id, at.now()).await;
        let client = client.map_err(|_| Stopped::from(Stop::Store))?;
        let client = client.as_deref();
        consented.push(Connected {
            grant_id: format!("{CONSENT_TO}{}", it.client_id),
            name: client.and_then(|client| client.name.clone()),
            kind: EntryKind::Consent,
            words: client.map(words_of).unwrap_or_default(),
            client_id: it.client_id,
            scope: it.scope.to_string(),
            since: it.at,
            last_used: None,
        });
    }
    Ok(consented)
}

/// `POST`: one ends, or all, with the session.
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
    let ended = parameters.get("end").ok_or_else(unreadable)?;
    if ended == "everything" {
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
        if let Some(cookie) = Session::end(at) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        return Ok(response.into());
    }
    if let Some(client) = ended.strip_prefix(CONSENT_TO) {
        forget(at, subject, client).await?;
    }
    let all = connected(at, subject).await?;
    // Whose it is decides who may end it.
    if let Some(it) = all.iter().find(|it| it.grant_id == ended) {
        delete(at, &format!("/manage/grants/{}", path_segment(ended))).await?;
        let is_last = all
            .iter()
            .filter(|other| other.client_id == it.client_id)
            .count()
            == 1;
        if is_last {
            forget(at, subject, it.client_id.as_str()).await?;
        }
    }
    Ok(see_other(&format!("{}?ended=yes", at.url_of(path::ACCOUNT))).into())
}

/// Forgets what a person agreed to at a client.
async fn forget<H: Host>(at: &At<'_, H>, subject: &str, client: &str) -> Result<(), Stopped> {
    let forgotten = consent::change(at, subject, |consents| {
        consents.clients.remove(client);
    });
    forgotten.await.map_err(|_| Stop::Store.into())
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
