//! Jeton on Cloudflare Workers: clients in KV, the ledger in Durable Objects, signatures by
//! WebCrypto. The crate converts and decides nothing; every decision is in `jeton`.

#![cfg(target_arch = "wasm32")]

mod binding;
mod body;
mod convert;
mod log;
mod server;

pub use jeton_cloudflare::{GrantObject, RegistryObject};

use std::time::Duration;

use bytes::Bytes;
use jeton::{Arrival, Moment, Seconds, SecretUse, UnixTime};
use jeton_cloudflare::task;
use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::{Headers, Request, Response};
use worker::{Env, worker_sys::Context};

use crate::{convert::Unreadable, server::Server};

/// The fetch handler. Exported by hand rather than by `worker::event`, whose futures take a detour
/// through `queueMicrotask` at each step: see [`task`].
#[wasm_bindgen]
pub fn fetch(request: Request, env: Env, context: Context) -> Promise {
    let began = log::moment();
    task::promise(seconds(began), async move {
        respond(&request, &env, &context, began)
            .await
            .map(JsValue::from)
    })
}

async fn respond(
    request: &Request,
    env: &Env,
    context: &Context,
    began: Moment,
) -> Result<Response, JsValue> {
    // The platform's word: it replaces what a client sends by these names.
    let headers = request.headers();
    let address = headers.get("cf-connecting-ip")?;
    let request_id = headers.get("cf-ray")?;
    let request = convert::request(request).await;
    let arrival = Arrival {
        // Not before: a body may have been held back.
        at: seconds(log::moment()),
        address: address.and_then(|address| address.parse().ok()),
        request_id: request_id.and_then(|id| id.parse().ok()),
    };
    let at = arrival.at;
    let response = match (server::server(env), request) {
        (Ok(server), Ok(request)) => {
            let budget = |time: Seconds| task::sleep(Duration::from_secs(time.0));
            let mut response = server.handle(request, arrival, budget).await;
            if let Some(used) = response.extensions_mut().remove::<SecretUse>() {
                let noted = task::promise(at, async move {
                    server.note(used).await;
                    Ok(JsValue::UNDEFINED)
                });
                let _ = context.wait_until(&noted);
            }
            response
        }
        (Ok(server), Err(unreadable)) => refuse(&server, &unreadable, &headers, arrival)?,
        (Err(broken), _) => broken.response(arrival),
    };
    log::request(&response, began);
    convert::response(&response)
}

/// The answer to a request that could not be converted.
#[inline(never)]
fn refuse(
    server: &Server,
    unreadable: &Unreadable,
    headers: &Headers,
    arrival: Arrival,
) -> Result<http::Response<Bytes>, JsValue> {
    let mut response = unreadable.response();
    let headers = convert::origin(headers)?;
    server.complete(&mut response, &headers, arrival, unreadable.to_string());
    Ok(response)
}

/// The time in whole seconds, by which a request is judged.
fn seconds(moment: Moment) -> UnixTime {
    UnixTime(moment.since_1970.as_secs())
}
