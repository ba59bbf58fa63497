//! The log: one JSON object a line on the console, which Workers keeps (`[observability]`) or
//! streams (`wrangler tail`).

use std::fmt::Display;

use bytes::Bytes;
use jeton::{Audit, UnixTime};
use serde_json::json;
use wasm_bindgen::JsValue;
use web_sys::console;

/// Logs what was decided about one request.
pub(crate) fn request(response: &http::Response<Bytes>, now: UnixTime) {
    if let Some(audit) = response.extensions().get::<Audit>() {
        console::log_1(&JsValue::from(audit.log_line(now)));
    }
}

/// Logs what is not a response of the core: a configuration that is refused (`error`), a request that
/// broke off (`info`).
pub(crate) fn message(level: &'static str, message: &dyn Display, now: UnixTime) {
    let line = json!({ "time": now, "level": level, "message": message.to_string() });
    console::log_1(&JsValue::from(line.to_string()));
}
