//! The mock on its socket.

use std::{future::Future, net::IpAddr, sync::Arc, time::Instant};

use bytes::Bytes;
use http::Request;
use jeton_http::{BodyTimedOut, Listening};
use jeton_native::{Log, NativeCrypto, RequestIds};

use crate::provider::Provider;

/// Answers until `shutdown` is ready, and logs each request if there is a log.
pub(crate) async fn run(
    provider: Arc<Provider>,
    listening: Listening,
    shutdown: impl Future<Output = ()>,
    log: Option<Log>,
) {
    let closing = Arc::clone(&provider);
    let shutdown = async move {
        shutdown.await;
        closing.close();
    };
    let ids = RequestIds::new(&NativeCrypto::new()).ok().map(Arc::new);
    let handle = move |mut request: Request<Bytes>, address: Option<IpAddr>| {
        let provider = Arc::clone(&provider);
        let log = log.clone();
        if let Some(address) = address {
            request.extensions_mut().insert(address);
        }
        if let Some(id) = ids.as_ref().and_then(|ids| ids.next_id()) {
            request.extensions_mut().insert(id);
        }
        async move {
            let began = Instant::now();
            provider.unstrip(&mut request);
            let answer = if BodyTimedOut::is_said_of(&request) {
                Ok(provider.refuse_late(&request))
            } else {
                provider.handle(request).await
            };
            if let (Some(log), Ok(response)) = (log, &answer) {
                log.response(response, began);
            }
            answer
        }
    };
    jeton_http::serve(listening, handle, shutdown).await;
}
