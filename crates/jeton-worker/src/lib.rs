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
use jeton::{BUDGET, UnixTime};
use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::{Request, Response};
use worker::Env;

/// The fetch handler. Exported by hand rather than by `worker::event`, whose futures take a detour
/// through `queueMicrotask` at each step: see [`task`].
#[wasm_bindgen]
pub fn fetch(request: Request, env: Env, _context: JsValue) -> Promise {
    task::promise(now(), async move {
        respond(&request, &env).await.map(JsValue::from)
    })
}

async fn respond(request: &Request, env: &Env) -> Result<Response, JsValue> {
    let request = convert::request(request).await;
    // Not before: a body may have been held back.
    let now = now();
    let response = match (server::server(env), request) {
        (Ok(server), Ok(request)) => server.handle(request, now, task::sleep(BUDGET)).await,
        (Ok(server), Err(unreadable)) => {
            log::message("info", &unreadable, now);
            let mut response = unreadable.response();
            server.guard(&mut response);
            response
        }
        (Err(broken), _) => {
            log::message("error", &broken, now);
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            convert::error_response(status, "server_error", "the configuration is refused")
        }
    };
    log::request(&response, now);
    convert::response(&response)
}

/// The time by the runtime's clock, which stands still while a request computes.
fn now() -> UnixTime {
    // Never negative and far below 2^53.
    UnixTime((js_sys::Date::now() / 1000.0) as u64)
}
