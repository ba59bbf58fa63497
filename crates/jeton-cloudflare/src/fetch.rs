//! Requests to servers of others, by the runtime's `fetch`.
//!
//! A Worker cannot resolve a name before the request. The core checks the URL; where its name leads is
//! left to the platform, which has no private network unless one is bound to the Worker. The
//! compatibility flag `global_fetch_strictly_public` in `wrangler.toml` keeps requests from going past
//! the front of the Worker's own zone.

use core::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use jeton::{Arriving, Fetch, Fetched, LONGEST_HEAD, MOST_HEADERS, Outgoing, Unreachable};
use js_sys::{Array, JsString, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    AbortSignal, Headers, ReadableStream, ReadableStreamDefaultReader, RequestCache, RequestInit,
    RequestRedirect, Response, WorkerGlobalScope,
};

use crate::settled::settled;

/// [`Fetch`] by the runtime. A request that is dropped ends by its deadline.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkerFetch;

impl Fetch for WorkerFetch {
    async fn send(&self, request: &Outgoing) -> Result<Fetched, Unreachable> {
        // Not a timer beside the request: the promise that nobody waits for any more would call
        // functions that are gone.
        let deadline = AbortSignal::timeout_with_u32(milliseconds(request.deadline));
        exchange(request, &deadline).await.map_err(|end| match end {
            End::Refused(reason) => reason,
            End::Thrown(_) if deadline.aborted() => Unreachable::TooSlow,
            End::Thrown(step) => Unreachable::ConnectionFailed(step),
        })
    }
}

/// Why an exchange has no answer.
enum End {
    /// The answer was refused.
    Refused(Unreachable),
    /// The runtime threw at this step. What it threw is dropped: it may quote the other server.
    Thrown(&'static str),
}

impl From<Unreachable> for End {
    fn from(reason: Unreachable) -> Self {
        Self::Refused(reason)
    }
}

fn thrown(step: &'static str) -> impl Fn(JsValue) -> End {
    move |_| End::Thrown(step)
}

async fn exchange(request: &Outgoing, deadline: &AbortSignal) -> Result<Fetched, End> {
    let init = request_init(request, deadline).map_err(thrown("not a request"))?;
    let runtime: WorkerGlobalScope = js_sys::global().unchecked_into();
    let promise = runtime.fetch_with_str_and_init(request.url.as_str(), &init);
    let response: Response = settled(promise).await.map_err(thrown("no answer"))?;
    let body = response.body();
    let answer = read_answer(request, &response, body.as_ref()).await;
    if answer.is_err()
        && let Some(body) = body
    {
        // Of a stream that has failed or ended nothing is left to cancel.
        let _ = settled::<JsValue>(body.cancel()).await;
    }
    answer
}

fn request_init(request: &Outgoing, deadline: &AbortSignal) -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.append(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))?;
    }
    let init = RequestInit::new();
    init.set_method(request.method.as_str());
    init.set_headers_headers(&headers);
    if !request.body.is_empty() {
        init.set_body_opt_u8_array(Some(&Uint8Array::from(request.body.as_ref())));
    }
    init.set_cache(RequestCache::NoStore);
    // "error" is refused by the runtime.
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(deadline));
    Ok(init)
}

async fn read_answer(
    request: &Outgoing,
    response: &Response,
    body: Option<&ReadableStream>,
) -> Result<Fetched, End> {
    let status = StatusCode::from_u16(response.status())
        .map_err(|_| Unreachable::ConnectionFailed("no status"))?;
    let headers = headers(response)?;
    let mut arriving = Arriving::begin(request, status, headers)?;
    let Some(body) = body else {
        return Ok(arriving.end());
    };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let answer = loop {
        match next_part(&reader).await {
            Ok(Some(part)) => {
                if let Err(reason) = arriving.push(&part) {
                    break Err(End::Refused(reason));
                }
            }
            Ok(None) => break Ok(arriving.end()),
            Err(_) => break Err(End::Thrown("broken off")),
        }
    };
    reader.release_lock();
    answer
}

/// The next part of a body; `None` at its end.
async fn next_part(reader: &ReadableStreamDefaultReader) -> Result<Option<Vec<u8>>, JsValue> {
    let step: JsValue = settled(reader.read()).await?;
    if Reflect::get(&step, &JsString::from("done"))?.is_truthy() {
        return Ok(None);
    }
    let part: Uint8Array = Reflect::get(&step, &JsString::from("value"))?.unchecked_into();
    Ok(Some(part.to_vec()))
}

/// The headers of the answer that the core reads; the others are counted. Without the length of an encoded body:
/// the runtime has decoded it.
fn headers(response: &Response) -> Result<HeaderMap, End> {
    let unreadable = thrown("headers that cannot be read");
    let all = response.headers();
    let (mut count, mut length) = (0, 0);
    for entry in js_sys::try_iter(&all)
        .map_err(&unreadable)?
        .into_iter()
        .flatten()
    {
        let entry: Array = entry.map_err(&unreadable)?.unchecked_into();
        count += 1;
        for text in entry.iter() {
            length += text.unchecked_into::<JsString>().length() as usize;
        }
    }
    if count > MOST_HEADERS || length > LONGEST_HEAD {
        return Err(Unreachable::TooLarge.into());
    }
    let mut headers = HeaderMap::new();
    let is_encoded = all
        .has(header::CONTENT_ENCODING.as_str())
        .map_err(&unreadable)?;
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        let value = all.get(name.as_str()).map_err(&unreadable)?;
        let value = value.and_then(|value| HeaderValue::try_from(value).ok());
        if let Some(value) = value.filter(|_| name != header::CONTENT_LENGTH || !is_encoded) {
            headers.insert(name, value);
        }
    }
    Ok(headers)
}

fn milliseconds(length: Duration) -> u32 {
    u32::try_from(length.as_millis()).unwrap_or(u32::MAX)
}
