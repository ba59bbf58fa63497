//! Jeton on Cloudflare Workers: clients in KV, the ledger in Durable Objects, signatures by
//! WebCrypto. The crate converts and decides nothing; every decision is in `jeton`.

#![cfg(target_arch = "wasm32")]

mod binding;
mod body;
mod convert;
mod crypto;
mod durable;
mod kv;
mod server;
mod thrown;

use jeton::UnixTime;
use worker::{Context, Env, event, web_sys};

#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    _context: Context,
) -> worker::Result<web_sys::Response> {
    let response = match server::server(&env) {
        Ok(server) => match convert::request(&request).await {
            Ok(request) => server.handle(request, now()).await,
            Err(refused) => refused.response(),
        },
        Err(broken) => broken.response(),
    };
    convert::log(&response);
    convert::response(&response)
}

/// The runtime's clock, which stands still while a request computes.
fn now() -> UnixTime {
    // Never negative and far below 2^53.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    UnixTime((js_sys::Date::now() / 1000.0) as u64)
}
