//! Calling a [`GrantObject`] by the name of its method (Workers' RPC), which takes a tenth of a refresh's time
//! less than an HTTP request to it.
//!
//! The runtime lets only classes that derive from its own be called so, and wasm-bindgen exports none that
//! derive from anything. So the module gives the class its parents as it starts, as `worker-build` does for
//! its other targets.

use jeton::{Unavailable, json, within};
use js_sys::{Function, JsString, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::ObjectNamespace;

use crate::{
    GrantObject,
    call::{Answer, Call},
    describe,
    object::unavailable,
    settled, task,
    within::DEADLINE,
};

#[wasm_bindgen(module = "cloudflare:workers")]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = DurableObject)]
    static DURABLE_OBJECT: Function;
}

#[wasm_bindgen]
extern "C" {
    /// A [`GrantObject`], seen from outside.
    type Stub;
    #[wasm_bindgen(method, catch)]
    fn call(this: &Stub, call: &str) -> Result<Promise, JsValue>;
}

/// Makes the class of grant objects one that can be called.
#[wasm_bindgen(start)]
fn derive() -> Result<(), JsValue> {
    // A class can be had of an object alone.
    let object = JsValue::from(GrantObject::new(JsValue::UNDEFINED));
    let own: Object = Reflect::get_prototype_of(&object)?;
    let class: Object = Reflect::get(&own, &JsString::from("constructor"))?.unchecked_into();
    DURABLE_OBJECT.with(|parent| {
        let parents = Reflect::get(parent, &JsString::from("prototype"))?.unchecked_into();
        Reflect::set_prototype_of(&own, &parents)?;
        Reflect::set_prototype_of(&class, parent)?;
        Ok(())
    })
}

/// The answer of the object called `name` to `call`, which is sent once. For use in a task.
pub(crate) async fn ask(
    objects: &ObjectNamespace,
    name: &str,
    call: &Call,
) -> Result<Answer, Unavailable> {
    let call = serde_json::to_string(call).map_err(unavailable)?;
    let stub: Stub = objects.get_by_name(name).map_err(unavailable)?.into_rpc();
    let answering = async { settled::<JsString>(stub.call(&call)?).await };
    let answer = within(task::sleep(DEADLINE), answering)
        .await
        .ok_or_else(|| unavailable("no answer in time"))?
        .map_err(|thrown| unavailable(describe(&thrown)))?;
    match json::read(&String::from(answer)) {
        Ok(Answer::GivenUp) => Err(unavailable("given up")),
        Ok(answer) => Ok(answer),
        Err(error) => Err(unavailable(error)),
    }
}
