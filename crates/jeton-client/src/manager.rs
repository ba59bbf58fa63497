//! The tokens that a client has, and when it gets others.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    core::{Core, Form},
    error::Error,
    flight::Slot,
    runtime::Runtime,
    token::{AccessToken, TokenRequest},
};

/// How many kinds of token are remembered, the oldest forgotten first.
const KINDS: usize = 1000;

/// The tokens of a client, by what was asked for.
#[derive(Debug, Default)]
pub(crate) struct Manager(Mutex<Kinds>);

#[derive(Debug, Default)]
struct Kinds {
    entries: HashMap<TokenRequest, Arc<Entry>>,
    order: VecDeque<TokenRequest>,
}

#[derive(Debug, Default)]
struct Entry {
    held: Arc<Mutex<Held>>,
    flight: Slot<Result<AccessToken, Error>>,
}

/// A token that is refreshed ahead of its end.
#[derive(Debug, Default)]
pub(crate) struct Held {
    token: Option<AccessToken>,
    refresh_at: Duration,
    failures: u32,
    /// When an API last refused the token that stood.
    refused_at: Option<Duration>,
}

/// How long an API that refuses a token gets no other for that: one that refuses every token would have
/// each request ask for one.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);

/// What is to be done about a token.
pub(crate) enum Standing {
    /// It is good.
    Fresh(AccessToken),
    /// It is good, and one caller gets the next.
    Ageing(AccessToken),
    /// There is none.
    None,
}

impl Held {
    pub(crate) fn standing(&self, now: Duration) -> Standing {
        match &self.token {
            Some(token) if token.expired(now) => Standing::None,
            Some(token) if now < self.refresh_at => Standing::Fresh(token.clone()),
            Some(token) => Standing::Ageing(token.clone()),
            None => Standing::None,
        }
    }

    /// Takes a new token, to be refreshed a tenth to a fifth of its lifetime before its end.
    pub(crate) fn take(&mut self, token: AccessToken, runtime: &Runtime) -> Result<(), Error> {
        self.refresh_at = token.refresh_at(runtime.between(0.1, 0.2)?);
        if self.token.as_ref() != Some(&token) {
            self.failures = 0;
            self.token = Some(token);
        }
        Ok(())
    }

    /// What there is to answer although there is no new token: the one that stands, if that is nobody's
    /// fault here. The next attempt is after `Retry-After`, or 1, 2, 4 … 30 s.
    pub(crate) fn despite(
        &mut self,
        error: Error,
        runtime: &Runtime,
    ) -> Result<AccessToken, Error> {
        let now = runtime.now();
        let token = self.token.clone().filter(|token| !token.expired(now));
        let Some(token) = token.filter(|_| error.is_transient()) else {
            return Err(error);
        };
        let backoff = Duration::from_secs(1 << self.failures.min(5)).min(Duration::from_secs(30));
        self.failures = self.failures.saturating_add(1);
        let wait = match error.retry_after() {
            Some(after) => after,
            None => runtime.about(backoff)?,
        };
        self.refresh_at = now.saturating_add(wait);
        Ok(token)
    }

    /// Hears that an API refused a token. Says whether another is to be had; then that one is forgotten.
    pub(crate) fn refuse(&mut self, refused: &AccessToken, now: Duration) -> bool {
        let is_this = |token: &AccessToken| token.access_token() == refused.access_token();
        if !self.token.as_ref().is_some_and(is_this) {
            return true;
        }
        let recent = |at: Duration| at <= now && now < at + REFUSED_PAUSE;
        if self.refused_at.is_some_and(recent) {
            return false;
        }
        self.refused_at = Some(now);
        self.token = None;
        true
    }

    /// Forgets a token that an API refused, if it is this one.
    pub(crate) fn discard(&mut self, refused: &AccessToken) {
        let is_this = |token: &AccessToken| token.access_token() == refused.access_token();
        if self.token.as_ref().is_some_and(is_this) {
            self.token = None;
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Manager {
    pub(crate) async fn token(
        &self,
        core: &Arc<Core>,
        request: &TokenRequest,
    ) -> Result<AccessToken, Error> {
        let entry = self.entry(request);
        loop {
            let start = || {
                let (core, held) = (Arc::clone(core), Arc::clone(&entry.held));
                let mut form = vec![("grant_type", "client_credentials".to_owned())];
                form.extend(request.form());
                Box::pin(async move { renew(&core, &held, &form).await }) as _
            };
            let standing = lock(&entry.held).standing(core.runtime.now());
            let ride = match standing {
                Standing::Fresh(token) => return Ok(token),
                Standing::Ageing(token) => match entry.flight.lead(start) {
                    Some(ride) => ride,
                    None => return Ok(token),
                },
                Standing::None => entry.flight.join(start),
            };
            let resumed = ride.is_resumed();
            match ride.land().await {
                // Whoever had asked for it went away, long ago.
                Ok(token) if resumed && token.expired(core.runtime.now()) => {}
                landed => return landed,
            }
        }
    }

    pub(crate) fn discard(&self, request: &TokenRequest, token: &AccessToken) {
        let entry = lock(&self.0).entries.get(request).cloned();
        if let Some(entry) = entry {
            lock(&entry.held).discard(token);
        }
    }

    pub(crate) fn refuse(
        &self,
        request: &TokenRequest,
        token: &AccessToken,
        now: Duration,
    ) -> bool {
        let entry = lock(&self.0).entries.get(request).cloned();
        entry.is_none_or(|entry| lock(&entry.held).refuse(token, now))
    }

    fn entry(&self, request: &TokenRequest) -> Arc<Entry> {
        let mut kinds = lock(&self.0);
        if let Some(entry) = kinds.entries.get(request) {
            return Arc::clone(entry);
        }
        if kinds.entries.len() >= KINDS
            && let Some(oldest) = kinds.order.pop_front()
        {
            kinds.entries.remove(&oldest);
        }
        let entry = Arc::<Entry>::default();
        kinds.entries.insert(request.clone(), Arc::clone(&entry));
        kinds.order.push_back(request.clone());
        entry
    }
}

async fn renew(core: &Core, held: &Mutex<Held>, form: &Form) -> Result<AccessToken, Error> {
    // Another flight may have landed between a caller's look and this one's start.
    let standing = lock(held).standing(core.runtime.now());
    if let Standing::Fresh(token) = standing {
        return Ok(token);
    }
    match core.grant(form).await {
        Ok(response) => {
            lock(held).take(response.access.clone(), &core.runtime)?;
            Ok(response.access)
        }
        Err(error) => lock(held).despite(error, &core.runtime),
    }
}

#[cfg(test)]
mod tests;
