//! The ledger as a Worker sees it: a stub for each grant, and one for each shard of markers.

use jeton::{
    Advance, Attempt, Decision, Grant, GrantId, Ledger, Marker, Step, Unavailable, UnixTime,
};
use worker::{Method, ObjectNamespace, Request, RequestInit};

use crate::{
    call::{Answer, Call},
    within::within_deadline,
};

/// How many objects the markers are spread over. An object answers about a thousand requests a
/// second.
const SHARDS: u8 = 64;

/// The ledger on a namespace of [`GrantObject`](crate::GrantObject)s.
#[derive(Debug)]
pub struct DurableLedger(ObjectNamespace);

impl DurableLedger {
    /// The ledger in `namespace`.
    #[must_use]
    pub fn new(namespace: ObjectNamespace) -> Self {
        Self(namespace)
    }

    /// Asks the object of that name, once more if the first try fails: its answer may have been
    /// lost, which is why every call can be repeated.
    async fn ask(&self, name: &str, call: &Call) -> Result<Answer, Unavailable> {
        match self.try_ask(name, call).await {
            Ok(answer) => Ok(answer),
            Err(_) => self.try_ask(name, call).await,
        }
    }

    async fn try_ask(&self, name: &str, call: &Call) -> Result<Answer, Unavailable> {
        let body = serde_json::to_string(call).map_err(unavailable)?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(body.into()));
        let request = Request::new_with_init("https://ledger/", &init).map_err(unavailable)?;
        let stub = self
            .0
            .id_from_name(name)
            .and_then(|id| id.get_stub())
            .map_err(unavailable)?;
        let exchange = async {
            let mut response = stub.fetch_with_request(request).await?;
            let text = response.text().await?;
            Ok::<_, worker::Error>((response.status_code(), text))
        };
        let (status, text) = within_deadline(exchange)
            .await
            .ok_or_else(|| unavailable("no answer in time"))?
            .map_err(unavailable)?;
        if status != 200 {
            return Err(unavailable(format_args!("{status} {text}")));
        }
        serde_json::from_str(&text).map_err(unavailable)
    }

    async fn ask_grant(&self, id: GrantId, call: &Call) -> Result<Answer, Unavailable> {
        self.ask(&format!("grant:{id}"), call).await
    }

    async fn ask_marker(&self, marker: &str, call: &Call) -> Result<Answer, Unavailable> {
        let shard = marker
            .bytes()
            .fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
            % SHARDS;
        self.ask(&format!("marker:{shard}"), call).await
    }
}

fn unavailable(error: impl std::fmt::Display) -> Unavailable {
    Unavailable::new("durable_object", error)
}

fn done(answer: Answer) -> Result<bool, Unavailable> {
    match answer {
        Answer::Done(done) => Ok(done),
        other => Err(mismatch(&other)),
    }
}

/// Worker and object are one deployment, but for the moment of a deploy.
fn mismatch(answer: &Answer) -> Unavailable {
    unavailable(format_args!("an answer to another call: {answer:?}"))
}

impl Ledger for DurableLedger {
    async fn open(&self, grant: &Grant, _now: UnixTime) -> Result<bool, Unavailable> {
        let name = format!("grant:{}", grant.id);
        let call = Call::Open(Box::new(grant.clone()));
        if let Ok(answer) = self.try_ask(&name, &call).await {
            return done(answer);
        }
        if done(self.try_ask(&name, &call).await?)? {
            return Ok(true);
        }
        // It exists: perhaps because the first try did happen and only its answer was lost.
        Ok(self.read(grant.id).await?.as_ref() == Some(grant))
    }

    async fn advance(&self, step: &Step) -> Result<Advance, Unavailable> {
        let call = Call::Advance(Box::new(step.clone()));
        match self.ask_grant(step.id, &call).await? {
            Answer::Advance(advance) => Ok(advance),
            other => Err(mismatch(&other)),
        }
    }

    async fn decide(
        &self,
        id: GrantId,
        decision: &Decision,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let decision = Box::new(decision.clone());
        done(self.ask_grant(id, &Call::Decide { decision, now }).await?)
    }

    async fn read(&self, id: GrantId) -> Result<Option<Grant>, Unavailable> {
        match self.ask_grant(id, &Call::Read).await? {
            Answer::Grant(grant) => Ok(grant.map(|grant| *grant)),
            other => Err(mismatch(&other)),
        }
    }

    async fn revoke(&self, id: GrantId) -> Result<(), Unavailable> {
        done(self.ask_grant(id, &Call::Revoke).await?)?;
        Ok(())
    }

    async fn claim(
        &self,
        marker: &Marker,
        value: Attempt,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        let marker = marker.as_str().to_owned();
        let call = Call::Claim {
            marker: marker.clone(),
            value,
            expires,
            now,
        };
        done(self.ask_marker(&marker, &call).await?)
    }

    async fn holder(&self, marker: &Marker, now: UnixTime) -> Result<Option<Attempt>, Unavailable> {
        let marker = marker.as_str().to_owned();
        let call = Call::Holder {
            marker: marker.clone(),
            now,
        };
        match self.ask_marker(&marker, &call).await? {
            Answer::Holder(holder) => Ok(holder),
            other => Err(mismatch(&other)),
        }
    }

    async fn count(
        &self,
        marker: &Marker,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<u32, Unavailable> {
        let marker = marker.as_str().to_owned();
        let call = Call::Count {
            marker: marker.clone(),
            expires,
            now,
        };
        match self.ask_marker(&marker, &call).await? {
            Answer::Count(count) => Ok(count),
            other => Err(mismatch(&other)),
        }
    }
}
