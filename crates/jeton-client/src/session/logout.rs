//! Logging out.

use std::fmt;

use url::Url;

use super::{Engine, RACES, Record, Session, too_many, vault::Found};
use crate::{
    core::{Endpoint, Form, LIMIT},
    error::Error,
    manager::lock,
    metadata::Metadata,
};

/// What is left to do of a logout. Here nobody is logged in any more.
///
/// What `{:?}` prints of the URL is without its query: that has the ID token.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct LoggedOut {
    /// Where the person may be sent to log out of the server too (OpenID Connect RP-Initiated Logout).
    pub url: Option<Url>,
    /// Why the refresh token could not be revoked, if so.
    pub unrevoked: Option<Error>,
}

impl fmt::Debug for LoggedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        if let Some(url) = &mut url {
            url.set_query(None);
        }
        f.debug_struct("LoggedOut")
            .field("url", &url.as_ref().map(Url::as_str))
            .field("unrevoked", &self.unrevoked)
            .finish()
    }
}

impl Session {
    /// Forgets the session, and revokes its refresh token (RFC 7009).
    ///
    /// # Errors
    /// The store does not work: they may still be logged in. That the server is away is none, and stands
    /// in the answer.
    pub async fn logout(&self) -> Result<LoggedOut, Error> {
        let engine = &self.engine;
        let unsaved = lock(&engine.memory).unsaved.clone();
        // First, as a refresh that is under way would put back what is revoked.
        let removed = engine.remove().await?;
        let record = unsaved.map(|unsaved| unsaved.record).or(removed);
        self.forget();
        let mut logged_out = LoggedOut::default();
        let metadata = engine.client.core.discovery.metadata().await;
        match (&metadata, record) {
            (Ok(metadata), Some(record)) => {
                logged_out.unrevoked = engine.revoke(metadata, &record).await.err();
                logged_out.url = self.end_session(metadata, &record).await;
            }
            (Err(error), _) => logged_out.unrevoked = Some(error.clone()),
            (Ok(_), None) => {}
        }
        Ok(logged_out)
    }

    async fn end_session(&self, metadata: &Metadata, record: &Record) -> Option<Url> {
        let mut url = match (&metadata.end_session_endpoint, &record.id_token) {
            (Some(url), _) => url.clone(),
            // It is OpenID Connect's, and may stand in that document alone.
            (None, Some(_)) => {
                let discovery = &self.client().core.discovery;
                discovery.of_openid().await.ok()?.end_session_endpoint?
            }
            (None, None) => return None,
        };
        let mut query = url.query_pairs_mut();
        query.append_pair("client_id", &self.client().core.client_id);
        if let Some(id_token) = &record.id_token {
            query.append_pair("id_token_hint", id_token);
        }
        if let Some(after) = &self.engine.after_logout {
            query.append_pair("post_logout_redirect_uri", after);
        }
        drop(query);
        Some(url)
    }
}

impl Engine {
    /// Removes what stands, and answers with what that was.
    async fn remove(&self) -> Result<Option<Record>, Error> {
        let (runtime, name) = (&self.client.core.runtime, self.record_name());
        for _ in 0..RACES {
            let (record, version) = match self.vault.read::<Record>(&name).await? {
                Found::Nothing => return Ok(None),
                Found::Record(record, version) => (Some(record), version),
                Found::Closed(version) => (None, version),
            };
            let removed = self
                .vault
                .write::<Record>(runtime, &name, None, Some(version));
            if removed.await? {
                return Ok(record);
            }
        }
        Err(too_many())
    }

    async fn revoke(&self, metadata: &Metadata, record: &Record) -> Result<(), Error> {
        let core = &self.client.core;
        let (Some(token), Some(_)) = (&record.refresh_token, &metadata.revocation_endpoint) else {
            return Ok(());
        };
        let form: Form = vec![
            ("token", token.clone()),
            ("token_type_hint", "refresh_token".to_owned()),
        ];
        let once = || async {
            let answered = core.post(Endpoint::Revocation, &form, LIMIT, None).await;
            answered.map(drop).map_err(Error::from)
        };
        core.retrying(once).await
    }

    /// Revokes what nobody here is to use. If that fails it ends by itself.
    pub(super) async fn revoke_quietly(&self, record: &Record) {
        if let Ok(metadata) = self.client.core.discovery.metadata().await {
            let _ = self.revoke(&metadata, record).await;
        }
    }
}
