//! Jeton on AWS Lambda, behind an HTTP API, a function URL or a load balancer.
//!
//! ```text
//! event ──event.rs──▶ http::Request ──jeton::Server──▶ http::Response ──answer.rs──▶ answer
//! ```
//!
//! `lambda_http` brings the runtime and the shapes of events and answers; its conversion between
//! them and HTTP is not used. It panics on a `Host` that makes no URL and on a body that is not the
//! base64 it is said to be, decodes a load balancer's query twice, and drops all but one of several
//! headers of a name.

// That the whole of a request may go from thread to thread is asked of each future within it, down to the
// SDK's: deeper than the usual 128.
#![recursion_limit = "256"]

mod answer;
mod event;
mod stores;

use std::{
    convert::Infallible,
    env,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::HeaderMap;
use jeton::{Arrival, Host, RequestId, Seconds, SecretUse};
use jeton_dynamodb::{DynamoLedger, DynamoRegistry};
use jeton_fetch::HttpsFetch;
use jeton_login::{LoginServer, LoginSettings};
use jeton_native::NativeCrypto;
use lambda_http::{
    LambdaEvent,
    lambda_runtime::Runtime,
    service_fn,
    tower::{ServiceExt, layer::layer_fn},
};
use serde_json::value::RawValue;

use crate::{
    answer::Answer,
    event::{Caller, Event},
    stores::Stores,
};

/// A Lambda function on DynamoDB.
struct Lambda;

impl Host for Lambda {
    type Registry = Option<DynamoRegistry>;
    type Ledger = DynamoLedger;
    type Crypto = NativeCrypto;
    type Fetch = HttpsFetch;
    type People = ();
}

type LambdaServer = LoginServer<Lambda>;

/// What is to be noted of the event that is being answered, once its answer is sent.
#[derive(Default)]
struct ToNote(Mutex<Option<SecretUse>>);

impl ToNote {
    fn replace(&self, used: Option<SecretUse>) -> Option<SecretUse> {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *standing, used)
    }
}

/// One thread: an execution environment works on one event at a time, and starts sooner with it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // The runtime turns a panic into a failed invocation; the log should stay lines of JSON.
    jeton_native::log_panics(jeton_native::log_error);
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            jeton_native::log_error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), lambda_http::Error> {
    let (config, login) = jeton_native::config_from_env_with(|_| None, LoginSettings::read)?;
    for warning in config.warnings() {
        jeton_native::log_error(warning);
    }
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err("this program is a Lambda function: only Lambda, or a Runtime API in its place, can run it".into());
    }
    // Made once for all requests; no connection is opened and no key derived before the first.
    let stores = Stores::from_env().await?;
    let server = LambdaServer::new(config, login, stores.into());
    let (server, to_note) = (&server, &ToNote::default());
    let handler = service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        let invocation = event.context.request_id.parse().ok();
        Ok::<_, Infallible>(respond(server, event.payload.get(), invocation, to_note).await)
    });
    // Before the next event is asked for: from then on the process may be frozen.
    let after_the_answer = layer_fn(|service: _| {
        ServiceExt::map_future(service, |answering| async move {
            let answered = answering.await;
            if let Some(used) = to_note.replace(None) {
                server.note(used).await;
            }
            answered
        })
    });
    Runtime::new(handler).layer(after_the_answer).run().await
}

/// The answer to an event. Its request is known by the gateway's id, or where the gateway gives none, by
/// that of the invocation.
async fn respond(
    server: &LambdaServer,
    event: &str,
    invocation: Option<RequestId>,
    to_note: &ToNote,
) -> Answer {
    let began = Instant::now();
    let (gateway, request) = Event::parse(event);
    let mut response = match request {
        Ok(mut request) => {
            let caller = request.extensions_mut().remove::<Caller>();
            let caller = caller.unwrap_or_default();
            let arrival = Arrival {
                at: jeton_native::now(),
                address: caller.address,
                request_id: caller.request_id.or(invocation),
            };
            let budget = |time: Seconds| tokio::time::sleep(Duration::from_secs(time.0));
            server.handle(request, arrival, budget).await
        }
        Err(malformed) => {
            let arrival = Arrival {
                at: jeton_native::now(),
                address: None,
                request_id: invocation,
            };
            let mut response = malformed.response();
            // What headers the event has is part of what could not be read.
            server.complete(
                &mut response,
                &HeaderMap::new(),
                arrival,
                malformed.to_string(),
            );
            response
        }
    };
    // Before the answer: the process is frozen after it.
    jeton_native::log_response(&response, began);
    to_note.replace(response.extensions_mut().remove());
    Answer::new(gateway, response)
}

#[cfg(test)]
mod tests;
