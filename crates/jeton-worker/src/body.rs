//! Reading the body of a request, never more of it than the core looks at.

use core::pin::pin;

use bytes::{Bytes, BytesMut};
use jeton::{BODY_LIMIT, apart};
use js_sys::{ArrayBuffer, JsString, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStream, ReadableStreamDefaultReader, Request};

use jeton_cloudflare::settled;

/// A body that the core refuses with 413. It stands for a body whose `Content-Length` says that it is
/// too long, which is not read.
static TOO_LONG: [u8; BODY_LIMIT + 1] = [0; BODY_LIMIT + 1];

/// The body, cut at `BODY_LIMIT + 1` bytes.
pub(crate) async fn read(request: &Request) -> Result<Bytes, JsValue> {
    match length(request) {
        Some(length) if length > BODY_LIMIT => Ok(Bytes::from_static(&TOO_LONG)),
        Some(_) => {
            let buffer: ArrayBuffer = settled(request.array_buffer()?).await?;
            Ok(Bytes::from(Uint8Array::new(&buffer).to_vec()))
        }
        None => match request.body() {
            Some(stream) => apart(pin!(read_stream(&stream))).await,
            None => Ok(Bytes::new()),
        },
    }
}

/// The length by `Content-Length`; the runtime makes sure that the body keeps to it.
fn length(request: &Request) -> Option<usize> {
    request.headers().get("content-length").ok()??.parse().ok()
}

async fn read_stream(stream: &ReadableStream) -> Result<Bytes, JsValue> {
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut body = BytesMut::new();
    loop {
        let step: JsValue = settled(reader.read()).await?;
        if Reflect::get(&step, &JsString::from("done"))?.is_truthy() {
            return Ok(body.freeze());
        }
        let chunk: Uint8Array = Reflect::get(&step, &JsString::from("value"))?.unchecked_into();
        body.extend_from_slice(&chunk.to_vec());
        if body.len() > BODY_LIMIT {
            let _ = reader.cancel();
            body.truncate(BODY_LIMIT + 1);
            return Ok(body.freeze());
        }
    }
}
