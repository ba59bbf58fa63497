//! Exceptions of JavaScript as text for the log.

use wasm_bindgen::{JsCast, JsValue};

/// The text of a thrown value: `TypeError: …` for an `Error`, else the value as the console shows it.
#[must_use]
pub fn describe(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => format!("{thrown:?}"),
    }
}
