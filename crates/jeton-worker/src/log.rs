//! The log: one JSON object a line on the console, which Workers keeps (`[observability]`) or
//! streams (`wrangler tail`).

use std::time::Duration;

use bytes::Bytes;
use jeton::{Audit, Moment};
use wasm_bindgen::JsValue;
use web_sys::console;

/// Logs what was decided about a request whose head had come by `began`.
///
/// How long that took is what was waited for: the runtime's clock stands still while a request computes.
pub(crate) fn request(response: &http::Response<Bytes>, began: Moment) {
    if let Some(audit) = response.extensions().get::<Audit>() {
        let now = moment();
        let took = now.since_1970.saturating_sub(began.since_1970);
        console::log_1(&JsValue::from(audit.log_line(now, took)));
    }
}

/// Logs what belongs to no request: a configuration that nobody should trust.
pub(crate) fn error(message: &str) {
    console::log_1(&JsValue::from(moment().error_line(message)));
}

/// The time by the runtime's clock.
pub(crate) fn moment() -> Moment {
    // Never negative and far below 2^53.
    Moment {
        since_1970: Duration::from_millis(js_sys::Date::now() as u64),
    }
}
