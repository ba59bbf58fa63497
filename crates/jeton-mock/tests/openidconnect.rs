//! The crate `openidconnect` as it is, against the mock in the same process: no socket between
//! them, every byte of HTTP all the same.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use std::{future::Future, pin::Pin};

use bytes::Bytes;
use http::{
    Request,
    header::{COOKIE, LOCATION, SET_COOKIE},
};
use jeton_mock::{ClientSpec, MockProvider};
use openidconnect::{
    AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope,
    TokenResponse,
    core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims},
};
use url::Url;

const ISSUER: &str = "http://localhost:9400";
const CALLBACK: &str = "http://localhost:3000/callback";

struct InProcess(MockProvider);

impl InProcess {
    async fn send(&self, request: Request<Bytes>) -> http::Response<Bytes> {
        self.0.handle(request).await.unwrap()
    }

    /// Follows redirects as a browser would, to the callback.
    async fn browse(&self, url: Url) -> Url {
        let (mut url, mut cookies) = (url, Vec::<String>::new());
        while !url.as_str().starts_with(CALLBACK) {
            let mut request = Request::get(url.as_str());
            if !cookies.is_empty() {
                request = request.header(COOKIE, cookies.join("; "));
            }
            let response = self.send(request.body(Bytes::new()).unwrap()).await;
            for line in response.headers().get_all(SET_COOKIE) {
                let pair = line.to_str().unwrap().split(';').next().unwrap();
                cookies.push(pair.to_owned());
            }
            let location = response.headers().get(LOCATION);
            let location = location.unwrap_or_else(|| panic!("{url}: {:?}", response.body()));
            url = url.join(location.to_str().unwrap()).unwrap();
        }
        url
    }
}

impl<'c> AsyncHttpClient<'c> for InProcess {
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let response = self.send(request.map(Bytes::from)).await;
            Ok(response.map(|body| body.to_vec()))
        })
    }
}

#[tokio::test]
async fn logs_in_refreshes_and_reads_userinfo() {
    let web = ClientSpec::new("web").secret("hush").redirect_uri(CALLBACK);
    let mock = MockProvider::builder().strict().client(web).build();
    let http = InProcess(mock.unwrap());

    let issuer = IssuerUrl::new(ISSUER.to_owned()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &http)
        .await
        .unwrap();
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new("web".to_owned()),
        Some(ClientSecret::new("hush".to_owned())),
    )
    .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("email".to_owned()))
        .add_scope(Scope::new("offline_access".to_owned()))
        .add_extra_param("login_hint", "alice")
        .set_pkce_challenge(challenge)
        .url();
    let back = http.browse(url).await;
    let parameter = |name: &str| {
        let (_, value) = back.query_pairs().find(|(own, _)| own == name).unwrap();
        value.into_owned()
    };
    assert_eq!(parameter("state"), *state.secret());

    let tokens = client
        .exchange_code(AuthorizationCode::new(parameter("code")))
        .unwrap()
        .set_pkce_verifier(verifier)
        .request_async(&http)
        .await
        .unwrap();
    let id_token = tokens.id_token().unwrap();
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, &nonce).unwrap();
    assert_eq!(claims.subject().as_str(), "alice");

    let refreshed = client
        .exchange_refresh_token(tokens.refresh_token().unwrap())
        .unwrap()
        .request_async(&http)
        .await
        .unwrap();
    assert_ne!(
        refreshed.refresh_token().unwrap().secret(),
        tokens.refresh_token().unwrap().secret()
    );
    let info: CoreUserInfoClaims = client
        .user_info(refreshed.access_token().clone(), None)
        .unwrap()
        .request_async(&http)
        .await
        .unwrap();
    assert_eq!(info.email().unwrap().as_str(), "alice@example.com");

    let own = client
        .exchange_client_credentials()
        .unwrap()
        .add_scope(Scope::new("email".to_owned()))
        .request_async(&http)
        .await;
    assert!(own.unwrap().refresh_token().is_none());
}
