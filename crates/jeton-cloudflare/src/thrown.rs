//! What JavaScript threw, as text for the log.

use wasm_bindgen::{JsCast, JsValue};

/// `TypeError: …` of an `Error`, else the value as the console would show it.
#[must_use]
pub fn describe(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => format!("{thrown:?}"),
    }
}
