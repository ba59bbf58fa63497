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

mod answer;
mod event;
mod stores;

use std::{
    convert::Infallible,
    env,
    process::ExitCode,
    time::{Duration, Instant},
};

use http::HeaderMap;
use jeton::{Arrival, BUDGET, Host, RequestId, Server};
use jeton_dynamodb::{DynamoLedger, DynamoRegistry};
use jeton_fetch::HttpsFetch;
use jeton_native::NativeCrypto;
use lambda_http::{LambdaEvent, lambda_runtime, service_fn};
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
}

type LambdaServer = Server<Lambda>;

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
    let config = jeton_native::config_from_env()?;
    for warning in config.warnings() {
        jeton_native::log_error(warning);
    }
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err("this program is a Lambda function: only Lambda, or a Runtime API in its place, can run it".into());
    }
    // Made once for all requests; no connection is opened and no key derived before the first.
    let stores = Stores::from_env().await?;
    let server = LambdaServer::new(config, stores.into());
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let server = &server;
        async move {
            let invocation = event.context.request_id.parse().ok();
            Ok::<_, Infallible>(respond(server, event.payload.get(), invocation).await)
        }
    }))
    .await
}

/// The answer to an event. Its request is known by the gateway's id, or where the gateway gives none, by
/// that of the invocation.
async fn respond(server: &LambdaServer, event: &str, invocation: Option<RequestId>) -> Answer {
    let began = Instant::now();
    let (gateway, request) = Event::parse(event);
    let response = match request {
        Ok(mut request) => {
            let caller = request.extensions_mut().remove::<Caller>();
            let caller = caller.unwrap_or_default();
            let arrival = Arrival {
                at: jeton_native::now(),
                address: caller.address,
                request_id: caller.request_id.or(invocation),
            };
            let budget = tokio::time::sleep(Duration::from_secs(BUDGET.0));
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
    Answer::new(gateway, response)
}

#[cfg(test)]
mod tests;
