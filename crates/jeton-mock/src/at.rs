//! Where and when a request is answered.

use std::net::IpAddr;

use bytes::Bytes;
use http::{Request, Response};
use jeton::{Arrival, RequestId, UnixTime};

use crate::{
    address::{Address, with_path},
    forge::Forge,
    issuer::{Issuer, Served},
    provider::Provider,
};

/// One issuer at one of its addresses, and the time by its clock.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) issuer: &'a Issuer,
    pub(crate) served: &'a Served,
    pub(crate) address: &'a Address,
    pub(crate) now: UnixTime,
}

impl At<'_> {
    /// The server's answer.
    pub(crate) async fn serve(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        // An identifier may have another path than the base that everyone asks.
        if let Some(path) = self.address.path_of_server(request.uri().path()) {
            with_path(request.uri_mut(), &path);
        }
        let arrival = arrival(&request, self.now);
        self.served.answer(request, arrival).await
    }

    /// What signs tokens in the server's place.
    pub(crate) fn forge(&self) -> Forge<'_> {
        Forge {
            config: &self.served.config,
            keys: self.issuer.own_keys(),
            now: self.now,
        }
    }
}

/// The arrival of a request by an issuer's clock, with what its connection has left in its extensions.
pub(crate) fn arrival(request: &Request<Bytes>, at: UnixTime) -> Arrival {
    Arrival {
        at,
        address: request.extensions().get::<IpAddr>().copied(),
        request_id: request.extensions().get::<RequestId>().cloned(),
    }
}
