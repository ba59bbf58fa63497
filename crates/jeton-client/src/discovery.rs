//! Metadata, fetched and kept.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use url::Url;

use crate::{
    error::{Code, Error},
    exchange,
    flight::Slot,
    metadata::{Metadata, locations},
    runtime::Runtime,
};

/// How long fetched metadata counts.
const LIFETIME: Duration = Duration::from_secs(3600);

/// How long to leave a server alone whose new metadata could not be had, while the old stands.
const PAUSE: Duration = Duration::from_secs(30);

/// How long one request for metadata may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The metadata of one issuer.
#[derive(Debug)]
pub(crate) struct Discovery {
    source: Arc<Source>,
    flight: Slot<Result<Arc<Metadata>, Error>>,
}

#[derive(Debug)]
struct Source {
    runtime: Runtime,
    issuer: String,
    locations: [Url; 2],
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug, Clone)]
struct Kept {
    metadata: Arc<Metadata>,
    until: Duration,
}

impl Discovery {
    /// Of the issuer `issuer`, which is `url`; `given` metadata counts for good.
    pub(crate) fn new(
        runtime: Runtime,
        issuer: String,
        url: &Url,
        given: Option<Metadata>,
    ) -> Result<Self, Error> {
        given.iter().try_for_each(|given| given.check(&issuer))?;
        let kept = given.map(|metadata| Kept {
            metadata: Arc::new(metadata),
            until: Duration::MAX,
        });
        let source = Source {
            runtime,
            issuer,
            locations: locations(url),
            kept: Mutex::new(kept),
        };
        Ok(Self {
            source: Arc::new(source),
            flight: Slot::default(),
        })
    }

    /// What OpenID Connect's own metadata adds, of a server that has both documents.
    pub(crate) async fn of_openid(&self) -> Result<Metadata, Error> {
        let [_, location] = &self.source.locations;
        let metadata = self.source.fetch_from(location).await?;
        metadata.check(&self.source.issuer)?;
        Ok(metadata)
    }

    /// The metadata that counts now.
    pub(crate) async fn metadata(&self) -> Result<Arc<Metadata>, Error> {
        let start = || {
            let source = Arc::clone(&self.source);
            Box::pin(async move { source.renew().await }) as _
        };
        match self.source.kept() {
            Some(kept) if kept.until > self.source.runtime.now() => Ok(kept.metadata),
            Some(kept) => match self.flight.lead(start) {
                Some(ride) => ride.land().await,
                None => Ok(kept.metadata),
            },
            None => self.flight.join(start).land().await,
        }
    }
}

impl Source {
    fn kept(&self) -> Option<Kept> {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, metadata: Arc<Metadata>, lifetime: Duration) -> Arc<Metadata> {
        let until = self.runtime.now().saturating_add(lifetime);
        let kept = Kept {
            metadata: Arc::clone(&metadata),
            until,
        };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        metadata
    }

    async fn renew(&self) -> Result<Arc<Metadata>, Error> {
        let kept = self.kept();
        if let Some(kept) = &kept
            && kept.until > self.runtime.now()
        {
            return Ok(Arc::clone(&kept.metadata));
        }
        match (self.fetch().await, kept) {
            (Ok(metadata), _) => Ok(self.keep(Arc::new(metadata), LIFETIME)),
            // What the server said an hour ago is better than nothing.
            (Err(_), Some(kept)) => Ok(self.keep(kept.metadata, PAUSE)),
            (Err(error), None) => Err(error),
        }
    }

    /// The first document of the two. An answer that is no metadata is like none: some servers answer
    /// a page to any path.
    async fn fetch(&self) -> Result<Metadata, Error> {
        let mut missing = None;
        for location in &self.locations {
            match self.fetch_from(location).await {
                Ok(metadata) => {
                    metadata.check(&self.issuer)?;
                    return Ok(metadata);
                }
                Err(error) if error.code() == Code::NoMetadata => {
                    missing.get_or_insert(error);
                }
                Err(error) if error.code() == Code::InvalidMetadata => missing = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(missing.unwrap_or_else(|| Error::new(Code::NoMetadata, "there is no metadata")))
    }

    async fn fetch_from(&self, location: &Url) -> Result<Metadata, Error> {
        let mut delays = RETRIES.iter();
        loop {
            let request = Request::get(location.as_str())
                .header(header::ACCEPT, "application/json")
                .body(Bytes::new())
                .map_err(|_| Error::new(Code::InvalidIssuer, "the issuer is no URL"))?;
            let sent =
                self.runtime
                    .send(request, LIMIT)
                    .await
                    .map_err(|error| match error.code() {
                        Code::InvalidResponse => {
                            Error::new(Code::InvalidMetadata, error.to_string())
                        }
                        _ => error,
                    });
            let answered = sent.and_then(|answer| {
                let (status, now) = (answer.status(), self.runtime.now());
                if status == StatusCode::OK {
                    return Metadata::parse(answer.body());
                }
                if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                    exchange::succeeded("metadata endpoint", &answer, now, &[])?;
                }
                let message = format!("{location} answered {}", status.as_u16());
                Err(Error::new(Code::NoMetadata, message).with_status(status.as_u16()))
            });
            match answered {
                Err(error) if error.is_lost() && error.retry_after().is_none() => {
                    match delays.next() {
                        Some(delay) => self.runtime.sleep_about(*delay).await?,
                        None => return Err(error),
                    }
                }
                answered => return answered,
            }
        }
    }
}

/// After how long a request is sent again that was lost, or that a server failed at.
pub(crate) const RETRIES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

#[cfg(test)]
mod tests;
