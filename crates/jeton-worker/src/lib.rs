//! Jeton on Cloudflare Workers: clients in KV, the ledger in Durable Objects, signatures by
//! WebCrypto. The crate converts and decides nothing; every decision is in `jeton`.

#![cfg(target_arch = "wasm32")]

mod binding;
mod body;
mod convert;
mod log;
mod server;
mod task;

pub use jeton_cloudflare::{GrantObject, RegistryObject};

use http::StatusCode;
use jeton::UnixTime;
use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::{Request, Response};
use worker::Env;

/// The fetch handler. Exported by hand rather than by `worker::event`, whose futures take a detour
/// through `queueMicrotask` at each step: see [`task`].
#[wasm_bindgen]
pub fn fetch(request: Request, env: Env, _context: JsValue) -> Promise {
    let now = now();
    task::promise(now, async move {
        respond(&request, &env, now).await.map(JsValue::from)
    })
}

async fn respond(request: &Request, env: &Env, now: UnixTime) -> Result<Response, JsValue> {
    let response = match server::server(env) {
        Ok(server) => match convert::request(request).await {
            Ok(request) => server.handle(request, now, std::future::pending()).await,
            Err(unreadable) => {
                log::message("info", &unreadable, now);
                // The same status as by a native host's HTTP library.
                convert::error_response(StatusCode::BAD_REQUEST, "invalid_request")
            }
        },
        Err(broken) => {
            log::message("error", &broken, now);
            convert::error_response(StatusCode::INTERNAL_SERVER_ERROR, "server_error")
        }
    };
    log::request(&response, now);
    convert::response(&response)
}

/// The runtime's clock, which stands still while a request computes.
fn now() -> UnixTime {
    // Never negative and far below 2^53.
    UnixTime((js_sys::Date::now() / 1000.0) as u64)
}
