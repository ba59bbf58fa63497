//! How a session gets its next access token.
//!
//! A refresh token that is used twice may end the session: servers take it for stolen. So one process
//! at a time uses it: whoever has written a lease into the record, by compare and swap. All others
//! wait for the record to change and take what stands then.
//!
//! An answer that is lost took the next refresh token with it. Servers that rotate give the same one
//! again for some seconds, Jeton for ten, so the old one is sent again at once, and once more; all
//! within the lease. Whoever takes over a lease that has passed may come in time as well.

use std::time::Duration;

use super::{
    Engine, Lease, Memory, RACES, Record,
    id_token::{self, Refreshed},
    too_many,
};
use crate::{
    core::Form,
    error::{Code, Error},
    exchange::Refusal,
    manager::{Standing, lock},
    session::vault::Found,
    store::Version,
    token::{AccessToken, TokenResponse},
};

/// How long a lease counts: less than the window in which servers repeat themselves, so that it can be
/// taken over in time.
const LEASE: Duration = Duration::from_secs(8);

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How long before the end of a lease the last request is sent.
const LAST_CALL: Duration = Duration::from_millis(500);

/// How long to wait for others: they may try one after the other, while the server is away.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait before looking again whether others are done: at first, and at most.
const POLL: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(400));

/// How long to wait before a store is tried again that did not take what a refresh brought.
const STORE_PAUSES: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
];

/// What a refresh brought, and what it is to replace.
#[derive(Clone)]
pub(super) struct Unsaved {
    pub(super) record: Record,
    /// The refresh token that was used for it.
    used: Option<String>,
    version: Version,
}

/// What came of writing it down.
enum Put {
    Done,
    /// Another refresh or login stands there.
    Moved,
    /// They have logged out.
    Gone,
}

/// What came of one look at the record.
enum Step {
    Done(AccessToken),
    /// Others were faster: look again.
    Moved,
    /// Others are at it.
    Wait,
}

impl Engine {
    pub(super) async fn renew(&self) -> Result<AccessToken, Error> {
        let runtime = &self.client.core.runtime;
        let (epoch, standing) = {
            let memory = lock(&self.memory);
            (memory.epoch, memory.held.standing(runtime.now()))
        };
        if let Standing::Fresh(token) = standing {
            return Ok(token);
        }
        let (began, mut wait, mut moves) = (runtime.now(), POLL.0, 0);
        loop {
            let step = match self.step(epoch).await {
                Ok(Step::Moved) if moves == RACES => Err(too_many()),
                Ok(Step::Wait) if runtime.now() > began + PATIENCE => Err(Error::new(
                    Code::Timeout,
                    "other processes have been refreshing for too long",
                )),
                step => step,
            };
            match step {
                Ok(Step::Done(token)) => return Ok(token),
                Ok(Step::Moved) => moves += 1,
                Ok(Step::Wait) => {
                    runtime.sleep_about(wait).await?;
                    wait = (wait * 2).min(POLL.1);
                }
                Err(error) if error.code() == Code::NotLoggedIn => {
                    self.end(epoch);
                    return Err(error);
                }
                Err(error) => return lock(&self.memory).held.despite(error, runtime),
            }
        }
    }

    /// Nobody is logged in, as far as what began in `epoch` knows.
    fn end(&self, epoch: u64) {
        let mut memory = lock(&self.memory);
        if memory.epoch == epoch {
            *memory = Memory {
                epoch,
                ..Memory::default()
            };
        }
    }

    /// Looks whether others have logged in or out meanwhile: the token that counts, or nothing where it
    /// is to be renewed. While the store is away, `token` does.
    pub(super) async fn look(&self, token: AccessToken) -> Result<Option<AccessToken>, Error> {
        let epoch = lock(&self.memory).epoch;
        let stands = async {
            self.save().await?;
            self.record().await
        };
        match stands.await {
            Ok((record, _)) => self.adopt(&record, epoch),
            Err(error) if error.code() == Code::NotLoggedIn => {
                self.end(epoch);
                Err(error)
            }
            Err(_) => Ok(Some(token)),
        }
    }

    async fn step(&self, epoch: u64) -> Result<Step, Error> {
        let core = &self.client.core;
        self.save().await?;
        let (record, version) = self.record().await?;
        if let Some(token) = self.adopt(&record, epoch)? {
            return Ok(Step::Done(token));
        }
        let now = core.runtime.now();
        let usable = self.usable(&record, now);
        let Some(refresh_token) = record.refresh_token.clone() else {
            return match usable {
                Some(token) => Ok(Step::Done(token)),
                None => Err(Error::new(
                    Code::NotLoggedIn,
                    "the access token has expired, and there is no refresh token",
                )),
            };
        };
        // One that is much longer than ours was written by a clock that is far ahead.
        let lease = record.lease.as_ref().map(|lease| lease.until);
        if lease.is_some_and(|until| now < until && until < now + 4 * LEASE) {
            return Ok(usable.map_or(Step::Wait, Step::Done));
        }
        // What takes time comes before the lease.
        core.wait_for_the_server().await?;
        core.discovery.metadata().await?;
        let Some((version, until)) = self.lease(&record, version).await? else {
            return Ok(Step::Moved);
        };
        let answer = self.refresh(refresh_token, until).await;
        self.conclude(record, version, answer, epoch).await
    }

    /// The token of a record, where it is fresh.
    fn adopt(&self, record: &Record, epoch: u64) -> Result<Option<AccessToken>, Error> {
        let runtime = &self.client.core.runtime;
        let mut memory = lock(&self.memory);
        if memory.refused.as_deref() == Some(record.access.access_token()) {
            return Ok(None);
        }
        if memory.epoch == epoch {
            memory.take(record.access.clone(), runtime)?;
        }
        Ok(match memory.held.standing(runtime.now()) {
            Standing::Fresh(token) => Some(token),
            Standing::Ageing(_) | Standing::None => None,
        })
    }

    /// The token of a record, where an API may still take it.
    fn usable(&self, record: &Record, now: Duration) -> Option<AccessToken> {
        let refused = lock(&self.memory).refused.as_deref() == Some(record.access.access_token());
        (!refused && !record.access.expired(now)).then(|| record.access.clone())
    }

    /// Writes a lease into the record, if nobody else did: the version with it, and until when.
    async fn lease(
        &self,
        record: &Record,
        version: Version,
    ) -> Result<Option<(Version, Duration)>, Error> {
        let runtime = &self.client.core.runtime;
        let lease = Lease {
            holder: runtime.unguessable()?,
            until: runtime.now() + LEASE,
        };
        let mut leased = record.clone();
        leased.lease = Some(lease.clone());
        if !self
            .vault
            .write(runtime, &self.record_name(), Some(&leased), Some(version))
            .await?
        {
            return Ok(None);
        }
        match self.vault.read::<Record>(&self.record_name()).await? {
            Found::Record(found, version) if found.lease.as_ref() == Some(&lease) => {
                Ok(Some((version, lease.until)))
            }
            _ => Ok(None),
        }
    }

    /// Sends a refresh token, at once again where the answer is lost, and once more.
    async fn refresh(&self, token: String, until: Duration) -> Result<TokenResponse, Refusal> {
        let core = &self.client.core;
        let mut form: Form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token),
        ];
        form.extend(self.resources.iter().map(|one| ("resource", one.clone())));
        for pause in [Duration::ZERO, Duration::from_secs(1)] {
            match core.grant_once(&form, LIMIT, Some(until)).await {
                Err(refusal) if refusal.error.is_lost() => {
                    let pause = refusal.error.retry_after().unwrap_or(pause);
                    let left = until.saturating_sub(core.runtime.now());
                    if pause + LAST_CALL > left {
                        return Err(refusal);
                    }
                    core.runtime.sleep(pause).await;
                }
                answer => return answer,
            }
        }
        core.grant_once(&form, LIMIT, Some(until)).await
    }

    /// Writes down what came of a refresh.
    async fn conclude(
        &self,
        before: Record,
        version: Version,
        answer: Result<TokenResponse, Refusal>,
        epoch: u64,
    ) -> Result<Step, Error> {
        let runtime = &self.client.core.runtime;
        let error = match answer {
            Ok(mut response) => {
                // What is not said is as before (RFC 6749 §6).
                if let Some(scope) = before.access.scope() {
                    response.access.or_scope(scope);
                }
                return self.keep(before, version, response, epoch).await;
            }
            Err(refusal) => refusal.error,
        };
        if error.code() == Code::InvalidGrant {
            let name = self.record_name();
            let ended = self
                .vault
                .write::<Record>(runtime, &name, None, Some(version));
            if ended.await? {
                return Err(Error::new(
                    Code::NotLoggedIn,
                    "the server has ended the session",
                ));
            }
            return Ok(Step::Moved);
        }
        // So that nobody waits for it to pass. Without success it passes.
        let released = Record {
            lease: None,
            ..before
        };
        let _ = self
            .vault
            .write(runtime, &self.record_name(), Some(&released), Some(version))
            .await;
        Err(error)
    }

    async fn keep(
        &self,
        before: Record,
        version: Version,
        response: TokenResponse,
        epoch: u64,
    ) -> Result<Step, Error> {
        let core = &self.client.core;
        let used = before.refresh_token.clone();
        let mut record = Record {
            access: response.access,
            refresh_token: response.refresh_token.or(before.refresh_token),
            id_token: before.id_token,
            id_claims: before.id_claims,
            lease: None,
        };
        if let Some(token) = response.id_token {
            match id_token::of_refresh(core, &token, &record.id_claims) {
                Refreshed::Same(id_claims) => {
                    record.id_claims = id_claims;
                    record.id_token = Some(token);
                }
                // The tokens are as good without it.
                Refreshed::Unusable => {}
                Refreshed::SomebodyElse => {
                    // They are used by nobody here, and the old ones are spent.
                    let (runtime, name) = (&core.runtime, self.record_name());
                    let ended = self
                        .vault
                        .write::<Record>(runtime, &name, None, Some(version));
                    let ended = ended.await;
                    self.revoke_quietly(&record).await;
                    return match ended? {
                        true => Err(Error::new(
                            Code::NotLoggedIn,
                            "the server answered a refresh with somebody else's tokens",
                        )),
                        false => Ok(Step::Moved),
                    };
                }
            }
        }
        let unsaved = Unsaved {
            record,
            used,
            version,
        };
        match self.put_patiently(&unsaved).await {
            Ok(Put::Moved) => return Ok(Step::Moved),
            Ok(Put::Gone) => {
                self.revoke_quietly(&unsaved.record).await;
                return Ok(Step::Moved);
            }
            Ok(Put::Done) => {}
            // The next refresh token is here alone.
            Err(_) => lock(&self.memory).unsaved = Some(unsaved.clone()),
        }
        let record = unsaved.record;
        let mut memory = lock(&self.memory);
        if memory.epoch == epoch {
            memory.refused = None;
            memory.take(record.access.clone(), &core.runtime)?;
        }
        Ok(Step::Done(record.access))
    }

    /// Writes down what the store did not take before.
    async fn save(&self) -> Result<(), Error> {
        let unsaved = lock(&self.memory).unsaved.clone();
        if let Some(unsaved) = unsaved {
            let put = self.put(&unsaved).await?;
            lock(&self.memory).unsaved = None;
            if matches!(put, Put::Gone) {
                self.revoke_quietly(&unsaved.record).await;
            }
        }
        Ok(())
    }

    /// Writes down what a refresh brought, again for some seconds where the store does not work.
    async fn put_patiently(&self, unsaved: &Unsaved) -> Result<Put, Error> {
        for pause in STORE_PAUSES {
            match self.put(unsaved).await {
                Err(error) if error.is_transient() => self.client.core.runtime.sleep(pause).await,
                put => return put,
            }
        }
        self.put(unsaved).await
    }

    /// Writes down what a refresh brought, in the place of the record whose refresh token it used: also
    /// where others have taken the lease over meanwhile, as nobody else may hear of the next.
    async fn put(&self, unsaved: &Unsaved) -> Result<Put, Error> {
        let (runtime, name) = (&self.client.core.runtime, self.record_name());
        let mut expected = unsaved.version.clone();
        for _ in 0..RACES {
            let written = self
                .vault
                .write(runtime, &name, Some(&unsaved.record), Some(expected));
            if written.await? {
                return Ok(Put::Done);
            }
            expected = match self.vault.read::<Record>(&name).await? {
                Found::Record(stands, version) if stands.refresh_token == unsaved.used => version,
                Found::Record(..) | Found::Closed(_) => return Ok(Put::Moved),
                Found::Nothing => return Ok(Put::Gone),
            };
        }
        Err(too_many())
    }
}

#[cfg(test)]
mod tests;
